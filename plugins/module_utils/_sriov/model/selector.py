# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The grammar in which VFs are named: "0", "0-3", "0-3,7" or "all". Pure, and the same on controller and host."""

from __future__ import annotations

import re
import typing as t

from ..errors import InvalidRequest

if t.TYPE_CHECKING:
    from collections.abc import Iterable

ALL = "all"
HOW_TO_WRITE = 'write it as in "0", "0-3", "0-3,7" or "all"'
MOST_VFS = 65535  # of any PF: sriov_totalvfs has 16 bits
RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")

Range = t.Tuple[int, int]
"""First and last index, both meant."""


def parse_vfs(text: str) -> list[Range] | None:
    """The ranges as they are written, which may overlap; None for "all".

    :raises ValueError: it is no such list.
    """
    return None if text.strip() == ALL else [_range(part) for part in text.split(",")]


def expand(ranges: Iterable[Range], num_vfs: int) -> list[int]:
    """The indices, ascending, each once. A range ends with its first VF that is not there: "0-99999999999" is short."""
    return sorted({index for first, last in ranges for index in range(first, min(last, max(first, num_vfs)) + 1)})


def _range(part: str) -> Range:
    match = RANGE.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is neither a number nor a range of two")
    first, last = int(match.group(1)), int(match.group(2) or match.group(1))
    if last < first:
        raise ValueError(f"{part!r} ends before it begins")
    return first, last


def vf_indices(text: str, num_vfs: int | None, label: str) -> list[int]:
    """The indices that "0-3,7" or "all" means, ascending.

    :param num_vfs: None where it is not known: then "all" means none that could be told, and no index is too great.
    :param label: the PF, for the message.
    :raises InvalidRequest: it is no such list, or names a VF that the PF has not.
    """
    try:
        ranges = parse_vfs(text)
    except ValueError:
        raise InvalidRequest(f"vfs: {text!r} is no list of VFs", remedy=HOW_TO_WRITE) from None
    if ranges is None:
        return list(range(num_vfs or 0))
    indices = expand(ranges, MOST_VFS if num_vfs is None else num_vfs)
    beyond = [] if num_vfs is None else [index for index in indices if index >= num_vfs]
    if beyond:
        raise no_such_vf(f"vfs: {text!r} names VF {beyond[0]}", num_vfs or 0, label)
    return indices


def no_such_vf(what: str, num_vfs: int, label: str) -> InvalidRequest:
    """The refusal of what speaks of a VF that the PF has not."""
    return InvalidRequest(
        what,
        device=label,
        why=f"the PF has {num_vfs} VFs" + (f", 0 to {num_vfs - 1}" if num_vfs else ""),
        remedy="create it first with module pf (num_vfs), or name another",
    )
