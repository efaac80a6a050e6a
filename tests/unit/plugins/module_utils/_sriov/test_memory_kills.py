# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run is killed, and another one with another wish, or another fault, comes before the wish is reached."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import pci_driver
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.support import scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.killed import Host

NIC = hosts.Nic(**{**scenes.PLACES[0], **scenes.KINDS["82599"]})
ALLOW = ["destroy_vfs", "link_reset"]
NUM_VFS = f"{NIC.address}/sriov_numvfs"
MAC = "02:00:00:00:aa:00"
SOMETHING_ELSE = {"drivers_autoprobe": True}


def start(tmp_path, **state):
    rules = (scenes.a_rule(80, 1, 3), scenes.a_rule(81, 2**64 - 1, 5))
    found = {"num_vfs": 2, "weights": (3, 1), "ntuple": True, "rules": rules}
    found["attributes"] = ((1, f"mac {MAC}"), (1, "vlan 7 qos 2"))
    pf = scenes.PfState("82599", NIC, **{**found, **state})
    root = tmp_path / "host"
    scenes.start(str(root), scenes.HostState((pf,), 8, True, None))
    return Host(root)


@pytest.fixture
def there(tmp_path):
    return start(tmp_path)


def pfs(**options):
    return [{"pf": "enp1s0", "allow": ALLOW, **options}]


@pytest.mark.parametrize(("words", "what"), [("ioctl enp1s0 0x2e", "flow rules"), ("ioctl enp1s0 0x46", "RSS table")])
def test_what_cannot_be_seen_missing_is_not_forgotten(there, words, what):
    table = there.kernel.ethtool.rss("enp1s0").table
    there.killed(f"{NUM_VFS} 3", pfs=pfs(num_vfs=3))
    refused = there.failing(words, errno.EIO, pfs=pfs(**SOMETHING_ELSE))
    assert refused["failed"] and f"its {what} cannot be put back" in refused["msg"], refused
    assert there.journal()["rules"] and there.journal()["table"]
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert (there.rules(), there.kernel.ethtool.rss("enp1s0").table) == ([3, 5], table)
    assert there.journal() is None


def test_what_vfs_had_that_are_not_there_yet_is_kept_until_they_are(there):
    there.killed(f"{NUM_VFS} 0", pfs=pfs(num_vfs=3))
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert [each["vf"] for each in there.journal()["vfs"]] == [1]
    assert (there.rules(), there.journal()["rules"]) == ([3, 5], [])
    assert not there.run(pfs=pfs(num_vfs=3))["failed"]
    assert (there.vf(1).mac, there.vf(1).vlan, there.vf(1).qos) == (MAC, 7, 2)
    assert there.journal() is None


def test_a_request_without_them_ends_it(there):
    there.killed(f"{NUM_VFS} 0", pfs=pfs(num_vfs=3))
    assert not there.run(pfs=pfs(num_vfs=0))["failed"]
    assert there.journal() is None


def test_a_second_kill_in_another_run_forgets_nothing_either(there):
    there.killed(f"{NUM_VFS} 0", pfs=pfs(num_vfs=3))
    there.killed("ioctl enp1s0 0x32", pfs=pfs(**SOMETHING_ELSE))
    assert [each["vf"] for each in there.journal()["vfs"]] == [1]


def test_an_address_that_is_not_known_is_no_other_card(there):
    """Its interface is in another network namespace: nothing is read by it, and it has no address."""
    there.killed(f"{NUM_VFS} 0", pfs=pfs(num_vfs=3))
    noted = there.journal()
    path = there.kernel.sysfs.path(f"/sys/bus/pci/devices/{NIC.address}/net")
    os.rename(path, f"{path}.away")
    away = there.run(pfs=[{"pf": NIC.address, "allow": ALLOW, "drivers_autoprobe": False}])
    assert not away["failed"], away
    os.rename(f"{path}.away", path)
    assert there.journal() == noted


def test_what_somebody_sets_after_a_kill_stays(there):
    there.killed(f"{NUM_VFS} 3", pfs=pfs(num_vfs=3))
    there.kernel.run(["ip", "link", "set", "dev", "enp1s0", "vf", "1", "vlan", "200"])
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert (there.vf(1).mac, there.vf(1).vlan, there.vf(1).qos) == (MAC, 200, 0)


@pytest.mark.parametrize("where", ["driver_override vfio-pci", "/unbind", "vfio-pci/bind"])
def test_a_vf_between_two_drivers_gets_its_own_back_and_no_name_is_left(there, where):
    wish = pfs(vfs=[{"vf": 0, "driver": "vfio-pci"}])
    there.killed(where, pfs=wish)
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    driver = "vfio-pci" if where == "vfio-pci/bind" else "ixgbevf"
    assert (there.driver(NIC.vf(0)), there.override(NIC.vf(0)), there.journal()) == (driver, None, None)


@pytest.mark.parametrize("where", ["driver_override vfio-pci", "/unbind"])
def test_so_it_is_after_module_pci_driver(there, where):
    there.kernel.link.set_up("enp1s0v0", True)
    there.kernel.link.set_mtu("enp1s0v0", 1400)
    there.killed(where, module=pci_driver, devices=[NIC.vf(0)], driver="vfio-pci")
    said = {"driver": "ixgbevf", "mtu": 1400, "up": True}
    assert there.journal()["vfs"] == [{"vf": 0, "said": said, "to": "vfio-pci"}]
    assert there.journal()["perm_mac"] == NIC.mac
    other = there.run(module=pci_driver, devices=[NIC.vf(1)], driver="none")
    assert "did not come to its end" in str(other["warnings"])
    assert there.journal()
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert (there.driver(NIC.vf(0)), there.override(NIC.vf(0)), there.journal()) == ("ixgbevf", None, None)
    (link,) = (each for each in there.kernel.link.interfaces() if each["ifname"] == "enp1s0v0")
    assert link["mtu"] == 1400 and "UP" in link["flags"]


def test_a_run_of_module_pci_driver_that_ends_owes_nothing(there):
    assert not there.run(module=pci_driver, devices=[NIC.vf(0)], driver="vfio-pci")["failed"]
    assert there.journal() is None


def test_no_driver_is_what_it_has_then_also_where_a_name_is_left(there):
    """Killed after the bind, before the name was cleared; what it had is not given to it in the next run either."""
    wish = {"vf": 1, "driver": "vfio-pci"}
    there.killed("vfio-pci/bind", pfs=pfs(vfs=[wish]))
    assert there.override(NIC.vf(1)) == "vfio-pci"
    ended = there.run(pfs=pfs(vfs=[{**wish, "driver": "none"}]))
    assert not ended["failed"], ended
    assert (there.driver(NIC.vf(1)), there.override(NIC.vf(1)), there.journal()) == (None, None, None)
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert there.driver(NIC.vf(1)) is None
