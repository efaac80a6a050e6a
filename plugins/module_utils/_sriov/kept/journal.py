# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The journal: what a run takes away, until it has put it back. It is of one boot, as all of that is."""

from __future__ import annotations

import typing as t

from ..model.paths import JOURNALS
from .codec import from_taken, to_taken
from .envelope import Envelope

if t.TYPE_CHECKING:
    from ..model.kept import Taken
    from .files import Files


SUFFIX = ".json"


class Journal:
    """A file for each PF."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, pf: str) -> Taken | None:
        """What a run that was not brought to its end had taken from a PF; None where there was none.

        :raises Unreadable: there is something that cannot be understood.
        """
        return self._file(pf).read(lambda found: to_taken(found["taken"]))

    def all(self) -> list[Taken]:
        """Of every PF that has lost something.

        :raises Unreadable: as read().
        """
        names = [name for name in self._files.names(JOURNALS) if name.endswith(SUFFIX)]
        return [each for each in (self.read(name[: -len(SUFFIX)]) for name in names) if each]

    def write(self, taken: Taken) -> None:
        """Before the first step that takes something away.

        :raises KernelRefused: with the errno.
        """
        self._file(taken.pf).write({"taken": from_taken(taken)})

    def remove(self, pf: str) -> None:
        """All is there again."""
        self._file(pf).remove()

    def _file(self, pf: str) -> Envelope:
        path, remedy = f"{JOURNALS}/{pf}{SUFFIX}", "look at it for what is to be put back, and remove it"
        return Envelope(self._files, path, remedy, of_boot=True)


def unfinished(pf: str) -> str:
    """What is said of a PF whose journal is there."""
    return f"an earlier run did not come to its end on {pf}: the next one for it puts back what is missing"
