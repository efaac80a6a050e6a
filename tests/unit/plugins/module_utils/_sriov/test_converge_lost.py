# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step is refused: what VFs had that were destroyed for it is given to the new ones, or told as commands."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving
from ansible_collections.kernel_bypass.sriov.tests.unit.support import scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.killed import Host
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

from ansible_collections.kernel_bypass.sriov.plugins.modules import host  # isort: skip

NIC = hosts.Nic(**{**scenes.PLACES[0], **scenes.KINDS["82599"]})
ALLOW = ["destroy_vfs", "link_reset"]
NUM_VFS = f"{NIC.address}/sriov_numvfs"
MAC = "02:00:00:00:aa:00"
SOMETHING_ELSE = {"drivers_autoprobe": True}


@pytest.fixture
def there(tmp_path):
    """VF 0 is of user space, VF 1 has an address and a VLAN; rules and a table are somebody's."""
    rules = (scenes.a_rule(80, 1, 3), scenes.a_rule(81, 2**64 - 1, 5))
    attributes = ((1, f"mac {MAC}"), (1, "vlan 7 qos 2"))
    pf = scenes.PfState("82599", NIC, 2, True, None, (3, 1), True, rules, attributes, vfio=True)
    root = tmp_path / "host"
    scenes.start(str(root), scenes.HostState((pf,), 8, True, None))
    return Host(root)


def pfs(**options):
    return [{"pf": "enp1s0", "allow": ALLOW, **options}]


def state(there):
    vf = there.vf(1)
    return vf.mac, vf.vlan, vf.qos, there.driver(NIC.vf(0)), there.rules(), there.kernel.ethtool.rss("enp1s0").table


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (f"{NUM_VFS} 3", False),
        (f"{NUM_VFS} 0", True),
        ("trust on", False),
        ("drivers/vfio-pci/bind", False),
    ],
)
def test_what_they_had_they_have_again(there, words, after):
    before = state(there)
    vfs = [{"vf": 0, "trust": True}]
    refused = there.failing(words, errno.ENOMEM, after=after, pfs=pfs(num_vfs=3, vfs=vfs))
    assert refused["failed"] and refused["changed"], refused
    assert (state(there), refused["lost"]) == (before, []), refused
    assert there.journal() is None, "nothing is missing any more"


def test_it_is_done_and_told(there):
    refused = there.failing(f"{NUM_VFS} 3", errno.ENOMEM, pfs=pfs(num_vfs=3))
    set_again = f"set VF 1 of enp1s0 ({NIC.address}): mac {MAC} (was 02:00:00:00:02:01), vlan 7 (was 0), qos 2 (was 0)"
    assert set_again in refused["done"]
    assert "what they had is given to them again" in refused["msg"]


def test_what_the_request_says_already_is_not_taken_back(there):
    wish = pfs(num_vfs=3, vfs=[{"vf": 1, "vlan": 0, "qos": 0}, {"vf": 0, "driver": "none"}, {"vf": 2, "vlan": 4}])
    refused = there.failing("vf 2 vlan", errno.ENOMEM, pfs=wish)
    assert refused["failed"]
    assert (there.vf(1).mac, there.vf(1).vlan, there.driver(NIC.vf(0))) == (MAC, 0, None)


def without_way_back(there, **behaviour):
    kernel = behaving(there.root, Behaviour(**behaviour))
    return run_module(host, kernel, pfs=pfs(num_vfs=3))


def test_vfs_that_do_not_come_back_are_told_with_all_that_they_had(there):
    refused = without_way_back(there, refuses={3: errno.ENOMEM, 2: errno.ENOMEM})
    base = f"/sys/bus/pci/devices/{NIC.vf(0)}"
    made_up = "ip link set dev enp1s0 vf 0 mac 02:00:00:00:02:00"  # its driver's own, of before
    assert refused["lost"] == [
        f"echo 2 > /sys/bus/pci/devices/{NIC.address}/sriov_numvfs",
        made_up,
        f"echo vfio-pci > {base}/driver_override",
        f"echo {NIC.vf(0)} > /sys/bus/pci/drivers/vfio-pci/bind",
        f"echo > {base}/driver_override",
        f"ip link set dev enp1s0 vf 1 mac {MAC} vlan 7 qos 2 proto 802.1Q",
    ], refused
    assert [each["vf"] for each in there.journal()["vfs"]] == [0, 1]
    assert not there.run(pfs=pfs(num_vfs=2))["failed"]
    assert (there.vf(1).mac, there.vf(1).vlan, there.driver(NIC.vf(0))) == (MAC, 7, "vfio-pci")


def test_what_they_do_not_take_back_is_told(there):
    before = state(there)
    refused = without_way_back(there, refuses={3: errno.ENOMEM}, probe_errors={"vfio-pci": errno.EBUSY})
    assert refused["lost"][:2] == [
        f"echo {NIC.vf(0)} > /sys/bus/pci/devices/{NIC.vf(0)}/driver/unbind",
        f"echo vfio-pci > /sys/bus/pci/devices/{NIC.vf(0)}/driver_override",
    ]
    assert (there.vf(1).mac, there.vf(1).vlan) == (MAC, 7), "that is done all the same"
    assert there.journal()["vfs"] == [{"vf": 0, "said": {"driver": "vfio-pci"}}]
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert (state(there), there.journal()) == (before, None)


def test_a_vf_that_keeps_its_driver_has_its_link_again(there):
    """It was unbound, and bound again: the interface is a new one."""
    there.kernel.link.set_up("enp1s0v1", True)
    there.kernel.link.set_mtu("enp1s0v1", 1400)
    refused = there.failing("vfio-pci/bind", errno.EBUSY, pfs=pfs(vfs=[{"vf": 1, "driver": "vfio-pci"}]))
    (link,) = (each for each in there.kernel.link.interfaces() if each["ifname"] == "enp1s0v1")
    assert refused["failed"] and (link["mtu"], "UP" in link["flags"]) == (1400, True), refused
    assert (refused["lost"], there.journal(), there.driver(NIC.vf(1))) == ([], None, "ixgbevf")


def test_what_people_do_after_a_failure_stays(there):
    assert there.failing(f"{NUM_VFS} 3", errno.ENOMEM, pfs=pfs(num_vfs=3))["failed"]
    there.kernel.run(["ip", "link", "set", "dev", "enp1s0", "vf", "1", "vlan", "200"])
    there.kernel.ethtool.delete_rule("enp1s0", 5)
    assert not there.run(pfs=pfs(**SOMETHING_ELSE))["failed"]
    assert (there.vf(1).vlan, there.rules()) == (200, [3])


def refuse(*_given):
    raise KernelRefused("cannot write it", errno=errno.ENOSPC)


def test_a_journal_that_cannot_be_removed_is_told(there, monkeypatch):
    monkeypatch.setattr(Files, "remove", refuse)
    ended = there.run(pfs=pfs(num_vfs=3))
    assert (ended["failed"], ended["changed"]) == (False, True)
    assert "what was noted on the way is left: cannot write it" in str(ended["warnings"])
    assert len(there.kernel.pci.virtual_functions(NIC.address)) == 3
