"""After converge: the PF in the kernel, VF 0 with DPDK, VF 1 with the kernel, VF 2 with nobody; frames reach each."""

from lab.delivery import deliver

PF = "/sys/bus/pci/devices/0000:01:00.0"


def test_the_pf_has_three_vfs_and_is_up_with_its_kernel_driver(guest):
    assert guest.check_output(f"cat {PF}/sriov_numvfs") == "3"
    assert guest.check_output(f"cat {PF}/sriov_drivers_autoprobe") == "0"
    assert guest.check_output(f"basename $(readlink {PF}/driver)") == "igb"
    assert "state UP" in guest.check_output("ip -d link show enp1s0")


def test_lspci_shows_the_drivers_that_were_requested(guest):
    drivers = {address: guest.check_output(f"lspci -k -s {address}") for address in ("01:10.0", "01:10.2", "01:10.4")}
    assert "Kernel driver in use: vfio-pci" in drivers["01:10.0"]
    assert "Kernel driver in use: igbvf" in drivers["01:10.2"]
    assert "Kernel driver in use" not in drivers["01:10.4"]


def test_no_driver_override_is_left_behind(guest):
    assert set(guest.check_output(f"cat {PF}/virtfn*/driver_override").split()) == {"(null)"}


def test_the_vfio_node_has_its_mode_and_the_iommu_group_holds_the_vf_alone(guest):
    group = guest.check_output(f"basename $(readlink {PF}/virtfn0/iommu_group)")
    assert guest.check_output(f"stat -c %a /dev/vfio/{group}") == "660"
    assert guest.check_output(f"ls /sys/kernel/iommu_groups/{group}/devices") == "0000:01:10.0"


def test_frames_reach_dpdk_and_the_kernel_in_the_same_run(guest, vm):
    vf1 = guest.check_output(f"ls {PF}/virtfn1/net")
    guest.check_output(f"ip link set {vf1} up")
    dpdk, pf, kernel_vf = deliver(vm, kernel_interfaces=["enp1s0", vf1], dpdk_addresses=["0000:01:10.0"])
    assert dpdk.received >= 0.99 * dpdk.sent
    assert pf.received == pf.sent
    assert kernel_vf.received == kernel_vf.sent
