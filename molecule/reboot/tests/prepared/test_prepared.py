"""After site, and the one boot that it has done: what the host was prepared for is there."""


def test_the_line_has_what_was_asked_and_somebodys_argument_is_overruled(guest):
    words = guest.check_output("cat /proc/cmdline").split()
    of_iommu = [word for word in words if word.startswith("intel_iommu=")]
    assert of_iommu == ["intel_iommu=off", "intel_iommu=on"]
    assert "isolcpus=managed_irq,domain,1" in words
    assert {"rcu_nocbs=1", "irqaffinity=0"} <= set(words)
    assert guest.check_output("cat /sys/devices/system/cpu/isolated /sys/devices/system/cpu/nohz_full").split() == [
        "1",
        "1",
    ]


def test_every_pf_is_behind_the_iommu(guest):
    for pf in ("0000:01:00.0", "0000:02:00.0"):
        assert guest.check_output(f"cat /sys/bus/pci/devices/{pf}/iommu_group/type").startswith("DMA")


def test_each_node_has_its_hugepages(guest):
    pools = "/sys/devices/system/node/node?/hugepages/hugepages-2048kB/nr_hugepages"
    assert guest.check_output(f"cat {pools}").split() == ["100", "30"]


def test_programs_of_the_group_may_lock_memory(guest):
    assert "memlock" in guest.check_output("cat /etc/security/limits.d/*kernel-bypass-sriov*")
    assert "dpdk" in guest.check_output("id -nG capture").split()
