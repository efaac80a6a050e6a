# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Notes of what a run is at, for the time when it is gone and the kernel, or a program that it started, is not done."""

from __future__ import annotations

import os
import time
import typing as t

from ..kernel.deadline import Deadline
from ..model.paths import BLOCKED
from ..model.under_way import UnderWay
from .envelope import not_of_this_version

if t.TYPE_CHECKING:
    from ..kernel.processes import Processes, Status
    from .files import Files

TO_END = 0.5  # seconds for what was killed
TICKS = os.sysconf("SC_CLK_TCK")  # a second
SUFFIX = ".json"


class StillThere(t.NamedTuple):
    """Steps at which the kernel still is.

    :param process: that waits for the kernel; several: "70, 71".
    """

    at: UnderWay
    process: str

    def __str__(self) -> str:
        more = f" (and {len(self.at.steps) - 1} more)" if len(self.at.steps) > 1 else ""
        return f"the kernel has not ended a step of an earlier run: {self.at.steps[0]}{more} (process {self.process})"


class Note(t.NamedTuple):
    """What is kept of a run, in a file named by the session that all its processes are in.

    :param module: the process that waits for it.
    :param start: when its first process was started, in ticks since the host was.
    :param end: when none of it is started any more: later ones are somebody else's, whatever their number; None: that
        is not known.
    """

    module: str
    start: int
    end: int | None
    at: UnderWay

    def is_of(self, status: Status | None) -> bool:
        """Whether a process of that session is one of the run; unreadable is not absent."""
        return status is None or (self.start <= status.start and (self.end is None or status.start <= self.end))

    def is_under_way(self, first: Status | None) -> bool:
        """Whether somebody still waits for it: then it is no earlier run.

        :param first: its first process.
        """
        return first is not None and self.is_of(first) and first.parent == self.module


class Blocked:
    """A note for each run that has begun something and has not ended."""

    def __init__(self, files: Files, processes: Processes) -> None:
        self._files = files
        self._processes = processes

    def note(self, at: UnderWay, seconds: float) -> None:
        """By the run itself, before what may block: whoever is killed leaves it.

        :param seconds: that the run may last from now on.
        :raises KernelRefused: it cannot be written.
        """
        process = str(os.getpid())
        status = self._processes.status(process)
        end = int((time.clock_gettime(time.CLOCK_BOOTTIME) + seconds + 1) * TICKS)
        bounds = {"start": status.start, "end": end} if status else {"start": 0, "end": None}
        self._files.write(f"{BLOCKED}/{process}{SUFFIX}", {"module": str(os.getppid()), **bounds, **at._asdict()})

    def note_again(self, at: UnderWay, seconds: float) -> None:
        """As note(), of a run that has noted itself: who only looks, or is waited for by nobody, has not.

        :raises KernelRefused: it cannot be written.
        """
        if f"{os.getpid()}{SUFFIX}" in self._files.names(BLOCKED):
            self.note(at, seconds)

    def left(self, session: str) -> list[str]:
        """The processes of a run that do not end, though it is over."""
        found: dict[str, Status | None] = {}

        def have_ended() -> bool:
            nonlocal found
            found = self._processes.of_session(session)
            return not found

        Deadline(TO_END).reached(have_ended, every=0.02)
        return sorted(found, key=int)

    def forget(self, session: str) -> None:
        """Nothing of it is left.

        :raises KernelRefused: with the errno.
        """
        self._files.remove(f"{BLOCKED}/{session}{SUFFIX}")

    def still_there(self) -> list[StillThere]:
        """Of earlier runs that had begun a step; not of one that somebody waits for.

        :raises Unreadable: a note cannot be understood.
        """
        return [
            StillThere(note.at, ", ".join(sorted(left, key=int)))
            for session, note in self._notes()
            for left in [self._of(session, note)]
            if left and note.at.steps and not note.is_under_way(self._processes.status(session))
        ]

    def last(self) -> UnderWay | None:
        """What a run that left its note was at, whether or not something of it is still there; one with steps first.

        :raises Unreadable: as still_there().
        """
        notes = [note.at for _session, note in self._notes()]
        return next((at for at in notes if at.steps), notes[0] if notes else None)

    def end_earlier(self) -> None:
        """End what is left of earlier runs, and forget what has ended. To be called by who has the lock.

        A run that was killed may be in the middle of a write, or a program that it has started may be.

        :raises Unreadable: as still_there().
        :raises KernelRefused: a note cannot be removed.
        """
        for session, note in self._notes():
            left = self._killed(session, note)
            if not (left and note.at.steps):
                self.forget(session)

    def _killed(self, session: str, note: Note) -> list[str]:
        """Those that do not end."""

        def have_ended() -> bool:
            for process, status in self._of(session, note).items():
                if status:
                    self._processes.kill(process)
            return not self._of(session, note)

        Deadline(TO_END).reached(have_ended, every=0.02)
        return sorted(self._of(session, note), key=int)

    def _of(self, session: str, note: Note) -> dict[str, Status | None]:
        found = self._processes.of_session(session)
        return {process: status for process, status in found.items() if note.is_of(status)}

    def _notes(self) -> list[tuple[str, Note]]:
        names = [name for name in self._files.names(BLOCKED) if name.endswith(SUFFIX)]
        found = [(name[: -len(SUFFIX)], self._files.read(f"{BLOCKED}/{name}")) for name in names]
        return [
            (session, _note(f"{BLOCKED}/{session}{SUFFIX}", value)) for session, value in found if value is not None
        ]


def _note(path: str, value: dict[str, t.Any]) -> Note:
    try:
        at = UnderWay(list(map(str, value["steps"])), list(map(str, value["devices"])))
        end = value["end"]
        return Note(str(value["module"]), int(value["start"]), None if end is None else int(end), at)
    except (ValueError, TypeError, KeyError) as error:
        raise not_of_this_version(path, error, "if none of the processes in it is there any more, remove it") from None
