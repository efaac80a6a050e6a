# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The dead-man's switch: what a run changed is taken back by a timer of this host, unless the controller confirms it.

What decides is one file: a run is confirmed by removing it, and is taken back by renaming it, each under the lock.
"""

from __future__ import annotations

import sys
import time
import typing as t
from contextlib import suppress

from .copies import install
from .errors import NotReached, NotSupported, SriovError
from .faults import Faults
from .kept.files import Files
from .kept.pending import UNIT, Pending, Waiting
from .model.paths import CONFIRM, CONFIRM_PROGRAM, SYSTEMD
from .plan.tried import tried_way_back
from .plan.way_back import without_undo

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .kernel.kernel import Kernel
    from .model.desired import Desired
    from .model.host import State
    from .steps.pci import Plan, Step

    Tell = Callable[[Sequence[Step]], None]


class Switch(t.NamedTuple):
    """Of one run.

    :param seconds: from the first write on; the confirmation has to come in them.
    :param name: of the run: no other has the same.
    :param program: the file of this folder whose main() goes back. (It stands above this one.)
    :param timeout: of the run, seconds: so long the way back may have to wait for it.
    """

    seconds: int
    name: str
    program: str
    timeout: float

    def check(self, kernel: Kernel, before: State, plan: Plan) -> Desired:
        """What the host goes back to.

        :raises SriovError: there would be no way back.
        """
        faults = Faults()
        if not kernel.units.are_there():
            faults.add(
                NotSupported(
                    "confirm: cannot start a timer",
                    why=f"this host is not run by systemd ({SYSTEMD} is not there)",
                    remedy="leave out confirm",
                )
            )
        without = without_undo(before, plan)
        faults.add(*without)
        wish, missed = tried_way_back(before, plan)
        faults.add(*(() if without else missed))  # what has no undo is in the way of more
        faults.tell()
        return wish

    def prepare(self, kernel: Kernel) -> None:
        """What takes a while: between the last look at the host and the first step is no time for it.

        :raises KernelRefused: there would be no way back.
        """
        files = Files(kernel.root)
        files.remove_directory(CONFIRM)
        install(files, CONFIRM_PROGRAM, self.program)

    def arm(self, kernel: Kernel, back: Desired) -> None:
        """Before the first step.

        :param back: from check().
        :raises KernelRefused: there would be no way back.
        """
        files = Files(kernel.root)
        end = time.monotonic() + self.seconds
        kernel.timers.stop(UNIT)
        try:
            # The Python that runs this is one that can run it; -I: nobody's packages and variables but its own.
            kernel.timers.start(UNIT, self.seconds, [sys.executable, "-I", "-B", files.path(CONFIRM_PROGRAM)])
            # After it: killed between the two, a run would refuse all others, and nothing would end that.
            Pending(files).write(Waiting(self.name, end, self.timeout, back))
        except Exception:
            kernel.timers.stop(UNIT)
            Pending(files).remove()
            raise


class Arming:
    """The switch of a run, which is armed right before its first step: what is refused before that leaves nothing.

    :param back: from Switch.check().
    """

    def __init__(self, kernel: Kernel, switch: Switch, back: Desired) -> None:
        self._kernel = kernel
        self._switch = switch
        self._back = back
        self._is_prepared = False
        self._is_armed = False

    def prepare(self) -> None:
        """:raises KernelRefused: there would be no way back."""
        self._is_prepared = True
        self._switch.prepare(self._kernel)

    def telling(self, tell: Tell | None) -> Tell:
        """Tells what is about to be done, and then sees to the way back from it."""

        def told(steps: Sequence[Step]) -> None:
            if tell:
                tell(steps)
            self.arm()

        return told

    def arm(self) -> None:
        """:raises KernelRefused: there would be no way back."""
        if not self._is_armed:
            self._switch.arm(self._kernel, self._back)
            self._is_armed = True

    def after(self, error: SriovError) -> None:
        """A run that was refused and has changed nothing is over: nobody would be cut off by it."""
        if self._is_prepared and not (error.done if error.changed is None else error.changed):
            with suppress(SriovError):  # then it goes back, and that is told
                _end(self._kernel)


def confirm(kernel: Kernel, name: str) -> None:
    """Keep what a run did. To be called under the lock.

    :raises NotReached: it is too late.
    """
    pending = Pending(Files(kernel.root))
    waiting = pending.read()
    if waiting is None or waiting.name != name:
        said = "; ".join(pending.way_back())
        raise NotReached(
            "the run cannot be confirmed",
            why=said or "it does not wait for that any more",
            remedy="give it more time: confirm counts from the first write on",
        )
    _end(kernel)


def _end(kernel: Kernel) -> None:
    Pending(Files(kernel.root)).remove()
    kernel.timers.stop(UNIT)


def of_run(kernel: Kernel, name: str) -> Waiting | None:
    """The run of that name, where it waits for its confirmation."""
    waiting = Pending(Files(kernel.root)).read()
    return waiting if waiting and waiting.name == name else None
