# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Steps of installing what runs at boot."""

from __future__ import annotations

import typing as t

from ..model.boot import NETWORKD, TIMER, UDEV, UNITS
from ..model.paths import BOOT_CHECK, GENERATIONS
from .files import RemoveFile, WriteFile, WriteLink

if t.TYPE_CHECKING:
    from ..model.boot import Generation

WORDS = {
    UNITS: "let systemd read its units again (systemctl daemon-reload)",
    UDEV: "let udev read its rules again, and look at the VFs' interfaces (udevadm control --reload, udevadm trigger)",
    NETWORKD: "let systemd-networkd read its files again (networkctl reload)",
    TIMER: f"start {BOOT_CHECK}.timer",
}


class WriteGeneration(t.NamedTuple):
    """A directory with all that runs at boot, compiled for this host's Python.

    :param mends: one of the name is there, and is damaged, or compiled for another Python.
    """

    generation: Generation
    mends: bool = False

    def __str__(self) -> str:
        verb, why = (
            ("write", "what runs at boot")
            if not self.mends
            else ("write again", "it is damaged, or is for another Python")
        )
        return f"{verb} {GENERATIONS}/{self.generation.name} ({len(self.generation.files)} files: {why})"


class RemoveTree(t.NamedTuple):
    """A directory of ours with all that is in it."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"remove {self.path} ({self.why})"


class Tell(t.NamedTuple):
    """Let others know of files that are others now.

    :param who: a word of model.boot.
    :param interfaces: that udev looks at again.
    """

    who: str
    interfaces: tuple[str, ...] = ()

    def __str__(self) -> str:
        return WORDS[self.who]


class StopTimer(t.NamedTuple):
    """The timer does not start the program any more."""

    def __str__(self) -> str:
        return f"stop {BOOT_CHECK}.timer"


BootStep = t.Union[WriteGeneration, RemoveTree, Tell, StopTimer, WriteFile, WriteLink, RemoveFile]
