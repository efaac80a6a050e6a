"""MAC addresses that two VFs want of each other, or that others on the host have; `ip` and frames are the judges."""

import re

import pytest
from lab import frames, traffic

ON = " on enp1s0 (0000:01:00.0)"
OWN = "Remedy: give each function an address of its own."


@pytest.fixture
def rows(guest):
    """Addresses by VF as the PF's driver has them."""
    return lambda: re.findall(r"vf \d+ +link/ether (\S+)", guest.check_output("ip link show enp1s0"))


def test_two_vfs_that_swap_addresses_in_one_wish_get_each_others_frames(modules, vm, nic, rows):
    names = [nic.vf_interface(index) for index in range(2)]
    before = rows()
    wish = [{"vf": 0, "mac": before[1]}, {"vf": 1, "mac": before[0]}]
    result = modules.run("vf", pf="enp1s0", vfs=wish)
    assert not result["failed"], result["msg"]
    assert rows()[:2] == before[1::-1]
    names = [nic.vf_interface(index) for index in range(2)]
    assert [nic.mac(name) for name in names] == before[1::-1]
    nic.set_up([nic.interface, *names])
    with vm.wire(0) as wire, traffic.Reader(vm, [nic.interface, *names]) as reader:
        wire.send_many((frames.numbered(number, dst_mac=before[number % 2]) for number in range(100)), 0.002)
        seen = reader.stop()
    got = {name: [frame.number for frame in seen[name]] for name in seen}
    assert got == {nic.interface: [], names[0]: list(range(1, 100, 2)), names[1]: list(range(0, 100, 2))}
    assert not modules.run("vf", pf="enp1s0", vfs=wish)["changed"]


def test_the_address_of_the_management_nic_is_refused_and_no_row_changes(modules, guest, rows):
    before, taken = rows(), guest.check_output("cat /sys/class/net/enp0s2/address")
    refused = modules.run("vf", pf="enp1s0", vfs=[{"vf": 0, "mac": "02:00:00:00:dd:00"}, {"vf": 1, "mac": taken}])
    assert refused["msg"] == f"mac: {taken} for VF 1{ON}: enp0s2 (0000:00:02.0) has it too. {OWN}"
    assert rows() == before
