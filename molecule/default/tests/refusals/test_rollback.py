"""What a failing step leaves: the state before it."""


def test_a_bind_that_fails_puts_the_old_driver_back(guest, modules):
    """virtio-pci can be told to take the VF, and its probe then finds that it is none of its devices."""
    result = modules.run("pci_driver", pf="enp1s0", vf=1, driver="virtio-pci")
    assert result["failed"] and "it is back with igbvf" in result["msg"]
    assert "Kernel driver in use: igbvf" in guest.check_output("lspci -k -s 01:10.2")
