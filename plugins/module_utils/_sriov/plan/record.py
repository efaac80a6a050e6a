# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a PF was before this collection changed it first, and which PFs a plan changes. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.new_vf import given_address
from ..knowledge.queues import driver_of, is_set_by_hand, own_table
from ..model.desired import NONE
from ..model.kept import KeptVf, Record
from ..model.queues import Rings
from ..model.rss_hash import present_hash
from ..model.unread import RULES
from ..steps.net import InsertRule, SetHash, SetRings, SetRss
from ..steps.pci import SetLink
from ..steps.xsk import SetNapi
from .check_taken import PARTS, access_of, same_card

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.flow import FlowRule
    from ..model.host import Device, Pf, State
    from ..model.kept import Taken
    from ..steps.pci import Step


def record_of(pf: Pf) -> Record:
    """The PF as it is."""
    queues = pf.queues
    return Record(
        pf.device.address,
        pf.perm_mac,
        pf.num_vfs,
        pf.drivers_autoprobe,
        channels=pf.combined,
        ntuple=queues.ntuple.on if queues.ntuple else None,
        table=queues.rss.table if queues.rss and is_set_by_hand(pf) else None,
        rules=queues.rules.rules if queues.rules else (),
        macs=tuple(vf.attributes.mac if vf.attributes else None for vf in pf.vfs),
        vfs=tuple(KeptVf(index, _words(pf, vf)) for index, vf in pf.by_index.items()),
        own_table=_kernels_table(pf),
        xsk=_xsk(pf),
    )


def _xsk(pf: Pf) -> tuple[str, int] | None:
    ours = pf.xsk.ours if pf.xsk else None
    return (ours.mode, pf.xsk.pins.group if pf.xsk and pf.xsk.pins else 0) if ours else None


def _kernels_table(pf: Pf) -> tuple[int, ...] | None:
    """The kernel's default, where the driver makes another by itself: somebody has asked for it, or it was so before
    the number of VFs changed."""
    rss, netdev = pf.queues.rss, pf.device.netdev
    if not rss or not rss.table or not netdev or not netdev.up or is_set_by_hand(pf) or max(rss.table) >= rss.rings:
        return None
    return rss.table if driver_of(pf).table_known and rss.table != own_table(pf) else None


def new_records(before: State, steps: Iterable[Step]) -> dict[str, Record]:
    """Of the PFs that the steps change, themselves or a VF of theirs: those that have none yet, or of which more is to
    be kept than there is."""
    by_pf: dict[str, list[Step]] = {}
    for step in steps:
        for word in ("address", "physfn"):
            by_pf.setdefault(getattr(step, word, None) or "", []).append(step)
    found = {}
    for address, pf in {**before.parents, **before.pfs}.items():
        there = before.records.get(address)
        if address in by_pf:
            old = there if there and _may_be_of(there, pf) else record_of(pf)
            new = _with_what_changes(old, pf, by_pf[address], before.taken.get(address))
            found.update({address: new} if new != there else {})
    return found


def outlived(after: State) -> list[str]:
    """PFs that are as they were before the first change: nothing of it is left.

    Only of those that are named: the others were looked at before the steps alone.
    """
    return [
        address
        for address, pf in after.pfs.items()
        if _is_as(pf, after.records.get(address)) and not pf.unknown(*PARTS)
    ]


def _words(pf: Pf, vf: Device) -> dict[str, t.Any]:
    """All that is told of a VF, by the options' words, and `up` of its interface; its address if it was given one."""
    given = given_address(pf, vf)
    words: dict[str, t.Any] = {"mac": given} if given else {}
    words.update(_told(vf), driver=vf.driver or NONE)
    if bypass_of(vf):
        words.update((word, value) for word, value in access_of(vf).items() if value is not None)
    elif vf.netdev:
        words.update(mtu=vf.netdev.mtu, up=vf.netdev.up)
    return words


def _told(vf: Device) -> dict[str, t.Any]:
    return {word: value for word, value in (vf.attributes.words() if vf.attributes else {}).items() if word != "mac"}


