"""Without VFs again: a plain NIC that passes its own test and survives its driver's reload."""

import pytest


def test_no_vf_is_left(guest, nic):
    assert nic.vf_addresses() == []
    assert guest.check_output(f"cat {nic.device}/sriov_numvfs") == "0"


def test_the_module_in_its_cage_can_be_read(guest, nic):
    nic.wait_for_carrier([nic.interface])
    assert "10G Base-SR" in guest.check_output("ethtool -m enp1s0")


def test_the_card_passes_the_drivers_own_test(guest, nic):
    said = guest.check_output("ethtool -t enp1s0 offline")
    assert "The test result is PASS" in said
    nic.wait_for_carrier([nic.interface])


def test_both_drivers_can_be_unloaded_and_loaded_again(guest, nic):
    nic.set_num_vfs(2, autoprobe=True)
    guest.check_output("modprobe -r ixgbevf")
    assert guest.run(f"ls {nic.device}/virtfn0/driver").failed
    guest.check_output("modprobe ixgbevf && udevadm settle")
    names = [nic.vf_interface(index) for index in range(2)]
    nic.set_up([nic.interface, *names])
    guest.check_output("modprobe -r ixgbe")
    assert nic.vf_addresses() == []
    assert guest.run("ip link show enp1s0").failed
    guest.check_output("modprobe ixgbe && udevadm settle")
    nic.set_up([nic.interface])


@pytest.mark.parametrize("words", ["Call Trace", "NETDEV WATCHDOG", "Detected Tx Unit Hang", "DMAR: \\[DMA"])
def test_the_kernel_has_nothing_to_complain_of(guest, words):
    assert guest.run(f"dmesg | grep -A 3 '{words}'").stdout == ""
