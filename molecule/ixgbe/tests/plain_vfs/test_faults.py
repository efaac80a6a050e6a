"""What a lost link and a silent mailbox do to the drivers, and that it passes."""

from lab import frames, traffic


def test_a_lost_link_takes_every_carrier_and_all_of_it_comes_back(vm, nic):
    names = [nic.interface, *(nic.vf_interface(index) for index in range(4))]
    nic.set_up(names)
    vm.control(0, {"cmd": "link", "up": False})
    try:
        nic.wait_for_carrier(names, carrier=False)
    finally:
        vm.control(0, {"cmd": "link", "up": True})
    nic.wait_for_carrier(names)
    macs = {name: nic.mac(name) for name in names}
    with vm.wire(0) as wire, traffic.Reader(vm, names) as reader:
        for number in range(20):
            wire.send_many([frames.numbered(number, dst_mac=mac) for mac in macs.values()], 0.002)
        seen = reader.stop()
    for name in names:
        assert [(frame.number, frame.dst_mac) for frame in seen[name]] == [(n, macs[name]) for n in range(20)]


def test_a_vf_whose_mailbox_is_silent_gets_nothing_done_harms_no_other_and_recovers(guest, vm, nic):
    silent, other = nic.vf_interface(1), nic.vf_interface(2)
    before = nic.mac(silent)
    vm.control(0, {"cmd": "fault", "silent_vfs": [1]})
    try:
        assert "Operation not permitted" in guest.run(f"ip link set {silent} address 02:00:00:00:bb:01").stderr
        # ixgbevf gives its PF a second to answer, and a slow machine may take it: it asks again once it was reset.
        guest.check_output(
            f"for try in 1 2 3; do ip link set {other} address 02:00:00:00:bb:02 && exit;"
            f" ip link set {other} down; ip link set {other} up; done; exit 1"
        )
    finally:
        vm.control(0, {"cmd": "heal"})
    assert (nic.mac(silent), nic.mac(other)) == (before, "02:00:00:00:bb:02")
    # The driver asks its PF for nothing more until it resets the VF.
    guest.check_output(f"ip link set {silent} down && ip link set {silent} up")
    guest.check_output(f"ip link set {silent} address 02:00:00:00:bb:01")
    nic.wait_for_carrier([nic.interface, silent])
