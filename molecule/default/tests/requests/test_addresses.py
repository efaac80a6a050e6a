"""MAC addresses that two VFs want of each other, or that another NIC of the host has; `ip` is the judge."""

import re

import pytest

ON = " on enp1s0 (0000:01:00.0)"
OWN = "Remedy: give each function an address of its own."


@pytest.fixture
def rows(guest):
    """Addresses by VF as the PF's driver has them."""
    return lambda: re.findall(r"vf \d+ +link/ether (\S+)", guest.check_output("ip link show enp1s0"))


def test_two_vfs_swap_addresses_in_one_wish_and_the_kernels_own_has_its_new_one(modules, guest, nic, rows):
    """VF 0 is with vfio-pci, VF 2 with igbvf."""
    modules.run("vf", pf="enp1s0", vfs=[{"vf": "all", "mac": "auto"}])
    before = rows()
    wish = [{"vf": 0, "mac": before[2]}, {"vf": 2, "mac": before[0]}]
    result = modules.run("vf", pf="enp1s0", vfs=wish)
    assert not result["failed"], result["msg"]
    assert rows() == before[::-1]
    assert nic.mac(nic.vf_interface(2)) == before[0]
    assert not modules.run("vf", pf="enp1s0", vfs=wish)["changed"]


@pytest.mark.parametrize("module", ["vf", "host"])
def test_the_address_of_the_nic_under_ssh_is_refused_and_no_row_changes(modules, guest, rows, module):
    before, taken = rows(), guest.check_output("cat /sys/class/net/enp2s0/address")
    wish = {"pf": "enp1s0", "vfs": [{"vf": 0, "mac": "02:00:00:00:dd:00"}, {"vf": 1, "mac": taken}]}
    refused = modules.run(module, wish if module == "vf" else {"pfs": [wish]})
    assert refused["msg"] == f"mac: {taken} for VF 1{ON}: enp2s0 (0000:02:00.0) has it too. {OWN}"
    assert rows() == before
