# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files and names of the kernel's source ours cite.

A citation is `FILE NAME, NAME`, in a comment, a docstring or a string: a .c or .h file, from the top of the kernel's
source or from one of the driver's folders on, and what is defined in it. `NAME*` is any that begins so. Where it does
not hold for every release, `[before 6.12]`, `[from 6.7 on]` or both, with a comma, follow.
"""

from __future__ import annotations

import re
import typing as t

from .source import Releases

# A comment goes on in the next line.
_SPACE = r"(?:[ \t]*\n[ \t]*#[ \t]*|\s+)"
# Every name that is cited has an underscore; other words are prose.
_NAME = r"\b(?=\w*_)[A-Za-z_]\w*\b\*?(?!\.[ch]\b|/)"
# One between quotes, with nothing after it, is a file of Driver.folders.
_FILE = re.compile(r"(?<![\w./-])[A-Za-z_][\w./-]*\.[ch]\b(?!\")")
_NAMES = re.compile(rf"{_SPACE}({_NAME}(?:,{_SPACE}{_NAME})*)")
_RANGE = re.compile(rf"{_SPACE}\[(?:from (\d+)\.(\d+) on)?(?:, )?(?:before (\d+)\.(\d+))?\]")
# What looks as if another name were meant: it would be left out in silence.
_STRAY = re.compile(rf"(?:\(\)|(?:{_SPACE}and{_SPACE}|;{_SPACE}){_NAME}(?!\.)|{_SPACE}\[)")


class Citation(t.NamedTuple):
    """One of them.

    :param where: ours, as file:line.
    :param releases: that have it.
    """

    where: str
    file: str
    names: tuple[str, ...]
    releases: Releases = Releases()


def citations(text: str, name: str) -> tuple[list[Citation], list[str]]:
    """What a file of ours cites, and what in it is no citation although a file of the kernel is named.

    :param name: of the file, for sentences.
    """
    found, faults = [], []
    for file in _FILE.finditer(text):
        where = f"{name}:{text.count(chr(10), 0, file.start()) + 1}"
        names = _NAMES.match(text, file.end())
        if names is None:
            faults.append(f"{where}: {file[0]} without a name that it defines")
            continue
        held = _RANGE.match(text, names.end())
        stray = _STRAY.match(text, held.end() if held else names.end())
        if stray:
            faults.append(f"{where}: {file[0]}: not understood: {' '.join(stray[0].split())}")
        found.append(Citation(where, file[0], tuple(re.findall(r"\w+\*?", names[1])), _releases(held)))
    return found, faults


def _releases(held: re.Match[str] | None) -> Releases:
    if held is None:
        return Releases()
    since, before = ((int(held[at]), int(held[at + 1])) if held[at] else None for at in (1, 3))
    return Releases(since or (0, 0), before)
