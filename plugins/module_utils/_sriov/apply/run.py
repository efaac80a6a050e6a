# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Runs the steps of a plan through the kernel layer, each until the kernel has settled."""

from __future__ import annotations

import typing as t

from ..errors import SriovError
from ..steps.net import SetVf
from .net import set_vfs  # with it, and with what it imports, comes what perform() does with each step
from .perform import perform

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.kernel import Kernel
    from ..steps.pci import Plan, Step


def apply_plan(kernel: Kernel, plan: Plan, timeout: float) -> list[str]:
    """Run every step in order.

    :param timeout: seconds for one step.
    :returns: the steps done, in words.
    :raises SriovError: at the first step that fails, with the steps done before it in its attribute done.
    """
    done: list[str] = []
    for steps in batches(plan.steps):
        try:
            if isinstance(steps[0], SetVf):
                set_vfs(kernel, t.cast("Sequence[SetVf]", steps), timeout, done)
                continue
            perform(steps[0], kernel, timeout)
        except SriovError as error:
            error.step, error.done = error.step or str(steps[0]), done
            raise
        done.append(str(steps[0]))
    if done:
        kernel.settle(timeout)  # interfaces are renamed by udev after they appear: read them under their last names
    return done


def batches(steps: Sequence[Step]) -> list[list[Step]]:
    """Each step for itself, but attributes of one PF's VFs together."""
    found: list[list[Step]] = []
    for step in steps:
        last = found[-1][0] if found else None
        if isinstance(step, SetVf) and isinstance(last, SetVf) and step.name == last.name:
            found[-1].append(step)
        else:
            found.append([step])
    return found