def _with_what_changes(record: Record, pf: Pf, steps: Iterable[Step], taken: Taken | None) -> Record:
    """What is kept only where a run changes it: others change it as well, or another boot does."""
    ours = [*_still_there(record.ours, pf, taken)]
    for step in steps:
        if isinstance(step, SetLink) and record.up is None:
            record = record._replace(up=not step.up)
        elif isinstance(step, SetRings) and record.rings is None:
            record = record._replace(rings=Rings(step.before.rx, step.before.tx))
        elif isinstance(step, SetHash):
            was, kept = step.before.like(step.change), record.hash
            fields = {**was.fields, **kept.fields}
            hashed = kept._replace(key=kept.key or was.key, function=kept.function or was.function, fields=fields)
            record = record._replace(hash=hashed)
        elif isinstance(step, SetRss) and not step.again:
            if record.own_table is None and _is_plain(record, pf):
                record = record._replace(own_table=pf.queues.rss.table if pf.queues.rss else None)
            record = _with_table_apart(record, step)
        elif isinstance(step, SetNapi):
            record = record._replace(napi={step.word: step.before, **record.napi})
        elif isinstance(step, InsertRule) and not step.again:
            ours.append(step.rule)
    return record._replace(ours=tuple(dict.fromkeys(ours)))


def _with_table_apart(record: Record, step: SetRss) -> Record:
    """With the table that comes back once no queue is for AF_XDP: somebody may have set it after the first change."""
    if not step.apart:
        return record._replace(apart=None, apart_of=None)
    made_of = record.apart_of if step.before == record.apart else step.before
    return record._replace(apart=step.table, apart_of=made_of)


def _is_plain(record: Record, pf: Pf) -> bool:
    """Whether its table is still the one of then, and nobody has set that by hand. While a PF is down it may say
    anything (ixgbe: zeros): its driver fills it in when it goes up."""
    there = (pf.num_vfs, pf.combined) == (record.num_vfs, record.channels)
    is_up = bool(pf.device.netdev and pf.device.netdev.up)
    return is_up and there and record.table is None and not is_set_by_hand(pf)


def _still_there(rules: Iterable[FlowRule], pf: Pf, taken: Taken | None) -> Iterable[FlowRule]:
    """Without those that have gone by now, with their VFs or otherwise."""
    if pf.queues.rules is None or pf.unknown(RULES):
        return rules
    there = {(rule.flow, rule.target) for rule in (*pf.queues.rules.rules, *(taken.rules if taken else ()))}
    return [rule for rule in rules if (rule.flow, rule.target) in there]


def _is_as(pf: Pf, record: Record | None) -> bool:
    """Whether the PF is as the record has it, in all that the record has."""
    if record is None:
        return False
    netdev, sizes, hashed = pf.device.netdev, pf.queues.ring_sizes, present_hash(pf.queues)
    fields: dict[str, t.Any] = {flow: hashed.fields.get(flow) for flow in record.hash.fields}
    napi: dict[str, t.Any] = {word: pf.xsk.napi.get(word) if pf.xsk else None for word in record.napi}
    now = record_of(pf)._replace(
        up=netdev.up if netdev and record.up is not None else None,
        rings=Rings(sizes.rx, sizes.tx) if sizes and record.rings else None,
        hash=hashed._replace(fields=fields).like(record.hash),
        ours=record.ours,
        own_table=record.own_table and (pf.queues.rss.table if pf.queues.rss else None),
        apart=record.apart,
        apart_of=record.apart_of,
        napi=napi,
    )
    now, then = (each._replace(vfs=_without_given(each.vfs)) for each in (now, record))
    return then in (now, now._replace(vfs=()))  # one of an earlier version has nothing of VFs but their addresses


def _without_given(vfs: Iterable[KeptVf]) -> tuple[KeptVf, ...]:
    """Which addresses were given is asked only before a first change; all that are told are in `macs`."""
    return tuple(KeptVf(each.vf, {**each.said, "mac": None}) for each in vfs)


def _may_be_of(record: Record, pf: Pf) -> bool:
    """Another card in its place was never changed; what may be of this one is not written over."""
    return same_card(record.perm_mac, pf) is not False
