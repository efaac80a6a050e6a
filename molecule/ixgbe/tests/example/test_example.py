"""The example inventory as it is, in check mode: the VM is one more of its packet_hosts."""


def test_the_plan_for_the_host_is_what_its_site_and_its_group_say(example, nic):
    said = example("packet_hosts")
    for words in (
        "set sriov_numvfs of enp1s0 (0000:01:00.0) from 0 to 4",
        "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 1 rule, RSS 4; would change",
    ):
        assert words in said
    assert nic.vf_addresses() == []
