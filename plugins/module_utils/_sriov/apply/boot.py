# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Installs what runs at boot, and takes it back where that fails on the way."""

from __future__ import annotations

import typing as t
from contextlib import suppress

from ..errors import SriovError
from ..kernel import trees
from ..model.boot import NETWORKD, TIMER, UDEV, UNITS
from ..model.paths import GENERATIONS
from ..steps.boot import RemoveTree, StopTimer, Tell, WriteGeneration
from .files import Undo

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..kernel.kernel import Kernel
    from ..steps.boot import BootStep


def apply_boot(kernel: Kernel, steps: Sequence[BootStep], tell: Callable[[BootStep], None]) -> None:
    """Do them in order. What is removed at last is not put back: all that counts is done by then.

    :param tell: gets each step that is about to be done.
    :raises SriovError: with the steps that were done before, where they stay.
    """
    undo = Undo(kernel.etc)
    done: list[BootStep] = []
    written: list[WriteGeneration] = []
    for step in steps:
        tell(step)
        try:
            if isinstance(step, WriteGeneration):
                written += [] if step.mends else [step]
            _do(kernel, step, undo)
        except SriovError as error:
            error.step, error.begun = str(step), True
            error.done = list(map(str, done))
            if not isinstance(step, RemoveTree):
                _go_back(kernel, undo, written, done, error)
            raise
        done.append(step)


def _do(kernel: Kernel, step: BootStep, undo: Undo) -> None:
    if isinstance(step, WriteGeneration):
        make = trees.mend_tree if step.mends else trees.write_tree
        make(kernel.etc, f"{GENERATIONS}/{step.generation.name}", step.generation.files)
    elif isinstance(step, RemoveTree):
        trees.remove_tree(kernel.etc, step.path)
    elif isinstance(step, Tell):
        _tell(kernel, step)
    elif isinstance(step, StopTimer):
        kernel.managers.stop_timer()
    else:
        undo.change(step)


def _tell(kernel: Kernel, step: Tell) -> None:
    managers = kernel.managers
    told = {
        UNITS: managers.reload_units,
        UDEV: lambda: managers.reload_udev(step.interfaces),
        NETWORKD: managers.reload_networkd,
        TIMER: managers.start_timer,
    }
    told[step.who]()


def _go_back(
    kernel: Kernel, undo: Undo, written: Sequence[WriteGeneration], done: Sequence[BootStep], error: SriovError
) -> None:
    """Files are as they were, and who was told of others is told again."""
    missed = undo.go_back()
    for step in written:
        with suppress(SriovError):  # nothing leads to it, and the next run removes it
            trees.remove_tree(kernel.etc, f"{GENERATIONS}/{step.generation.name}")
    for each in done:
        if isinstance(each, Tell) and each.who != TIMER:
            with suppress(SriovError):  # what failed is told already
                _tell(kernel, each)
    error.changed = bool(missed)
    if missed:
        error.why += f"; not all is as it was ({' '.join(missed)})"
    else:
        error.done = []
