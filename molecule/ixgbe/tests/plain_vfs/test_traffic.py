"""Four VFs with ixgbevf: every frame where it belongs, in both directions, once."""

import pytest
from lab import frames, traffic

VFS = range(4)


@pytest.fixture(scope="module")
def interfaces(nic):
    names = [nic.vf_interface(index) for index in VFS]
    nic.set_up([nic.interface, *names])
    return names


def test_ten_thousand_frames_reach_four_vfs_and_none_is_lost_doubled_or_misdelivered(vm, nic, interfaces):
    macs = [nic.mac(name) for name in interfaces]
    before = nic.counters()
    with vm.wire(0) as wire, traffic.Reader(vm, [nic.interface, *interfaces]) as reader:
        wire.send_many((frames.numbered(n, dst_mac=macs[n % 4]) for n in range(10_000)), 0.0005)
        seen = reader.stop()
    assert seen.pop(nic.interface) == []
    for index, name in enumerate(interfaces):
        expected = [(number, macs[index]) for number in range(index, 10_000, 4)]
        assert sorted((frame.number, frame.dst_mac) for frame in seen[name]) == expected
    assert nic.counters()["rx_pkts_nic"] - before["rx_pkts_nic"] == 10_000


def test_what_the_vfs_and_the_pf_send_comes_out_of_the_wire_and_is_counted(vm, nic, interfaces):
    senders = [nic.interface, *interfaces]
    before = nic.counters()
    with vm.wire(0) as wire:
        for name in senders:
            traffic.send_from_guest(vm, name, 100, dst_mac=frames.DEFAULT_SRC_MAC)
        raw = wire.collect(2)
    seen = [frames.Frame.parse(data) for data in raw]
    for name in senders:
        mac = nic.mac(name)
        assert sorted(frame.number for frame in seen if frame.src_mac == mac) == list(range(100))
    after = nic.counters()
    assert after["tx_pkts_nic"] - before["tx_pkts_nic"] == len(raw) == 500
    # The NIC counts the checksum of each frame, which the wire does not carry.
    assert after["tx_bytes_nic"] - before["tx_bytes_nic"] == sum(len(data) + 4 for data in raw)


def test_a_mac_that_is_set_before_binding_is_the_vfs_own_and_is_where_frames_go(guest, vm, nic, interfaces):
    mac = "02:00:00:00:aa:03"
    guest.check_output(
        f"vf=$(basename $(readlink {nic.device}/virtfn3)); cd /sys/bus/pci/drivers/ixgbevf; echo $vf > unbind;"
        f" ip link set enp1s0 vf 3 mac {mac}; echo $vf > bind; udevadm settle"
    )
    name = nic.vf_interface(3)
    assert nic.mac(name) == mac
    assert f"vf 3     link/ether {mac}" in guest.check_output("ip link show enp1s0")
    nic.set_up([name])
    with vm.wire(0) as wire, traffic.Reader(vm, [nic.interface, *interfaces]) as reader:
        wire.send_many((frames.numbered(number, dst_mac=mac) for number in range(100)), 0.002)
        seen = reader.stop()
    assert {name: len(got) for name, got in seen.items() if got} == {name: 100}
