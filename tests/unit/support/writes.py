# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run does to the files of a host, system call by system call, and a run that is killed at one of them.

By Python's audit hooks: they are called before each, whoever makes it, and what they raise is raised there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t

from ..simulation.faulty import Killed

CHANGING = ("os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "shutil.rmtree")
_WATCHED: list[Writes] = []


class Writes:
    """Counts them.

    :param root: below it alone.
    :param kill: the number of the call at which the run is killed; None: it is not.
    """

    def __init__(self, root: str, kill: int | None = None) -> None:
        self.root = os.path.realpath(root) + os.sep
        self.kill = kill
        self.made: list[str] = []

    def event(self, name: str, arguments: tuple[t.Any, ...]) -> None:
        paths = [each for each in arguments[:2] if isinstance(each, str) and each.startswith(self.root)]
        writes = name in CHANGING or (name == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if not paths or not writes or "/sim/" in paths[0]:
            return
        self.made.append(f"{name} {' '.join(path[len(self.root) :] for path in paths)}")
        if self.kill == len(self.made) - 1:
            raise Killed


def _hook(name: str, arguments: tuple[t.Any, ...]) -> None:
    for each in _WATCHED:
        each.event(name, arguments)


@contextlib.contextmanager
def watched(writes: Writes) -> t.Iterator[Writes]:
    """For a block."""
    if _hook not in _HOOKED:
        sys.addaudithook(_hook)
        _HOOKED.append(_hook)
    _WATCHED.append(writes)
    try:
        yield writes
    finally:
        _WATCHED.remove(writes)


_HOOKED: list[t.Any] = []
