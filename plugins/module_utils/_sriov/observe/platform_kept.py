# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads what is kept of arguments and hugepages of ours. By itself: the program of the boot needs this part alone."""

from __future__ import annotations

import typing as t

from ..kernel.etc import UnreadableFile

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

T = t.TypeVar("T")
LOOK = "look at it; it tells which arguments are ours. If it is of no use any more, remove it"


def read_kept(kernel: Kernel, path: str, understood: t.Callable[[str], T], none: T, remedy: str = LOOK) -> T:
    """:param understood: of model/platform_kept.py.
    :param none: what it is where there is no such file.
    :raises UnreadableFile: it is there, and cannot be read or understood.
    """
    text = kernel.etc.read(path)
    if text is None:
        return none
    try:
        return understood(text)
    except (ValueError, TypeError, KeyError) as error:
        why = f"it is not of this version of the collection ({error})"
        raise UnreadableFile(f"cannot read {path}", why=why, remedy=remedy) from None
