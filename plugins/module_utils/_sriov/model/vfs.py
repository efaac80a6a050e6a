# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""From the entries of a list of VFs to what is desired of each VF: a later entry refines a wider one. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import fields

from .attributes import VfAttributes
from .desired import DEFAULT, NO_DRIVER_NAMES, NONE, DesiredVf, Node

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .desired import DesiredVfs
    from .host import Device

NODE_WORDS = ("owner", "group", "mode", "no_iommu")  # they are of a driver
ATTRIBUTES = tuple(field.name for field in fields(VfAttributes))

Said = t.Dict[str, t.Tuple[t.Any, "DesiredVfs"]]
"""What is said of one VF: each word's value, and the entry that says it."""


def count_of_vfs(number: int) -> str:
    """ "1 VF", "4 VFs"."""
    return f"{number} VF{'' if number == 1 else 's'}"


def said_of(entries: Iterable[DesiredVfs], index: int) -> Said:
    """The entries joined, the last word counting; check.py has refused those that contradict each other.

    Another driver takes back what was said of the node of the one before, if that is one that may have a node.
    """
    found: Said = {}
    for entry in (entry for entry in entries if entry.vf.names(index)):
        before = found["driver"][0] if "driver" in found else None
        if before not in (None, *NO_DRIVER_NAMES) and before != entry.said.get("driver", before):
            found = {word: each for word, each in found.items() if word not in NODE_WORDS}
        found.update({word: (value, entry) for word, value in entry.said.items()})
    return {word: each for word, each in found.items() if each[0] is not None}


def driver_of(vf: Device, word: str) -> str | None:
    """The driver that a word of a request, or of the journal, means for a VF; None for none."""
    return {DEFAULT: vf.default_driver, NONE: None}.get(word, word)


def desired_by_vf(entries: Sequence[DesiredVfs], num_vfs: int) -> dict[int, DesiredVf]:
    """What is desired of each VF of which something is said, by its index, ascending; of VFs that are there alone."""
    named = sorted({index for entry in entries for index in entry.vf.indices(num_vfs)})
    return {index: _desired_vf(said_of(entries, index)) for index in named}


def turning_points(entries: Iterable[DesiredVfs], num_vfs: int | None) -> list[int]:
    """One VF of each run of VFs that the same entries name; the last one stands for all that only "all" names."""
    ranges = [each for entry in entries for each in entry.vf.ranges or ()]
    points = {0, *(first for first, _last in ranges), *(last + 1 for _first, last in ranges)}
    return sorted(point for point in points if num_vfs is None or point < num_vfs)


def _desired_vf(said: Said) -> DesiredVf:
    values = {word: value for word, (value, _entry) in said.items()}
    return DesiredVf(
        attributes=VfAttributes(**{word: values.get(word) for word in ATTRIBUTES}),
        mtu=values.get("mtu"),
        driver=values.get("driver"),
        node=Node(values.get("owner"), values.get("group"), values.get("mode")),
        no_iommu=values.get("no_iommu", False),
        up=values.get("up"),
    )
