# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan on the simulated kernel: step by step, and what was done in words."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import pci as steps
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts

PF = hosts.IGB.address
LABEL = f"enp1s0 ({PF})"
NUM_VFS = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"
LONG = 10


def number_of_vfs(kernel):
    return int(kernel.sysfs.read(NUM_VFS)), len(kernel.pci.virtual_functions(PF))


def recreate(count):
    return (
        steps.SetNumVfs(PF, LABEL, 2, 0, ("VF 0",)),
        steps.SetNumVfs(PF, LABEL, 0, count, fallback=2),
        steps.WaitForVfs(PF, LABEL, count),
    )


def test_what_was_done_is_reported_in_words(kernel_with):
    kernel = kernel_with(2)
    plan = recreate(4)
    assert apply_steps(kernel, plan, LONG) == [str(step) for step in plan]
    assert number_of_vfs(kernel) == (4, 4)
    assert kernel.run.calls[-1] == "udevadm settle --timeout=10"


def test_an_empty_plan_waits_for_nothing(kernel_with):
    kernel = kernel_with(0)
    assert apply_steps(kernel, (), LONG) == []
    assert kernel.run.calls == []
