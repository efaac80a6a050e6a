# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps on services of systemd."""

from __future__ import annotations

import typing as t

from ..errors import NotReached
from .waiting import wait

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..steps.units import StopUnit


def stop_unit(step: StopUnit, kernel: Kernel, timeout: float) -> None:
    """Stopped is not enough: of some services programs go on (KillMode)."""
    units = kernel.units
    units.stop(step.unit)

    def has_let_go() -> bool:
        return units.now(step.unit).is_gone and not units.open_nodes(step.unit)

    wait(has_let_go, timeout, f"unit {step.unit} did not let go of {step.why}", "")


def ask_to_start(unit: str, kernel: Kernel) -> bool:
    """:returns: whether it was asked for: nothing is done where it runs.
    :raises SriovError: systemd does not do it.
    """
    if kernel.units.now(unit).is_active:
        return False
    kernel.units.start(unit)
    return True


def wait_for_start(unit: str, kernel: Kernel, timeout: float) -> None:
    """:raises SriovError: it did not start, or has not yet."""
    units = kernel.units
    wait(lambda: not units.now(unit).busy, timeout, f"unit {unit} has not come up yet", "")
    now = units.now(unit)
    if not now.is_active:
        raise NotReached(
            f"unit {unit} did not start again",
            why=f"it is {now.state} ({now.result})",
            remedy=f"see `journalctl -u {unit}`",
        )
