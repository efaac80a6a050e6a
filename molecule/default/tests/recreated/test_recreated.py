"""After recreate: VF 0 is as it was, the others are with the kernel and have their last names; SSH has survived."""

PF = "/sys/bus/pci/devices/0000:01:00.0"


def test_vf_0_is_dpdks_again(guest):
    assert guest.check_output(f"basename $(readlink {PF}/virtfn0/driver)") == "vfio-pci"
    group = guest.check_output(f"basename $(readlink {PF}/virtfn0/iommu_group)")
    assert guest.check_output(f"stat -c %a /dev/vfio/{group}") == "660"


def test_the_other_four_are_with_the_kernel_and_have_their_interfaces(guest):
    drivers = guest.check_output(f"basename -a $(readlink {PF}/virtfn[1-4]/driver)").split()
    assert drivers == ["igbvf"] * 4
    names = guest.check_output(f"ls -d {PF}/virtfn?/net/* | xargs basename -a").split()
    assert names == [f"enp1s0v{index}" for index in range(1, 5)]


def test_the_nic_under_the_ssh_connection_has_a_vf_too(guest):
    assert guest.check_output("cat /sys/class/net/enp2s0/device/sriov_numvfs") == "1"
    assert "10.0.2.15/24" in guest.check_output("ip address show enp2s0")
