"""A PF that somebody uses is not set down unless that is allowed; `ip` is the judge."""

import pytest

LABEL = "enp1s0 (0000:01:00.0)"
DOWN = {"pf": "enp1s0", "up": False}


@pytest.fixture
def up(modules, guest):
    """Whether the PF is up; it is again afterwards, and in nobody's use."""
    yield lambda: "UP" in guest.check_output("ip -br link show enp1s0").split("<")[1]
    guest.run("ip link delete bond7; ip address flush dev enp1s0; ip link set enp1s0 up")


USES = [
    ("ip address add 192.0.2.1/24 dev enp1s0", "enp1s0 has address 192.0.2.1/24"),
    (
        "ip link add bond7 type bond && ip link set enp1s0 down && ip link set enp1s0 master bond7"
        " && ip link set bond7 up",
        "enp1s0 is a port of bond bond7",
    ),
]


@pytest.mark.parametrize(("command", "use"), USES, ids=["an address", "a port of a bond"])
def test_a_pf_in_use_goes_down_only_where_that_is_allowed(modules, guest, up, command, use):
    guest.check_output(command)
    refused = modules.run("pf", DOWN)
    assert refused["msg"] == (
        f"cannot set the PF down on {LABEL}: {use}. "
        "Remedy: release it, or accept that its user loses it: allow: [in_use]."
    )
    assert up()
    result = modules.run("pf", DOWN, allow=["in_use"])
    assert not result["failed"], result["msg"]
    assert not up()
    assert use in result["allowed"][0]
