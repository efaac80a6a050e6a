"""The example inventory as it is, in check mode: the VM is one more of its capture_hosts."""

PF = "/sys/bus/pci/devices/0000:01:00.0"


def test_the_plan_for_the_host_is_what_its_site_and_its_group_say(example, guest):
    said = example("capture_hosts")
    for words in (
        "set sriov_numvfs of enp1s0 (0000:01:00.0) from 0 to 1",
        "trust",
        "to vfio-pci",
        "enp1s0: 1 VF, vfio-pci 1, RSS 2; would change",
    ):
        assert words in said
    assert guest.check_output(f"cat {PF}/sriov_numvfs") == "0"
