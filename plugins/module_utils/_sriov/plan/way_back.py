# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The way back from a plan: what the host was, as a desired state, and what no desired state brings back. Pure.

It names what any of the plan's steps changes, also on the way: the plan may end at each of them.
"""

from __future__ import annotations

import itertools
import typing as t

from ..errors import InUse, NotKnown, WouldDestroy
from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.queues import is_set_by_hand
from ..model.attributes import DEFAULTS, VfAttributes
from ..model.consent import CONSENTS
from ..model.desired import NONE, Desired, DesiredPf, DesiredRss, DesiredRules, DesiredVfs
from ..model.mac import ZERO
from ..model.paths import no_iommu_node
from ..model.queues import Rings
from ..model.rss_hash import Hash
from ..model.selector import Selector
from ..model.xsk import DesiredXsk
from ..steps.net import SetHash, SetRings
from ..steps.pci import Bind, Reload, SetNode, SetNumVfs, Unbind
from ..steps.units import StopUnit
from .after import after
from .check_taken import access_of
from .stage import AS_IT_WAS, vf_words
from .taken import promised, promised_vfs

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..errors import SriovError
    from ..model.host import Device, Pf, State
    from ..model.kept import Taken
    from ..model.xsk import Xsk
    from ..steps.pci import Plan, Step

    Words = t.Dict[str, t.Any]

NO_WAY_BACK = "confirm: there is no way back"
LEFT_OUT = "leave out confirm"
TAKES_DRIVER = (Bind, Unbind, Reload)
TOGETHER = (("vlan", "qos", "vlan_proto"), ("min_tx_rate", "max_tx_rate"))


def goal_of(before: State) -> State:
    """Where the way back leads to: what an earlier run had taken for a while, and this one puts back, stays."""
    return promised(before)


def way_back(before: State, plan: Plan) -> Desired:
    """What the host was, of the PFs that the plan changes.

    Services that handed over what they have do it once more.
    """
    states = _states(before, plan)
    release = frozenset(step.unit for step in plan.steps if isinstance(step, StopUnit))
    found = []
    for pf in before.pfs:
        mine = _steps_of(pf, plan)
        if mine:
            wish = leading_to([state.pfs[pf] for state in states], mine)._replace(release=release)
            found.append(wish._replace(vfs=(*wish.vfs, *_put_back(before, wish))))
    return Desired(tuple(found))


def _put_back(before: State, wish: DesiredPf) -> tuple[DesiredVfs, ...]:
    """What VFs get of what an earlier run has taken from them: a later entry counts."""
    pf = before.pfs[wish.pf]
    return promised_vfs(before.taken.get(wish.pf), pf, pf, DesiredPf(wish.pf))


def without_undo(before: State, plan: Plan) -> list[SriovError]:
    """Why there is no way back from the plan."""
    states = _states(before, plan)
    released = {step.unit for step in plan.steps if isinstance(step, StopUnit)}
    found: list[SriovError] = []
    for address, pf in before.pfs.items():
        steps = _steps_of(address, plan)
        if steps:
            found += [
                *_destroyed(pf, steps),
                *_owed(pf, before.taken.get(address), states[-1].pfs[address]),
                *_taken(pf, steps, released),
                *_untold(pf, [state.pfs[address] for state in states]),
            ]
            found += _doubled(pf, [state.pfs[address] for state in states])
            found += [_unread(pf, each.why) for each in pf.unread[:1]]
    return found


def lesser(desired: DesiredPf) -> list[DesiredPf]:
    """What to be content with, one after the other, where that is refused: as a program has a VF open, for instance.

    Without the PF down; without VFs; without what resets the PF, so that frames at least go where they went.
    """
    as_it_is = desired._replace(up=None)
    with_vfs = as_it_is._replace(num_vfs=None, drivers_autoprobe=None, vfs=())
    table = desired.rss and desired.rss._replace(channels=None, rings=None)
    return [as_it_is, with_vfs, with_vfs._replace(ntuple=None, rss=table)]


def _states(before: State, plan: Plan) -> list[State]:
    """The first is the goal."""
    return [goal_of(before), *itertools.accumulate(plan.steps, after, initial=before)]


def _steps_of(pf: str, plan: Plan) -> list[Step]:
    return [step for step in plan.steps if pf in (getattr(step, "address", None), getattr(step, "physfn", None))]


def _destroyed(pf: Pf, steps: Sequence[Step]) -> Iterator[SriovError]:
    """They could be created again, as new devices: without addresses, and without whoever used them."""
    for step in steps:
        if isinstance(step, SetNumVfs) and step.destroys:
            yield WouldDestroy(
                NO_WAY_BACK,
                device=pf.label,
                why=f"VFs would be destroyed that come back as new devices only: {', '.join(step.destroys)}",
                remedy=LEFT_OUT,
            )


def _owed(pf: Pf, owed: Taken | None, last: Pf) -> Iterator[SriovError]:
    """VFs that an earlier run has taken: created now and removed again, nobody would know any more what they had."""
    lost = [each.vf for each in owed.vfs if pf.num_vfs <= each.vf < last.num_vfs] if owed else []
    if lost:
        yield WouldDestroy(
            NO_WAY_BACK,
            device=pf.label,
            why=f"an earlier run did not come to its end, and VFs are put back: {', '.join(map(str, lost))}",
            remedy=f"{LEFT_OUT} once",
        )


def _taken(pf: Pf, steps: Sequence[Step], released: set[str]) -> Iterator[SriovError]:
    """:param released: services that are started again, with what they had."""
    taken = {step.address for step in steps if isinstance(step, TAKES_DRIVER)}
    for vf in (vf for vf in pf.vfs if vf.address in taken):
        holders = [holder.text for holder in vf.holders if holder.unit not in released]
        if not holders:
            continue
        yield InUse(
            NO_WAY_BACK,
            device=pf.label,
            why=f"{vf_words(vf)} would be taken from who uses it, and would not be given back: {'; '.join(holders)}",
            remedy=f"release it, or {LEFT_OUT}",
            holders=holders,
        )


def _untold(pf: Pf, states: Sequence[Pf]) -> Iterator[SriovError]:
    """Attributes that would be set, and of which it is not known what they were, or that cannot be set so again."""
    for index, vf in enumerate(pf.vfs):
        names = [name for name in _changed_attributes(index, states) if not _can_be_said(vf, name)]
        if names:
            yield NotKnown(
                NO_WAY_BACK,
                device=pf.label,
                why=f"what {', '.join(names)} of {vf_words(vf)} is now cannot be set again",
                remedy=LEFT_OUT,
            )


def _doubled(pf: Pf, states: Sequence[Pf]) -> Iterator[SriovError]:
    """Two rules for one flow, of which the first counts: a desired state has one rule a flow."""
    rules = _rules(states)
    there = pf.queues.rules.rules if pf.queues.rules else ()
    for lost in rules.rules if rules else ():
        same = [rule for rule in there if rule.flow == lost.flow]
        if len(same) > 1:
            yield WouldDestroy(
                NO_WAY_BACK,
                device=pf.label,
                why=f"flow rules {' and '.join(str(rule.location) for rule in same)} are for one flow: {lost}",
                remedy=f"remove all but one of them, or {LEFT_OUT}",
            )
            return


def _unread(pf: Pf, why: str) -> NotKnown:
    return NotKnown(
        NO_WAY_BACK,
        device=pf.label,
        why=f"what it is now is not known: {why}",
        remedy=f"run it again, and see dmesg; or {LEFT_OUT}",
    )


def leading_to(states: Sequence[Pf], steps: Sequence[Step] | None = None) -> DesiredPf:
    """A desired state that leads to the first of these, from any of the others. With every consent.

    :param steps: by which it becomes the others; None: what VFs have by their drivers is told by comparing.
    """
    first = states[0]
    is_pf = first.device.num_vfs is not None
    up = first.device.netdev.up if first.device.netdev else None
    was_up = {each.device.netdev.up for each in states if each.device.netdev}
    return DesiredPf(
        first.device.address,
        port=first.device.port,
        num_vfs=first.num_vfs if is_pf else None,
        drivers_autoprobe=first.drivers_autoprobe if is_pf else None,
        up=None if len(was_up) < 2 else up,
        vfs=tuple(_entries(states, steps)),
        rss=_rss(states, steps or ()),
        rules=_rules(states),
        ntuple=_ntuple(states),
        allow=frozenset(CONSENTS),
        as_it_was=True,
        xsk=_xsk(states),
    )


def _entries(states: Sequence[Pf], steps: Sequence[Step] | None) -> Iterator[DesiredVfs]:
    for index, vf in enumerate(states[0].vfs):
        mine = None if steps is None else [step for step in steps if getattr(step, "address", None) == vf.address]
        words = {**_attributes(vf, index, states), **_of_driver(vf, index, states, mine)}
        if words:
            yield DesiredVfs(Selector(((index, index),)), words, AS_IT_WAS)


def _vf_states(index: int, states: Sequence[Pf]) -> list[Device]:
    return [pf.vfs[index] for pf in states if index < len(pf.vfs)]


def _changed_attributes(index: int, states: Sequence[Pf]) -> list[str]:
    first, *others = [vf.attributes or VfAttributes() for vf in _vf_states(index, states)]
    return sorted({name for each in others for name in each.missing(first).words()})


def _can_be_said(vf: Device, name: str) -> bool:
    value = getattr(vf.attributes or VfAttributes(), name)
    return value != ZERO and (value is not None or name in DEFAULTS)


def _attributes(vf: Device, index: int, states: Sequence[Pf]) -> Words:
    changed = set(_changed_attributes(index, states))
    for group in TOGETHER:
        changed |= {*group} if changed & {*group} else set()
    told = {**DEFAULTS, **(vf.attributes or VfAttributes()).words()}
    return {name: told[name] for name in changed if told.get(name) not in (None, ZERO)}


def _of_driver(vf: Device, index: int, states: Sequence[Pf], steps: Sequence[Step] | None) -> Words:
    """Its driver, and what it has by that."""
    words: Words = {}
    others = _vf_states(index, states)[1:]
    if steps is None:
        taken = any(each.driver != vf.driver for each in others)
        opened = any(access_of(each) != access_of(vf) for each in others)
    else:
        taken = any(isinstance(step, TAKES_DRIVER) for step in steps)
        opened = any(isinstance(step, SetNode) for step in steps)
    if taken:
        words["driver"] = vf.driver or NONE
    mtus = {each.netdev.mtu for each in (vf, *others) if each.netdev}
    if vf.netdev and not bypass_of(vf) and (taken or len(mtus) > 1):
        words.update({"mtu": vf.netdev.mtu} if vf.netdev.mtu else {}, **({"up": True} if vf.netdev.up else {}))
    if vf.driver and bypass_of(vf) and (taken or opened):
        node = {"owner": vf.dev_owner, "group": vf.dev_group, "mode": vf.dev_mode}
        words.update({"driver": vf.driver}, **{word: value for word, value in node.items() if value is not None})
        if vf.iommu_group is not None and vf.dev_node == no_iommu_node(vf.iommu_group):
            words["no_iommu"] = True
    return words


def _rss(states: Sequence[Pf], steps: Sequence[Step]) -> DesiredRss | None:
    first = states[0]
    channels = first.combined if first.combined and len({each.combined for each in states}) > 1 else None
    sizes = next((step.before for step in steps if isinstance(step, SetRings)), None)
    hashes = [step.before.like(step.change) for step in steps if isinstance(step, SetHash)]
    verb, numbers = _table(states)
    if not (channels or sizes or hashes or verb):
        return None
    rings = Rings(sizes.rx, sizes.tx) if sizes else None
    return DesiredRss(channels, verb, numbers, rings=rings, hash=hashes[0] if hashes else Hash())


def _table(states: Sequence[Pf]) -> tuple[str | None, tuple[int, ...]]:
    """A table that somebody has set; the driver's own comes back by itself where nobody has set one since."""
    first = states[0]
    if first.queues.rss is None or len({each.queues.rss.table for each in states if each.queues.rss}) < 2:
        return None, ()
    # Entry by entry, the driver's own too: "default" is the kernel's order, which not every driver has by itself.
    by_hand = is_set_by_hand(first) or is_set_by_hand(states[-1])
    return ("table", first.queues.rss.table) if by_hand else (None, ())


