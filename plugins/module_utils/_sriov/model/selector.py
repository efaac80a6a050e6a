# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How VFs are named: 3, "0-3,7", [0, 1] or "all". Pure, and the same on controller and host."""

from __future__ import annotations

import re
import typing as t

from ..errors import InvalidRequest

if t.TYPE_CHECKING:
    from collections.abc import Iterable

ALL = "all"
HOW_TO_WRITE = 'write it as in 3, "0-3,7", [0, 1] or all'
MOST_VFS = 65535  # of any PF: sriov_totalvfs has 16 bits
RANGE = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", re.ASCII)

Range = t.Tuple[int, int]
"""First and last index, both meant."""


class Selector(t.NamedTuple):
    """Some VFs of a PF.

    :param ranges: ascending, none of them touching the next; None for all VFs, however many there will be.
    """

    ranges: tuple[Range, ...] | None

    def __str__(self) -> str:
        """ "0-3,7" or "all": one text for one set, however it was written."""
        if self.ranges is None:
            return ALL
        return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in self.ranges)

    def names(self, index: int) -> bool:
        return self.ranges is None or any(first <= index <= last for first, last in self.ranges)

    def indices(self, num_vfs: int) -> list[int]:
        """Those of the VFs that are there, ascending."""
        if self.ranges is None:
            return list(range(num_vfs))
        return [index for first, last in self.ranges for index in range(first, min(last + 1, num_vfs))]

    def beyond(self, num_vfs: int) -> int | None:
        """The first VF that is named and not there."""
        last_range = self.ranges[-1] if self.ranges else (0, -1)
        if last_range[1] < num_vfs:
            return None
        return next(max(first, num_vfs) for first, last in self.ranges or () if last >= num_vfs)

    def overlap(self, other: Selector) -> int | None:
        """The first VF that both name."""
        mine, theirs = (each.ranges or ((0, MOST_VFS),) for each in (self, other))
        common = [max(a[0], b[0]) for a in mine for b in theirs if a[0] <= b[1] and b[0] <= a[1]]
        return min(common, default=None)

    def refines(self, other: Selector) -> bool:
        """Whether it names less than the other, and nothing else. A list is less than "all", whatever it names."""
        if self == other or self.ranges is None:
            return False
        return other.ranges is None or all(
            any(first <= mine[0] and mine[1] <= last for first, last in other.ranges) for mine in self.ranges
        )


EVERY_VF = Selector(None)


def parse_selector(value: t.Any) -> Selector:
    """What an option says: a number, a text, or a list of both.

    :raises ValueError: it names no VFs.
    """
    parts = [part for each in (value if isinstance(value, list) else [value]) for part in _parts(each)]
    if parts == [ALL]:
        return EVERY_VF
    return Selector(_joined(map(_range, parts)))


def _parts(value: t.Any) -> list[str]:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"{value!r} is neither a number nor a text")
    return [part.strip() for part in str(value).split(",")]


def _range(part: str) -> Range:
    match = RANGE.fullmatch(part)
    if match is None:
        raise ValueError(f"{part!r} is neither a number nor a range of two")
    first, last = int(match.group(1)), int(match.group(2) or match.group(1))
    if last < first:
        raise ValueError(f"{part!r} ends before it begins")
    return first, last


def _joined(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same VFs in as few ranges as possible.

    :raises ValueError: there are none.
    """
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    if not found:
        raise ValueError("no VF is named")
    return tuple(found)


def check_there(selector: Selector, num_vfs: int | None, what: str, label: str) -> None:
    """:param num_vfs: None where it is not known: then nothing is refused.

    :param what: how the options call the selector, for the message.
    :raises InvalidRequest: it names a VF that the PF has not.
    """
    beyond = None if num_vfs is None else selector.beyond(num_vfs)
    if beyond is not None:
        raise no_such_vf(f"{what}: {selector} names VF {beyond}", num_vfs or 0, beyond, label)


def no_such_vf(what: str, num_vfs: int, vf: int, label: str) -> InvalidRequest:
    """The refusal of what speaks of a VF that the PF has not."""
    there_are = f"VF{'s 0 to' if num_vfs > 1 else ''} {num_vfs - 1}" if num_vfs else ""
    return InvalidRequest(
        what,
        device=label,
        why=f"the PF has {num_vfs} VF{'' if num_vfs == 1 else 's'}",
        remedy=f"ask for more (num_vfs: {vf + 1})" + (f", or name {there_are}" if there_are else ""),
    )
