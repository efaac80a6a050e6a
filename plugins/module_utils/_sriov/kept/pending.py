# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A run that waits for its confirmation, and what the host goes back to without it. It is of one boot."""

from __future__ import annotations

import time
import typing as t

from ..errors import InUse, SriovError
from ..model.paths import CONFIRM, GOING_BACK, PENDING, WENT_BACK
from .desired import from_desired, to_desired
from .envelope import Envelope, Json

if t.TYPE_CHECKING:
    from ..model.desired import Desired
    from .files import Files

UNIT = "kernel-bypass-sriov-confirm"


class Waiting(t.NamedTuple):
    """A run that is not confirmed yet.

    :param name: of the run: no other has the same.
    :param end: when the host goes back, by the clock that starts with the boot (time.monotonic()).
    :param timeout: of the run, seconds.
    :param before: what the host goes back to.
    """

    name: str
    end: float
    timeout: float
    before: Desired

    @property
    def when(self) -> str:
        left = round(self.end - time.monotonic())
        if left >= 0:
            return f"the host goes back to the state before it in {left} s ({UNIT}.timer)"
        return f"the host should have gone back to the state before it {-left} s ago ({UNIT}.service)"


class Pending:
    """One at most on a host."""

    def __init__(self, files: Files) -> None:
        self._files = files
        remedy = f"stop {UNIT}.timer, and remove {CONFIRM}"
        self._waiting = Envelope(files, PENDING, remedy, of_boot=True)
        self._went_back = Envelope(files, WENT_BACK, "remove it", of_boot=True)

    def read(self) -> Waiting | None:
        """None where no run waits.

        :raises Unreadable: there is something that cannot be understood.
        """
        return self._waiting.read(_understood)

    def write(self, waiting: Waiting) -> None:
        """:raises KernelRefused: with the errno."""
        self._waiting.write({**waiting._asdict(), "before": from_desired(waiting.before)})

    def is_waiting(self, name: str) -> bool:
        """Whether the run of that name still does, as far as can be seen: what cannot be read is not gone."""
        try:
            waiting = self.read()
        except SriovError:
            return True
        return waiting is not None and waiting.name == name

    def claim(self) -> None:
        """From now on it cannot be confirmed. What the host goes back to stays, for whoever has to look at it.

        :raises KernelRefused: with the errno.
        """
        self._files.rename(PENDING, GOING_BACK)

    def check_none(self) -> None:
        """:raises InUse: a run waits, and what another one changed would be lost, or would be in the way back."""
        waiting = self.read()
        if waiting:
            raise InUse(
                "another run of this collection waits for its confirmation",
                why=waiting.when,
                remedy=f"wait until then. Go back now: systemctl start {UNIT}.service. "
                f"Keep what it did: rm -r {CONFIRM}; systemctl stop {UNIT}.timer",
                holders=[f"{UNIT}.timer"],
            )

    def remove(self) -> None:
        """It is confirmed, or is over: with all that was there for it.

        :raises KernelRefused: with the errno.
        """
        self._files.remove(PENDING)  # first: it decides
        self._files.remove_directory(CONFIRM)

    def note_way_back(self, missed: t.Sequence[str]) -> None:
        """The host has gone back.

        :param missed: what could not be done of it.
        """
        self._went_back.write({"missed": list(missed)})

    def way_back(self) -> list[str]:
        """What became of a run that was not confirmed, in words; nothing where there was none."""
        missed = self._went_back.read(lambda found: [str(each) for each in found["missed"]])
        return [] if missed is None else [went_back(missed)]

    def forget_way_back(self) -> None:
        """It has been told."""
        self._files.remove(WENT_BACK)


def went_back(missed: t.Sequence[str]) -> str:
    """:param missed: what could not be done."""
    said = "an earlier run was not confirmed, and the host went back to the state before it"
    return f"{said}, but for: {' '.join(missed)}" if missed else said


def _understood(found: Json) -> Waiting:
    before = to_desired(found["before"])
    return Waiting(str(found["name"]), float(found["end"]), float(found["timeout"]), before)
