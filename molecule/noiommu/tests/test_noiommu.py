"""Without IOMMU: nothing of the refused requests was done, and the kernel's own driver works as ever."""


def test_the_vf_is_with_the_kernel(guest):
    assert "Kernel driver in use: igbvf" in guest.check_output("lspci -k -s 01:10.0")


def test_no_module_was_loaded_for_what_was_refused(guest):
    assert guest.run("ls /sys/module/vfio_pci").failed
