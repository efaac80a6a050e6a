# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is left to whoever waits for a run that has been ended: to start the services that it had stopped."""

from __future__ import annotations

import typing as t
from functools import partial

from .errors import SriovError
from .kept.files import Files
from .kept.units import StoppedUnits
from .kernel.bounded import StillBlocked, bounded
from .kernel.deadline import Deadline
from .model.units import start_command
from .steps.units import StartUnit

if t.TYPE_CHECKING:
    from .kernel.kernel import Kernel

TO_ASK = 0.75  # seconds for all of it
TO_COME_UP = 0.5  # of these


def start_stopped(kernel: Kernel, failure: SriovError) -> None:
    """To be called while the run's lock is held.

    :param failure: gets what was started, commands for what does not run, and why.
    """
    noted = StoppedUnits(Files(kernel.root))
    try:
        units = noted.read()
    except SriovError as error:
        failure.why += f"; what it had stopped is not known: {error}".rstrip(".")
        return
    if not units:
        return
    try:
        asked, failed = bounded(partial(_start, kernel, units), TO_ASK)
    except StillBlocked:
        asked, failed = [], dict.fromkeys(units, f"systemd did not answer in {TO_ASK:g} s")
    except (OSError, SriovError) as error:
        asked, failed = [], dict.fromkeys(units, str(error).rstrip("."))
    failure.changed = bool(asked) or failure.changed
    failure.done += [str(StartUnit(unit)) for unit in asked if unit not in failed]
    failure.lost += map(start_command, failed)
    failure.why += "".join(f"; {unit} is not started again: {why}" for unit, why in failed.items())
    try:
        noted.write(tuple(failed))
    except (OSError, SriovError) as error:
        failure.why += f"; which units are owed a start could not be noted ({str(error).rstrip('.')})"


def _start(kernel: Kernel, units: t.Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Those that were asked to start, and why some do not run."""
    asked: list[str] = []
    failed: dict[str, str] = {}
    for unit in units:
        try:
            if not kernel.units.now(unit).is_active:
                kernel.units.start(unit)
                asked.append(unit)
        except SriovError as error:
            failed[unit] = error.why or error.what

    def left() -> list[str]:
        return [unit for unit in asked if not kernel.units.now(unit).is_active]

    Deadline(TO_COME_UP).reached(lambda: not left())
    failed.update((unit, "it was asked to, and is not up yet") for unit in left())
    return asked, failed
