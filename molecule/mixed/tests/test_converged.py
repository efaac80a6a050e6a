"""After converge: two PFs of two drivers as asked for, and between them a port that somebody else has set up."""

import re

import pytest
from lab import frames, traffic
from lab.traffic_guest import GuestNic

VFS = {  # PCI address -> that of its PF, driver
    "0000:01:10.0": ("0000:01:00.0", "ixgbevf"),
    "0000:01:10.1": ("0000:01:00.1", None),
    "0000:01:10.2": ("0000:01:00.0", "vfio-pci"),
    "0000:02:10.0": ("0000:02:00.0", "vfio-pci"),
    "0000:02:10.2": ("0000:02:00.0", "igbvf"),
}


def test_the_port_that_nobody_asked_about_is_as_its_owner_left_it_and_was_never_reset(guest):
    left = guest.check_output("cat /run/port1")
    for word in ("sriov_numvfs:1", "02:00:00:00:bb:00", "Filter: 9", "ntuple-filters: on", "carrier_changes:"):
        assert word in left
    assert guest.check_output("sh /run/show-pf enp1s0f1") == left


def test_every_vf_is_its_own_pfs_and_has_the_driver_that_was_requested(find_vfs):
    assert find_vfs() == VFS


def test_no_two_pfs_and_vfs_of_the_host_have_the_same_address(guest):
    shown = guest.check_output("for pf in enp1s0f0 enp1s0f1 enp2s0; do ip link show $pf; done")
    macs = re.findall(r"link/ether (\S+)", shown)
    assert len(macs) == 3 + len(VFS)
    assert len(set(macs)) == len(macs)


@pytest.fixture(scope="module")
def ports(vm, quiet):
    """The PFs by their wires: port 0, port 1, the 82576; with the interface of a VF of the first and the last."""
    first, second = GuestNic(vm, "enp1s0f0"), GuestNic(vm, "enp1s0f1", "0000:01:00.1")
    third = GuestNic(vm, "enp2s0", "0000:02:00.0")
    names = [first.vf_interface(0), third.vf_interface(1)]
    first.set_up([first.interface, second.interface, third.interface, *names])
    return first, second, third, *names


def test_a_rule_takes_its_flow_to_a_vf_on_its_own_port_and_on_no_other(vm, ports):
    first, second, third, vf, igb_vf = ports
    own = third.mac(igb_vf)
    interfaces = [first.interface, second.interface, third.interface, vf, igb_vf]
    with vm.wire(0) as wire0, vm.wire(1) as wire1, vm.wire(2) as wire2, traffic.Reader(vm, interfaces) as reader:
        for wire, mac in ((wire0, first.mac(first.interface)), (wire1, second.mac(second.interface)), (wire2, own)):
            for port in (frames.TEST_PORT, traffic.OTHER_PORT):
                wire.send_many((frames.numbered(n, dst_mac=mac, dport=port) for n in range(50)), 0.002)
        seen = reader.stop()
    got = {name: [(frame.number, frame.dport) for frame in seen[name]] for name in interfaces}
    steered, other = [[(n, port) for n in range(50)] for port in (frames.TEST_PORT, traffic.OTHER_PORT)]
    assert got == {
        vf: steered,
        first.interface: other,
        second.interface: steered + other,
        third.interface: [],
        igb_vf: steered + other,
    }