def _rules(states: Sequence[Pf]) -> DesiredRules | None:
    """Those that any of the states lacks are asked for; the others stay, also where nobody could ask for them."""
    first, each = states[0].queues, [pf.queues.rules.rules for pf in states if pf.queues.rules]
    if first.rules is None or len({*each}) < 2:
        return None
    if first.rules.rules and first.ntuple and not first.ntuple.on:
        return None  # none of them is in force, and none could be asked for
    spared = tuple(rule for rule in first.rules.rules if all(rule in rules for rules in each))
    lost = tuple(rule for rule in first.rules.rules if rule not in spared)
    names = tuple(f"rules[{number}]" for number in range(len(lost)))
    return DesiredRules(lost, names, exclusive=True, spared=spared)


def _xsk(states: Sequence[Pf]) -> DesiredXsk | None:
    """No queues: the table is asked for by its entries."""
    told = [pf.xsk for pf in states if pf.xsk]
    if len({(each.pins, _ours(each), *sorted(each.napi.items())) for each in told}) < 2:
        return None
    first = told[0]
    there, pins = first.ours, first.pins
    if there and there.pinned:
        return DesiredXsk(group=pins.group if pins else 0, mode=there.mode, napi=first.napi)
    return DesiredXsk(napi=first.napi, absent=True)


def _ours(xsk: Xsk) -> tuple[str, bool] | None:
    """Without its number, which another one of ours in its place does not have."""
    return (xsk.ours.mode, xsk.ours.pinned) if xsk.ours else None


def _ntuple(states: Sequence[Pf]) -> bool | None:
    first = states[0].queues.ntuple
    if first is None or not first.changeable:
        return None
    return first.on if len({each.queues.ntuple.on for each in states if each.queues.ntuple}) > 1 else None
