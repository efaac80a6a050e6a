# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A whole run in a child process: whoever waits for it gets an answer in time, whatever the kernel does to it."""

from __future__ import annotations

import json
import os
import signal
import traceback
import typing as t
from contextlib import suppress

from .bounded import Lines, NoLine, forked, write_line
from .deadline import Deadline

TO_DIE = 0.5  # seconds for what was killed, unless it is in the kernel

Tell = t.Callable[[t.Any], None]
"""Says what is about to be done (anything JSON can carry)."""


class Died(Exception):
    """The child ended without an answer: somebody killed it, or it has a fault."""


class Overdue(Exception):
    """It was not ready in time, and was killed."""


class Worker:
    """A child process that does one thing.

    What it tells is kept in told, in order: at the last of them it is. Once nobody listens any more it does not go on,
    and it does not outlive whoever has started it.

    :param work: returns the answer (anything JSON can carry).
    :param heard: gets what it tells, when it does; here, as the child has no output.
    """

    def __init__(self, work: t.Callable[[Tell], t.Any], heard: Tell | None = None) -> None:
        self.told: list[t.Any] = []
        self._heard = heard
        self.process, self._pipe = forked(lambda writer: _answer(work, writer))

    def answer(self, timeout: float) -> t.Any:
        """What it returns.

        :param timeout: seconds; then it is killed with all its children. One that is in the kernel ends later.
        :raises Overdue, Died: it returned nothing.
        """
        deadline = Deadline(timeout)
        with self._pipe:
            lines = Lines(self._pipe)
            while True:
                try:
                    line = json.loads(lines.next(deadline.left()))
                except NoLine:
                    self._kill()
                    raise Overdue from None
                if "told" not in line:
                    break
                self.told.append(line["told"])
                if self._heard:
                    self._heard(line["told"])
        os.waitpid(self.process, 0)
        if "value" not in line:
            raise Died(line.get("fault") or "the process was killed")
        return line["value"]

    def is_left(self) -> bool:
        """Whether it, or a child of it, is still there once it has answered or was killed.

        One that has ended and that nobody has waited for counts, for a moment or for ever: see Processes.of_session().
        """
        try:
            os.killpg(self.process, 0)
        except ProcessLookupError:
            return False
        return True

    def _kill(self) -> None:
        """Its session is a process group too, with all its children in it (bounded.forked)."""
        os.killpg(self.process, signal.SIGKILL)
        Deadline(TO_DIE).reached(lambda: bool(os.waitpid(self.process, os.WNOHANG)[0]), every=0.01)


def _answer(work: t.Callable[[Tell], t.Any], writer: int) -> None:
    try:
        write_line(writer, {"value": work(lambda told: write_line(writer, {"told": told}))})
    except BrokenPipeError:
        return
    except BaseException:
        with suppress(BrokenPipeError):
            write_line(writer, {"fault": traceback.format_exc()})
