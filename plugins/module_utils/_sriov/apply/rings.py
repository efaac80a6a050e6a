# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs the step on the sizes of rings."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused, NotSupported
from ..knowledge.driver import RING_SIZES
from .waiting import explained

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..steps.net import SetRings


def set_rings(step: SetRings, kernel: Kernel, _timeout: float) -> None:
    """A driver may round, and answer success: then the old sizes come back, and it is told what it can."""
    try:
        kernel.ethtool.set_ring_sizes(step.name, step.after)
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot set rings {step.after}", step, RING_SIZES) from None
    given = kernel.ethtool.ring_sizes(step.name)
    if given is None or (given.rx, given.tx) != (step.after.rx, step.after.tx):
        rounded = NotSupported(
            f"rings are {given or 'not told'} after {step.after} was set",
            device=step.label,
            why="the driver makes other sizes of them",
            remedy=f"ask for {given}" if given else "look at dmesg",
        )
        rounded.partly = [step._replace(after=given or step.after)]
        raise rounded
