"""After the change: VF 1 is with DPDK too and VF 2 with the kernel; VF 0 was not touched."""

PF = "/sys/bus/pci/devices/0000:01:00.0"


def test_the_drivers_have_changed(guest):
    drivers = guest.check_output(f"basename -a $(readlink {PF}/virtfn?/driver)").split()
    assert drivers == ["vfio-pci", "vfio-pci", "igbvf"]


def test_the_vfs_are_the_same_ones_and_vf_0_kept_its_node(guest):
    group = guest.check_output(f"basename $(readlink {PF}/virtfn0/iommu_group)")
    assert guest.check_output(f"cat {PF}/sriov_numvfs") == "3"
    assert guest.check_output(f"stat -c %a /dev/vfio/{group}") == "660"


def test_vf_2_has_an_interface_of_its_own(guest):
    name = guest.check_output(f"ls {PF}/virtfn2/net")
    assert "parentdev 0000:01:10.4" in guest.check_output(f"ip -d link show {name}")
