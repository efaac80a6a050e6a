# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What steps on queues and flow rules lead to: a part of after.py. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..knowledge.queues import driver_of, own_table, queues_after_reopening
from ..model.queues import RuleTable
from ..model.rss_table import default_table

if t.TYPE_CHECKING:
    from ..model.host import Pf, State
    from ..model.queues import Queues, Rss
    from ..steps import net


def set_channels(state: State, step: net.SetChannels) -> State:
    pf = state.pfs[step.address]
    return _with_queues(state, step.address, queues_after_reopening(pf, pf.num_vfs, step.combined))


def set_rings(state: State, step: net.SetRings) -> State:
    """ixgbe_set_ringparam() takes the PF down and up again: rules are written again, the table is the driver's."""
    pf = state.pfs[step.address]
    netdev, queues = pf.device.netdev, pf.queues._replace(ring_sizes=step.after)
    if driver_of(pf).reopens and netdev and netdev.up:
        queues = with_own_table(pf, queues)
    return _with_queues(state, step.address, queues)


def set_ntuple(state: State, step: net.SetNtuple) -> State:
    """Drivers that reset the PF for it write their own table; others write the same again."""
    pf = state.pfs[step.address]
    queues = pf.queues._replace(ntuple=pf.queues.ntuple._replace(on=step.on)) if pf.queues.ntuple else pf.queues
    if driver_of(pf).ntuple_resets and driver_of(pf).reopens:
        queues = with_own_table(pf, queues)
    return _with_queues(state, step.address, queues)


def set_rss(state: State, step: net.SetRss) -> State:
    queues = state.pfs[step.address].queues
    rss = t.cast("Rss", queues.rss)
    table = default_table(len(rss.table), rss.rings) if step.table is None else step.table
    return _with_queues(state, step.address, queues._replace(rss=rss._replace(table=table)))


def set_hash(state: State, step: net.SetHash) -> State:
    queues, change = state.pfs[step.address].queues, step.change
    rss = queues.rss
    if rss is not None:
        rss = rss._replace(key=change.key or rss.key, hash_function=change.function or rss.hash_function)
    fields = {**queues.hash_fields, **change.fields}
    return _with_queues(state, step.address, queues._replace(rss=rss, hash_fields=fields))


def delete_rule(state: State, step: net.DeleteRule) -> State:
    queues = state.pfs[step.address].queues
    table = t.cast(RuleTable, queues.rules)
    place = [rule.location for rule in table.rules].index(step.rule.location)
    rules = (*table.rules[:place], *table.rules[place + 1 :])
    return _with_queues(state, step.address, queues._replace(rules=table._replace(rules=rules)))


def insert_rule(state: State, step: net.InsertRule) -> State:
    """At the end: results list rules by location."""
    queues = state.pfs[step.address].queues
    table = t.cast(RuleTable, queues.rules)
    rules = table.rules
    if step.replaces is not None:
        rules = tuple(rule for rule in rules if rule.location != step.replaces.location)
    return _with_queues(state, step.address, queues._replace(rules=table._replace(rules=(*rules, step.rule))))


def with_own_table(pf: Pf, queues: Queues) -> Queues:
    return queues._replace(rss=queues.rss._replace(table=own_table(pf))) if queues.rss else queues


def without_rules(queues: Queues) -> Queues:
    return queues._replace(rules=queues.rules._replace(rules=())) if queues.rules else queues


def _with_queues(state: State, address: str, queues: Queues) -> State:
    return state.with_pf(replace(state.pfs[address], queues=queues))
