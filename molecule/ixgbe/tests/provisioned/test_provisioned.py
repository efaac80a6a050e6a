"""After converge: the PF in the kernel, VF 0 with DPDK, VF 1 with ixgbevf."""


def test_the_pf_has_probed_and_is_up_at_ten_gigabit(guest, nic):
    nic.wait_for_carrier([nic.interface])
    assert guest.check_output(f"basename $(readlink {nic.device}/driver)") == "ixgbe"
    said = guest.check_output("ethtool enp1s0")
    assert "Speed: 10000Mb/s" in said
    assert "Link detected: yes" in said


def test_the_vfs_are_where_the_pf_says_and_have_the_drivers_that_were_requested(guest, nic):
    assert nic.vf_addresses() == ["0000:01:10.0", "0000:01:10.2"]
    assert "Kernel driver in use: vfio-pci" in guest.check_output("lspci -k -s 01:10.0")
    assert "Kernel driver in use: ixgbevf" in guest.check_output("lspci -k -s 01:10.2")
    groups = guest.check_output(f"basename -a $(readlink {nic.device}/virtfn?/iommu_group)").split()
    assert len(set(groups)) == 2


def test_the_vfs_have_the_attributes_that_were_requested(guest, nic):
    shown = guest.check_output("ip link show enp1s0 | grep ' vf '").splitlines()
    assert "spoof checking off" in shown[0] and "trust off" in shown[0]
    for words in ("link/ether 02:00:00:00:aa:01", "max_tx_rate 1000Mbps", "spoof checking on", "trust on"):
        assert words in shown[1]
    assert nic.mac(nic.vf_interface(1)) == "02:00:00:00:aa:01"


def test_the_rss_table_leaves_queue_3_out(guest, nic):
    assert nic.rss() == (4, {0, 1, 2})


def test_the_rules_are_shown_by_ethtool_as_they_are_meant(guest):
    lines = guest.check_output("ethtool -n enp1s0 | grep -E 'Rule Type|Dest|Action'").split("\n")
    assert [line.strip() for line in lines] == [
        "Rule Type: UDP over IPv4",
        "Dest IP addr: 10.0.0.2 mask: 0.0.0.0",
        "Dest port: 4321 mask: 0x0",
        "Action: Direct to VF 0 queue 0",
        "Rule Type: TCP over IPv4",
        "Dest IP addr: 192.168.254.30 mask: 0.0.0.0",
        "Dest port: 80 mask: 0x0",
        "Action: Direct to VF 0 queue 0",
    ]
