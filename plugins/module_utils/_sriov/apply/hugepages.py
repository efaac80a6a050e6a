# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Takes hugepages by node, reads back how many there are, and tries again: memory comes together in the background."""

from __future__ import annotations

import time
import typing as t

from ..errors import InUse, NotReached
from ..kernel.deadline import Deadline
from ..model.kernel_arguments import size_text
from ..model.platform import Pages

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

AGAIN = 1.0  # seconds until the next try
TRIES_FOR = 60.0  # seconds; fragmentation that lasts longer stays
TO_END = 10.0  # seconds that a run needs for the rest


class Shortage(t.NamedTuple):
    """Fewer pages than asked for.

    :param free_kb: memory that the node has free all the same, in pieces that are too small.
    """

    pages: Pages
    got: int
    free_kb: int

    def __str__(self) -> str:
        node, size_kb, count = self.pages
        where = "the host" if node < 0 else f"node {node}"
        return f"{where}: {self.got} of {count} pages of {size_text(size_kb)}, with {self.free_kb >> 10} MiB free"


def allocate(
    kernel: Kernel, wanted: t.Sequence[Pages], deadline: Deadline, tries_for: float = TRIES_FOR
) -> list[Shortage]:
    """Have at least so many pages; pools that have more keep them.

    Also for the program that runs at the boot, with what model/platform_kept.py says is wanted.

    :param deadline: of all of it; the kernel takes seconds for a number that is hard to reach.
    :param tries_for: seconds for which it is tried again. Each is tried once in any case.
    :raises KernelRefused, StillInKernel: a number was not taken.
    :raises NotKnown: how many there are cannot be read.
    """
    pools = {(each.node, each.size_kb): each.nr for each in kernel.platform.pools()}
    got = {each: pools.get(each.pool, 0) for each in wanted}
    tries = Deadline(min(tries_for, deadline.left() - TO_END))
    while True:
        short = [each for each in wanted if got[each] < each.number]
        for each in short:
            got[each] = kernel.platform.set_pages(*each, timeout=deadline.left())
        short = [each for each in short if got[each] < each.number]
        if not short or tries.left() < AGAIN:
            break
        time.sleep(AGAIN)
    free = {node.number: node.free for node in kernel.platform.nodes()} if short else {}
    return [Shortage(each, got[each], free.get(each.node, 0)) for each in short]


def lower(kernel: Kernel, pages: Pages, deadline: Deadline) -> None:
    """Give pages back.

    :raises InUse: fewer than are in use by now.
    :raises KernelRefused, StillInKernel: the number was not taken.
    """
    pool = next((each for each in kernel.platform.pools() if (each.node, each.size_kb) == pages.pool), None)
    if pool is not None and pages.number < pool.in_use:
        raise InUse(
            f"hugepages of {size_text(pages.size_kb)} of node {pages.node}: {pages.number} are fewer than are in use",
            why=f"{pool.in_use} of {pool.nr} are in use by now",
            remedy="run it again when the programs that use them have ended",
            holders=[f"{pool.in_use} pages of running programs"],
        )
    kernel.platform.set_pages(*pages, timeout=deadline.left())


def short_of(shortages: t.Sequence[Shortage]) -> NotReached:
    return NotReached(
        f"hugepages: {'; '.join(map(str, shortages))}",
        why="what is free lies in pieces that are too small, or is held",
        remedy="boot, since memory is in one piece then; or ask for fewer",
    )
