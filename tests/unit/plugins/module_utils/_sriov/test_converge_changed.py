# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`changed` after a failure is what is there, not what was reported."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import failed
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import desired_pf, desired_vfs

NIC = hosts.IXGBE
PF = NIC.address
AUTOPROBE = f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe"


@pytest.fixture
def kernel(tmp_path):
    made = simulate(tmp_path, hosts.host(NIC, cpus=16))
    made.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "2")
    return made


def failing(monkeypatch, kernel, path, effect, number=errno.EIO):
    """A file whose writing is answered with an error, with or without its effect."""
    write = kernel.sysfs._write

    def changed(at, value):
        if at != path:
            return write(at, value)
        if effect:
            write(at, value)
        raise OSError(number, "Input/output error")

    monkeypatch.setattr(kernel.sysfs, "_write", changed)


def outcome(kernel, timeout=10, **desired):
    with pytest.raises(SriovError) as refused:
        converge(kernel, Desired((desired_pf("enp1s0", **desired),)), timeout)
    result = failed(refused.value)
    return result["changed"], result["done"]


@pytest.mark.parametrize("effect", [True, False])
def test_a_write_that_was_refused_has_changed_what_it_has_changed(kernel, monkeypatch, effect):
    failing(monkeypatch, kernel, AUTOPROBE, effect)
    assert outcome(kernel, drivers_autoprobe=False) == (effect, [])


def test_what_changes_by_itself_is_no_change(kernel, monkeypatch):
    """The carrier comes, and somebody begins to use the PF."""
    failing(monkeypatch, kernel, AUTOPROBE, effect=False)
    show = kernel.link.interfaces
    calls = []

    def later():
        calls.append(None)
        lost = [flag for flag in ("LOWER_UP",) if len(calls) > 1]
        address = hosts.address("198.51.100.7")
        return [
            {
                **each,
                "flags": [flag for flag in each.get("flags", ()) if flag not in lost],
                "addr_info": [*each.get("addr_info", ()), *([address] if lost else [])],
                "ifindex": each["ifindex"] + len(lost),
            }
            for each in show()
        ]

    monkeypatch.setattr(kernel.link, "interfaces", later)
    assert outcome(kernel, drivers_autoprobe=False) == (False, [])
    assert len(calls) == 2


def test_where_it_cannot_be_seen_it_has_changed(kernel, monkeypatch):
    failing(monkeypatch, kernel, AUTOPROBE, effect=False)
    show, calls = kernel.link.interfaces, []

    def once():
        calls.append(None)
        if len(calls) > 1:
            raise KernelRefused("`ip -j -d address show` failed", why="Cannot allocate memory")
        return show()

    monkeypatch.setattr(kernel.link, "interfaces", once)
    assert outcome(kernel, drivers_autoprobe=False) == (True, [])


def test_a_refused_plan_has_changed_nothing(kernel):
    assert outcome(kernel, num_vfs=99) == (False, [])


def test_a_time_that_is_over_before_the_first_step_has_changed_nothing(kernel, monkeypatch):
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline

    monkeypatch.setattr(Deadline, "left", lambda _self, _beyond=0.0: 0.0)
    monkeypatch.setattr(kernel.pci, "locked_files", _patient(kernel.pci.locked_files))
    before = written(kernel)
    assert outcome(kernel, drivers_autoprobe=False) == (False, [])
    assert written(kernel) == before


def _patient(read):
    return lambda addresses, _timeout: read(addresses, 10)


def test_a_step_that_does_not_end_has_changed_something(kernel, monkeypatch):
    """Nobody can tell what the kernel will have done."""
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import StillInKernel

    def late(*_args):
        raise StillInKernel("writing did not end")

    monkeypatch.setattr(kernel.pci, "set_drivers_autoprobe", late)
    assert outcome(kernel, drivers_autoprobe=False) == (True, [])


def test_where_steps_were_done_it_has_changed(kernel, monkeypatch):
    monkeypatch.setattr(kernel.link, "batch", _refuse)
    changed, done = outcome(kernel, drivers_autoprobe=False, vfs=[desired_vfs("0", trust=True)])
    assert (changed, len(done)) == (True, 1)


def _refuse(_lines):
    from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.link import BatchFailed

    raise BatchFailed("`ip` failed", 0, "RTNETLINK answers: Invalid argument")
