"""What users without rights can do to whoever manages the host: nothing."""

import pytest

# A name that makes `ip -j` print invalid JSON, in a namespace of one's own: no right is needed for it.
NAMESPACES = "for n in $(seq 30); do unshare --net sleep 600 & done; wait"
ATTACK = (
    "systemd-run --quiet --unit=attack --property=Type=exec -p User=nobody unshare --user --map-root-user --net sh -c "
    f'\'ip link add "$(printf "a\\033\\042b")" type dummy; {NAMESPACES}\''
)


@pytest.fixture
def attacked(guest):
    guest.check_output(f"{ATTACK}; timeout 30 sh -c 'until test $(pgrep -xc sleep) -ge 30; do sleep 0.3; done'")
    yield
    guest.check_output("systemctl stop attack")


def test_interfaces_of_anybody_s_namespaces_stop_nothing(attacked, modules, others):
    others()
    told = modules.run("info", pf="enp1s0")
    assert not told["failed"], told["msg"]
    assert len(told["pfs"][0]["vfs"]) == 4
    for options in ({"num_vfs": 2, "allow": ["destroy_vfs", "link_reset"]}, {"num_vfs": 0}):
        result = modules.run("host", pfs=[{"pf": "enp1s0", **options}])
        assert not result["failed"], result["msg"]
        assert result["changed"]
