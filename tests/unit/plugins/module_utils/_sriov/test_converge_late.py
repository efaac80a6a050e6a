# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that fails late, or whose host cannot be looked at then: what it has taken is given back, or told."""

from __future__ import annotations

import errno
import json
import os
from types import SimpleNamespace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import change
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply import drivers
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, StillInKernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.blocked import Blocked
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.under_way import UnderWay
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving
from ansible_collections.kernel_bypass.sriov.tests.unit.support import scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.killed import Host
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

from ansible_collections.kernel_bypass.sriov.plugins.modules import host  # isort: skip

NIC = hosts.Nic(**{**scenes.PLACES[0], **scenes.KINDS["82599"]})
ALLOW = ["destroy_vfs", "link_reset"]
MAC = "02:00:00:00:aa:00"
COUNT = f"echo 2 > /sys/bus/pci/devices/{NIC.address}/sriov_numvfs"
ATTRIBUTES = f"ip link set dev enp1s0 vf 0 mac {MAC} vlan 9 qos 0 proto 802.1Q"
REFUSED = {"refuses": {3: errno.ENOMEM}}


@pytest.fixture
def there(tmp_path):
    """VF 0 has an address and a VLAN; rules and a table are somebody's."""
    rules = (scenes.a_rule(80, 1, 3), scenes.a_rule(81, 2**64 - 1, 5))
    attributes = ((0, f"mac {MAC}"), (0, "vlan 9"))
    pf = scenes.PfState("82599", NIC, 2, True, None, (3, 1), True, rules, attributes)
    scenes.start(str(tmp_path / "host"), scenes.HostState((pf,), 8, True, None))
    return Host(tmp_path / "host")


def run(there, kernel, timeout=60, **options):
    return run_module(host, kernel, pfs=[{"pf": "enp1s0", "allow": ALLOW, **options}], timeout=timeout)


def state(there):
    vf = there.vf(0)
    return vf.mac, vf.vlan, there.rules(), there.kernel.ethtool.rss("enp1s0").table


def test_an_interface_that_does_not_come_is_no_device_that_is_locked(there, monkeypatch):
    monkeypatch.setattr(drivers, "PROBED", 0.3)
    before, kernel = state(there), behaving(there.root, Behaviour(no_interface={NIC.vf(1): 99}))
    failed = run(there, kernel, num_vfs=3, vfs=[{"vf": 1, "driver": "default"}])
    assert failed["failure"]["kind"] == "timeout" and "gave no interface" in failed["msg"], failed
    assert (state(there), failed["lost"], there.journal()) == (before, [], None), failed


def test_a_time_that_is_over_between_two_steps_takes_nothing(there, monkeypatch):
    """What must be done all the same has the time after it."""
    before, kernel, now = state(there), behaving(there.root, Behaviour()), [100.0]
    # A clock that goes on by what the run waits for: how busy the machine is must not decide if the time is enough.
    clock = SimpleNamespace(monotonic=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(deadline, "time", clock)
    set_num_vfs = kernel.pci.set_num_vfs

    def slow(address, count, timeout):
        set_num_vfs(address, count, timeout)
        now[0] += 10 if count == 3 else 0

    monkeypatch.setattr(kernel.pci, "set_num_vfs", slow)
    failed = run(there, kernel, 10, num_vfs=3)
    assert failed["msg"].startswith("the time is over: 10 s were left when it began, and this step"), failed
    assert (failed["failure"]["kind"], failed["changed"]) == ("timeout", True)
    assert (state(there), failed["lost"], there.journal()) == (before, [], None), failed


def test_what_is_left_alone_as_the_kernel_is_at_a_write_is_told(there, monkeypatch):
    kernel = behaving(there.root, Behaviour())
    set_num_vfs = kernel.pci.set_num_vfs

    def stuck(address, count, timeout):
        if count:
            raise StillInKernel("the write did not end")
        set_num_vfs(address, count, timeout)

    monkeypatch.setattr(kernel.pci, "set_num_vfs", stuck)
    failed = run(there, kernel, num_vfs=3)
    assert failed["lost"][-2:] == [COUNT, ATTRIBUTES], failed
    assert not there.kernel.pci.virtual_functions(NIC.address), "nothing more is written"
    assert [each["vf"] for each in there.journal()["vfs"]] == [0]
    assert not there.run(pfs=[{"pf": "enp1s0", "allow": ALLOW, "num_vfs": 2}])["failed"]
    assert (state(there)[:2], there.journal()) == ((MAC, 9), None)


def unseen(monkeypatch, times, kind=KernelRefused):
    """The looks after the steps fail, so many times."""
    observe, left = change.observe, [kind("cannot look")] * times

    def look(kernel, *given):
        assert not kernel.refused.files, "what could not be read once may be read by now"
        if left:
            raise left.pop()
        return observe(kernel, *given)

    monkeypatch.setattr(change, "observe", look)


@pytest.mark.parametrize("kind", [KernelRefused, StillInKernel])
def test_what_cannot_be_looked_at_is_told_and_so_is_all_that_may_be_lost(there, monkeypatch, kind):
    unseen(monkeypatch, 2, kind)
    failed = run(there, behaving(there.root, Behaviour(**REFUSED)), num_vfs=3)
    assert "; what is there now could not be looked at (cannot look.)" in failed["msg"], failed
    assert failed["lost"] == [COUNT, ATTRIBUTES]
    assert failed["changed"] and [each["vf"] for each in there.journal()["vfs"]] == [0]
    monkeypatch.undo()
    assert not there.run(pfs=[{"pf": "enp1s0", "allow": ALLOW, "num_vfs": 2}])["failed"]
    assert (state(there)[:2], there.journal()) == ((MAC, 9), None)


def test_of_a_vf_between_two_drivers_too(there, monkeypatch):
    unseen(monkeypatch, 2)
    kernel = behaving(there.root, Behaviour(probe_errors={"vfio-pci": errno.EBUSY}))
    failed = run(there, kernel, vfs=[{"vf": 1, "driver": "vfio-pci"}])
    assert f"echo {NIC.vf(1)} > /sys/bus/pci/drivers/ixgbevf/bind" in failed["lost"], failed


def test_a_look_that_fails_once_is_tried_again(there, monkeypatch):
    before, kernel = state(there), behaving(there.root, Behaviour(**REFUSED))
    kernel.sysfs.refused["/sys/of/an/earlier/look"] = errno.EIO
    unseen(monkeypatch, 1)
    failed = run(there, kernel, num_vfs=3)
    assert (state(there), failed["lost"], there.journal()) == (before, [], None), failed
    assert "looked at" not in failed["msg"]


def test_what_is_given_back_is_in_the_note_and_not_told(there):
    kernel = behaving(there.root, Behaviour(**REFUSED))
    path = f"{there.root}/run/kernel-bypass-sriov/blocked/{os.getpid()}.json"
    assert run(there, kernel, num_vfs=3)["failed"] and not os.path.exists(path), "it has none"
    Blocked(Files(kernel.root), kernel.processes).note(UnderWay([], []), 5)
    assert run(there, kernel, num_vfs=3)["failed"]
    with open(path, encoding="utf-8") as file:
        note = json.load(file)
    assert "VF 0 of" in note["steps"][0] and NIC.address in note["devices"]
