# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What module info compares a host with."""

from __future__ import annotations

import re
import typing as t

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.errors import InvalidRequest
from .._sriov.faults import Faults
from .._sriov.model.compared import Pages, Wanted
from .request import MODULES, desired_state

if t.TYPE_CHECKING:
    from .options import Params

SIZE = re.compile(r"([1-9][0-9]*) *([kKMG])i?B?")
KILOBYTES = {"k": 1, "M": 1 << 10, "G": 1 << 20}


def wanted(given: Params) -> Wanted:
    """:raises SriovError: all that is wrong with it."""
    faults, desired, pages = Faults(), None, []
    with faults.gathered():
        if given["pfs"]:
            desired = desired_state(MODULES["host"], {"pfs": given["pfs"]})
    for number, each in enumerate(given["hugepages"]):
        with faults.gathered():
            pages += _pages(f"compared_with.hugepages[{number}]", each)
    faults.tell()
    return Wanted(desired, tuple(pages), given["boot"], given["only_owner"])


def _pages(place: str, given: Params) -> list[Pages]:
    """:raises InvalidRequest: it means no pages."""
    size = SIZE.fullmatch(given["size"].strip())
    if size is None:
        raise InvalidRequest(f"{place}.size: {given['size']!r} is no size of a page", remedy="write it as in 2M or 1G")
    size_kb = int(size.group(1)) * KILOBYTES[size.group(2).replace("K", "k")]
    nodes = {None: given["count"]} if given["count"] is not None else given["nodes"] or {}
    if not nodes or (given["count"] is not None and given["nodes"]):
        raise InvalidRequest(f"{place}: how many pages is not said", why="it is one of count and nodes, not both")
    return [_of_node(place, size_kb, node, count) for node, count in nodes.items()]


def _of_node(place: str, size_kb: int, node: t.Any, count: t.Any) -> Pages:
    """:raises InvalidRequest: one of them is no number."""
    try:
        return Pages(size_kb, int(count), None if node is None else int(node))
    except (TypeError, ValueError):
        what = f"{place}.nodes: {node!r}: {count!r} is no node and its number of pages"
        raise InvalidRequest(what, remedy="write it as in {0: 512}") from None
