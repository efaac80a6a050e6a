# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The indirection table that options mean, with the arithmetic of `ethtool -X`. Pure.

ethtool.c fill_indir_table(); net/ethtool: ethtool_rxfh_indir_default() is i % rings.
"""

from __future__ import annotations

import itertools
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence


def default_table(size: int, rings: int) -> tuple[int, ...]:
    """`ethtool -X DEV default`, and what most drivers fill in by themselves."""
    return equal_table(size, rings)


def block_table(size: int, rings: int) -> tuple[int, ...]:
    """What the other drivers fill in by themselves: each queue in one block."""
    return tuple(entry * rings // size for entry in range(size))


def equal_table(size: int, queues: int) -> tuple[int, ...]:
    """`ethtool -X DEV equal QUEUES`: the queues in turn."""
    return tuple(entry % queues for entry in range(size))


def weights_table(size: int, weights: Sequence[int]) -> tuple[int, ...]:
    """`ethtool -X DEV weight W0 W1 …`: for each queue a block of entries in proportion to its weight.

    :raises ValueError: all weights are zero, one is negative, or they add up to more than the table has entries.
    """
    total = sum(weights)
    if min(weights, default=0) < 0:
        raise ValueError("a weight is negative")
    if total == 0:
        raise ValueError("at least one weight must not be zero")
    if total > size:
        raise ValueError(f"the weights add up to {total}, more than the table's {size} entries")
    table: list[int] = []
    partial = 0
    for queue, weight in enumerate(weights):
        partial += weight
        table += [queue] * (size * partial // total - len(table))
    return tuple(table)


def ethtool_words(table: Sequence[int] | None) -> str:
    """What follows `ethtool -X DEV` for this table, or one that spreads as it does: not every order can be typed."""
    if table is None:
        return "default"
    queues = max(table) + 1
    if tuple(table) == equal_table(len(table), queues):
        return f"equal {queues}"
    return "weight " + " ".join(str(table.count(queue)) for queue in range(queues))


def spread(table: Sequence[int]) -> dict[int, int]:
    """How many entries each queue has."""
    return {queue: table.count(queue) for queue in sorted(set(table))}


def table_words(table: tuple[int, ...]) -> str:
    """ "equal 4", or the queues with the lengths of their blocks: "0*43 1*43 2*42"."""
    queues = max(table, default=-1) + 1
    if queues > 0 and table == equal_table(len(table), queues):
        return f"equal {queues}"
    return " ".join(f"{queue}*{len(list(block))}" for queue, block in itertools.groupby(table))
