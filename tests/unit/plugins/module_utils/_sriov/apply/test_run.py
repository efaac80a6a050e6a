# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan on the simulated kernel: step by step, and what was done in words."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.tests.unit.support.applying import (
    LONG,
    number_of_vfs,
    recreate,
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
