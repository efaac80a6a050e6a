# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The services that a run starts in the end, whatever came of the rest."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager

from .errors import NotReached, SriovError
from .kernel.deadline import TO_START
from .model.units import start_command
from .steps.units import StartUnit

if t.TYPE_CHECKING:
    from .kernel.deadline import Deadline
    from .kernel.kernel import Kernel
    from .memory import Memory
    from .steps.pci import Plan


class Owed:
    """What a plan says of them.

    :param plan: its own steps are the others: those that are done before.
    """

    def __init__(self, kernel: Kernel, memory: Memory, plan: Plan, deadline: Deadline) -> None:
        self._kernel = kernel
        self._memory = memory
        self._deadline = deadline
        self.starts = tuple(step for step in plan.steps if isinstance(step, StartUnit))
        numbers = [number for number, step in enumerate(plan.steps) if not isinstance(step, StartUnit)]
        purposes = tuple(plan.purposes[number] for number in numbers) if plan.purposes else ()
        self.plan = plan._replace(steps=tuple(plan.steps[number] for number in numbers), purposes=purposes)

    def start(self) -> None:
        """After all else was done.

        :raises NotReached: with what was started, and commands for what was not. Where all of them run, and only their
            note is left, that is told in the end (Memory.settle).
        """
        ended = NotReached(
            "what was stopped does not run",
            remedy="see what it says (journalctl), and start it (lost has the commands); the next run tries again",
        )
        failed = self._start(ended)
        if ended.lost:
            ended.why = "; ".join(failed)
            raise ended

    def start_after(self, error: SriovError) -> None:
        """:param error: what the run ended with; gets what was started, and commands for what was not, and why."""
        error.why = "; ".join(filter(None, [error.why, *self._start(error)]))

    def _start(self, outcome: SriovError) -> list[str]:
        """:returns: why some do not run, and that it could not be noted which."""
        failed = self._asked_for(outcome) if self.starts else {}
        outcome.lost += map(start_command, failed)
        reasons = [f"{unit} is not started again: {why}" for unit, why in failed.items()]
        try:
            self._memory.owe(tuple(failed))
        except SriovError as error:
            reasons.append(f"which units are owed a start could not be noted ({str(error).rstrip('.')})")
        return reasons

    def _asked_for(self, outcome: SriovError) -> dict[str, str]:
        """All of them, before one is waited for.

        :returns: why some do not run, by unit.
        """
        from .apply.units import ask_to_start, wait_for_start  # only here: few runs stop any

        failed: dict[str, str] = {}
        asked = []
        for step in self.starts:
            with _told(failed, step.unit):
                if ask_to_start(step.unit, self._kernel):
                    asked.append(step)
        for step in asked:
            outcome.changed = True
            with _told(failed, step.unit):
                wait_for_start(step.unit, self._kernel, self._deadline.left(TO_START))
                outcome.done.append(str(step))
        return failed


@contextmanager
def _told(failed: dict[str, str], unit: str) -> t.Iterator[None]:
    """A block whose refusal ends it, and is kept."""
    try:
        yield
    except SriovError as error:
        failed[unit] = error.why or error.what
