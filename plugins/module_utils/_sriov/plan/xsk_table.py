# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which RSS table queues for AF_XDP imply, and which one comes back without them. Pure: no I/O, no clock."""

from __future__ import annotations

import itertools
import typing as t

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.queues import is_set_by_hand, own_table
from ..model.desired import DesiredRss
from ..model.rss_table import default_table, spread, weights_table

if t.TYPE_CHECKING:
    from collections.abc import Collection

    from ..model.desired import DesiredPf
    from ..model.host import Pf
    from ..model.kept import Record
    from ..model.xsk import DesiredXsk

    Table = t.Tuple[int, ...]


def with_table_apart(before: Pf, now: Pf, desired: DesiredPf, record: Record | None) -> DesiredPf:
    """The desired state with the table that its queues for AF_XDP imply, where it says none itself.

    :param before: the PF before the plan.
    :param now: after the steps that may have dropped the table.
    :param record: knows the table that there was before this collection took queues out, and what it made of it.
    :raises SriovError: a queue cannot be taken out of the table.
    """
    wanted, rss = desired.xsk, desired.rss or DesiredRss()
    if wanted is None or rss.verb or not (wanted.queues or wanted.absent):
        return desired
    there, plain = _set_before(before), _without_ours(before, now, record)
    table = plain.table
    if wanted.queues:
        table = _apart(now, wanted, plain)
    if table == there or (not plain.replaced and table == plain.table):
        return desired  # it is there, or is put back as somebody's
    verb = "table" if table == plain.table else "apart"
    if table == plain.table == default_table(len(table), now.queues.rss.rings if now.queues.rss else 1):
        verb, table = "default", ()
    return desired._replace(rss=rss._replace(verb=verb, numbers=table))


class Plain(t.NamedTuple):
    """A table as it is without queues for AF_XDP; empty where there is none.

    :param by_hand: somebody has set it.
    :param replaced: one that this collection made of it is there.
    """

    table: Table
    by_hand: bool
    replaced: bool = False


def _without_ours(before: Pf, now: Pf, record: Record | None) -> Plain:
    rss, there = now.queues.rss, _set_before(before)
    if rss is None:
        return Plain((), False)
    if there is None:
        return Plain(rss.table, False)
    if record is None or there != record.apart:
        return Plain(there, True)
    for table, by_hand in ((record.apart_of, True), (record.own_table, False)):
        if table and len(table) == len(rss.table) and max(table) < rss.rings:
            return Plain(table, by_hand, replaced=True)
    return Plain(own_table(now), False, replaced=True)


def _apart(now: Pf, wanted: DesiredXsk, plain: Plain) -> Table:
    """:raises SriovError: nothing would be left, or there is no table."""
    if not plain.table or now.queues.rss is None:
        raise _no_table(now, wanted)
    if not {*plain.table} & {*wanted.queues}:
        return plain.table
    found = apart(plain.table, now.queues.rss.rings, wanted.queues, plain.by_hand)
    if found is None:
        raise InvalidRequest(
            f"{wanted.place}queues: nothing would be left to the kernel",
            device=now.label,
            why=f"the RSS table names no queue but {', '.join(map(str, sorted({*plain.table})))}",
            remedy="leave a queue to the kernel",
        )
    return found


def apart(table: Table, rings: int, queues: Collection[int], by_hand: bool) -> Table | None:
    """A table without these queues; None where it would name none.

    What somebody has set keeps its entries for other queues.

    :param rings: queues of the RSS group.
    """
    if not by_hand:
        weights = [int(queue not in queues) for queue in range(rings)]
        return weights_table(len(table), weights) if any(weights) else None
    left = sorted({*table} - {*queues})
    if not left:
        return None
    turn = itertools.cycle(left)
    return tuple(next(turn) if queue in queues else queue for queue in table)


def _set_before(before: Pf) -> Table | None:
    """A table that somebody had set when the plan began."""
    return before.queues.rss.table if before.queues.rss and is_set_by_hand(before) else None


def _no_table(pf: Pf, wanted: DesiredXsk) -> NotSupported:
    return NotSupported(
        f"{wanted.place}queues: cannot be taken out of RSS",
        device=pf.label,
        why=f"driver {pf.device.driver} has no RSS table, and frames of others would come to them",
        remedy="use another NIC",
    )


def shares_left(pf: Pf, desired: DesiredPf) -> Faults:
    """Refusals where the table that is asked for gives a queue for AF_XDP frames of others.

    :param pf: with its table as it will be.
    """
    faults, wanted, rss = Faults(), desired.xsk, pf.queues.rss
    if wanted is None or wanted.absent or rss is None or not (desired.rss and desired.rss.verb):
        return faults
    shares = spread(rss.table)
    for queue in (queue for queue in wanted.queues if queue in shares):
        faults.add(
            InvalidRequest(
                f"{wanted.place}queues: queue {queue} has a share of the RSS table",
                device=pf.label,
                why=f"{desired.rss.verb} gives it {shares[queue]} of {len(rss.table)} entries",
                remedy="leave it out there, or leave the table out",
            )
        )
    return faults
