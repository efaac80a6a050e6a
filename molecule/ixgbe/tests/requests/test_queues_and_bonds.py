"""Users of queues and of VFs that are not cut off: AF_XDP on a queue of the PF, and a bond of trusted VFs.

(Each kind of user of a VF: tests/modules/test_users.py.)
"""

import contextlib
import re
from pathlib import Path

import pytest
from lab import xdp_guest

LABEL = "enp1s0 (0000:01:00.0)"


def said(text):
    return re.sub(r"process \d+", "process PID", text)


@pytest.fixture
def holders(modules):
    """Those of a VF, or of the PF, in module info's words."""

    def find(vf=None):
        pf = modules.run("info", pf="enp1s0")["pfs"][0]
        return [said(text) for text in (pf if vf is None else pf["vfs"][vf])["holders"]]

    return find


@pytest.fixture
def program(guest):
    """Runs a program in the guest until the end of a block."""

    @contextlib.contextmanager
    def run(command, until):
        unit = f"systemd-run --quiet --collect --unit=user -p StandardOutput=file:/run/user.log {command}"
        guest.check_output(f"{unit} && timeout 60 sh -c 'until {until}; do sleep 0.3; done'")
        try:
            yield
        finally:
            guest.check_output("systemctl stop user")

    return run


@pytest.fixture
def xdp_socket(vm, program):
    """An AF_XDP socket on a queue of an interface."""
    vm.ssh(["tee", "/run/xdp_guest.py"], stdin=Path(xdp_guest.__file__).read_text())
    return lambda name, queue: program(
        f"/usr/bin/python3 /run/xdp_guest.py {name} {queue}", f'ss --xdp | grep -q "{name}:q{queue} "'
    )


@pytest.fixture
def table(guest):
    """A table that is not the driver's own; afterwards it is."""
    guest.check_output("ethtool -X enp1s0 weight 1 1 2 0")
    yield
    guest.check_output("ethtool -L enp1s0 combined 4; ethtool -X enp1s0 default")


def test_channels_below_an_af_xdp_sockets_queue_are_refused_and_the_table_is_as_it_was(
    modules, guest, nic, holders, xdp_socket, table
):
    before = guest.check_output("ethtool -l enp1s0; ethtool -x enp1s0")
    with xdp_socket("enp1s0", 3):
        assert guest.run("ethtool -L enp1s0 combined 2").failed, "the kernel does not take it"
        assert holders() == ["process PID (python3) has an AF_XDP socket on queue 3 of enp1s0"]
        refused = modules.run("rss", pf="enp1s0", channels=2, default=True)
        assert said(refused["msg"]) == (
            f"channels: cannot set 2 combined channels on {LABEL}: process PID (python3) has an AF_XDP socket on queue "
            "3 of enp1s0. Remedy: end the program first."
        )
        assert guest.check_output("ethtool -l enp1s0; ethtool -x enp1s0") == before
    done = modules.run("rss", pf="enp1s0", channels=4, default=True)
    assert not done["failed"], done["msg"]


@pytest.fixture
def bond(guest, nic):
    """A bond of VF 0 and VF 1, made twice: in between their driver takes the bond's address for the permanent one."""
    names = [nic.vf_interface(index) for index in range(2)]
    ports = " && ".join(f"ip link set {name} down && ip link set {name} master bond7" for name in names)
    make = f"ip link add bond7 type bond mode active-backup && {ports} && ip link set bond7 up"

    def create():
        guest.run("ip link delete bond7")
        guest.check_output(make)
        nic.wait_for_carrier(names)
        return names

    yield create
    guest.check_output("ip link delete bond7")


@pytest.mark.parametrize("times", [1, 2])
def test_trusted_vfs_in_a_bond_are_as_asked_for_and_stay_in_it(modules, guest, bond, times):
    wish = {"pfs": [{"pf": "enp1s0", "vfs": [{"vf": "0-1", "mac": "auto", "trust": True, "driver": "default"}]}]}
    assert not modules.run("host", wish)["failed"]
    for _time in range(times):
        names = bond()
    show = "; ".join(
        f"ip -d link show {name} | grep -o 'link/ether.*brd\\|master bond7\\|perm_hwaddr [0-9a-f:]*'" for name in names
    )
    before = guest.check_output(f"{show}; ip link show enp1s0 | grep -o 'vf .*brd'")
    assert before.count("master bond7") == 2
    for allow in ([], ["in_use"]):
        result = modules.run("host", wish, allow=allow)
        assert (result["failed"], result["changed"]) == (False, False), result
    assert guest.check_output(f"{show}; ip link show enp1s0 | grep -o 'vf .*brd'") == before


def test_another_address_for_a_vf_in_a_bond_is_no_silent_success(modules, bond):
    bond()
    wish = {"pfs": [{"pf": "enp1s0", "vfs": [{"vf": 1, "mac": "02:00:00:00:ef:01"}]}]}
    refused = modules.run("host", wish)
    assert refused["failed"] and "is a port of bond bond7" in refused["msg"], refused
