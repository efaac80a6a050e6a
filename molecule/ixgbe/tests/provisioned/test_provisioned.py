"""After converge: the PF in the kernel, VF 0 with DPDK, VF 1 with ixgbevf."""


def test_the_pf_has_probed_and_is_up_at_ten_gigabit(guest, nic):
    nic.wait_for_carrier([nic.interface])
    assert guest.check_output(f"basename $(readlink {nic.device}/driver)") == "ixgbe"
    said = guest.check_output("ethtool enp1s0")
    assert "Speed: 10000Mb/s" in said
    assert "Link detected: yes" in said


def test_the_vfs_are_where_the_pf_says_and_have_the_drivers_that_were_asked_for(guest, nic):
    assert nic.vf_addresses() == ["0000:01:10.0", "0000:01:10.2"]
    assert "Kernel driver in use: vfio-pci" in guest.check_output("lspci -k -s 01:10.0")
    assert "Kernel driver in use: ixgbevf" in guest.check_output("lspci -k -s 01:10.2")
    groups = guest.check_output(f"basename -a $(readlink {nic.device}/virtfn?/iommu_group)").split()
    assert len(set(groups)) == 2
