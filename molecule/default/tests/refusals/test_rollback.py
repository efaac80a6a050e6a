"""What a failing step leaves: the state before it."""

import pytest

ALIAS = "/etc/modprobe.d/stranger.conf"
STRANGER = {"pf": "enp1s0", "vf": 1, "driver": "virtio-pci"}


@pytest.fixture
def said_to_fit(guest):
    """Somebody's configuration that says virtio-pci is for VFs of this card."""
    guest.check_output(f"echo 'alias pci:v00008086d000010CA* virtio_pci' > {ALIAS}")
    yield
    guest.check_output(f"rm {ALIAS}")


def test_a_driver_for_other_devices_is_refused(guest, modules):
    result = modules.run("pci_driver", **STRANGER)
    assert result["failed"] and result["done"] == [] and "virtio-pci is not for this device" in result["msg"]


def test_a_bind_that_fails_puts_the_old_driver_back(guest, modules, said_to_fit):
    """The driver is told to take the VF, and its probe then finds that it is none of its devices."""
    result = modules.run("pci_driver", **STRANGER)
    assert result["failed"] and "it is back with igbvf" in result["msg"]
    assert "Kernel driver in use: igbvf" in guest.check_output("lspci -k -s 01:10.2")
