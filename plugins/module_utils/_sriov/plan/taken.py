# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a plan takes away for a while: there before and after it, and not all the time. Pure: no I/O, no clock.

It is written down before the first step, so that a run that is killed, or fails, has not lost it for good.
"""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import replace

from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.queues import is_set_by_hand, predict_combined, without_choice
from ..model.desired import DEFAULT, NONE, DesiredVfs
from ..model.kept import KeptVf, Taken
from ..model.selector import Selector
from ..model.unread import CHANNELS, RSS, RULES
from ..model.vfs import driver_of, said_of
from ..steps.pci import Bind, Reload, Unbind
from .after import DEFAULT_ACCESS, DEFAULT_MTU, after
from .check_taken import OF_DRIVER, by_vf, kept_vf, merged, not_contradicted, owed_words, same_card
from .stage import AS_IT_WAS, Stage, check_known

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..errors import SriovError
    from ..model.desired import Desired, DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Device, Pf, State
    from ..model.vfs import Said
    from ..steps.pci import Plan

ON_THE_WAY = (Bind, Reload, Unbind)  # they leave a VF without a driver, until they have ended
NEW_ACCESS = tuple(DEFAULT_ACCESS.values())
_TOOK = "an earlier run did not come to its end, and what it has taken:"
_AWAY = "its interface is elsewhere, or its driver gives it none"


def what_is_taken(before: State, plan: Plan) -> list[Taken]:
    """Of each PF that loses something on the way.

    :param before: the host as it was.
    """
    wanted, states = promised(before), list(itertools.accumulate(plan.steps, after, initial=before))
    unsettled = {step.address for step in plan.steps if isinstance(step, ON_THE_WAY)}
    words = tuple(map(str, plan.steps))
    found = [
        _of_pf(wanted.pfs[pf], [state.pfs[pf] for state in states], plan.kept.get(pf, ()), unsettled)
        for pf in before.pfs
    ]
    found += [_of_parent(before.parents[pf], before, states[-1], unsettled) for pf in before.parents]
    return [each._replace(steps=words) for each in found if not each.is_empty]


def to_note(before: State, plan: Plan, desired: Desired) -> list[Taken]:
    """That, beside what an earlier run has taken and this one does not decide itself."""
    wishes = {each.pf: each for each in desired.pfs}
    found = []
    for each in what_is_taken(before, plan):
        old, pf = before.taken.get(each.pf), before.pfs.get(each.pf)
        if old is not None and not (pf and same_card(old.perm_mac, pf) is False):
            each = merged(each, not_contradicted(old, wishes[each.pf]) if each.pf in wishes else old)
        found.append(each)
    return found


def _of_parent(parent: Pf, first: State, last: State, unsettled: set[str]) -> Taken:
    """Of a PF of which only VFs are named, by themselves."""
    mine = [vf for vf in first.devices.values() if vf.physfn == parent.device.address and vf.address in unsettled]
    words = [KeptVf(vf.vf, *_of_driver(vf, last.devices[vf.address])) for vf in mine if vf.vf is not None]
    return Taken(parent.device.address, parent.perm_mac, vfs=tuple(kept for kept in words if kept.said))


def promised_vfs(missing: Taken | None, before: Pf, now: Pf, desired: DesiredPf) -> tuple[DesiredVfs, ...]:
    """What VFs shall have for an earlier run's sake, in words that the request does not say.

    :param before: the PF as it was found.
    :param now: after the steps that make and remove VFs.
    """
    found = []
    for kept in missing.vfs if missing and same_card(missing.perm_mac, now) else ():
        if kept.vf >= len(now.vfs):
            continue
        vf, said = (before if kept.vf < len(before.vfs) else now).vfs[kept.vf], said_of(desired.vfs, kept.vf)
        not_owed = {*said, "mac"} if desired.as_it_was else {*said}
        words = {word: value for word, value in owed_words(now, vf, kept).items() if word not in not_owed}
        if _gets_another(vf, kept, said):
            words = {word: value for word, value in words.items() if word not in OF_DRIVER}
        if words:
            found.append(DesiredVfs(Selector(((kept.vf, kept.vf),)), words, AS_IT_WAS))
    return tuple(found)


def _gets_another(vf: Device, kept: KeptVf, said: Said) -> bool:
    """Whether the request gives it another driver than it had."""
    if "driver" not in said:
        return False
    return driver_of(vf, said["driver"][0]) != driver_of(vf, kept.said.get("driver", DEFAULT))


def check_promised(missing: Taken | None, pf: Pf) -> Stage:
    """What an earlier run has taken can be put back only where it is seen what is missing of it.

    :raises NotKnown: it cannot be seen now; else it would be forgotten with the end of this run.
    """
    card = same_card(missing.perm_mac, pf) if missing else False
    if missing is None or card is False:
        return Stage()
    if card is None:
        return Stage((), [f"{_TOOK} {pf.label} is not put back: whether it is still that card is not known ({_AWAY})"])
    if missing.rules:
        check_known(pf, f"{_TOOK} its flow rules cannot be put back", RULES)
    if missing.table:
        check_known(pf, f"{_TOOK} its RSS table cannot be put back", RSS)
    if missing.channels:
        check_known(pf, f"{_TOOK} its channels cannot be put back", CHANNELS)
    return Stage()


def channels_owed(missing: Taken | None, pf: Pf, desired: DesiredPf) -> int | None:
    """Channels that somebody had set, and that an earlier run had not come to set again; None where none are missing,
    the request decides, or somebody has set others since then."""
    wanted = missing.channels if missing and same_card(missing.perm_mac, pf) else None
    if desired.num_vfs is not None or (desired.rss and desired.rss.channels is not None):
        return None
    return None if pf.combined == wanted or pf.combined != _chosen_by_driver(pf) else wanted


def channels_not_back(pf: Pf, wanted: int, why: SriovError) -> str:
    """Nobody has asked for them now: that they cannot be had, or that the link may not go for it, is no refusal."""
    return f"{_TOOK} {wanted} combined channels of {pf.label} (ethtool -L) are not set again: {why}"


def _chosen_by_driver(pf: Pf) -> int | None:
    return predict_combined(without_choice(pf), pf.num_vfs)


def promised(state: State) -> State:
    """The host with what an earlier run has taken and promised to put back: what a plan must not lose.

    What somebody has put in its place since then counts.
    """
    for pf, missing in state.taken.items():
        if pf in state.pfs and same_card(missing.perm_mac, state.pfs[pf]):
            state = state.with_pf(_with_missing(state.pfs[pf], missing))
    return state


def _with_missing(pf: Pf, missing: Taken) -> Pf:
    rules, rss = pf.queues.rules, pf.queues.rss
    if rules:
        places, flows = {rule.location for rule in rules.rules}, {rule.flow for rule in rules.rules}
        lost = [rule for rule in missing.rules if rule.location not in places and rule.flow not in flows]
        rules = rules._replace(rules=(*rules.rules, *lost))
    if rss and missing.table and not is_set_by_hand(pf):
        rss = rss._replace(table=missing.table)
    return replace(pf, queues=pf.queues._replace(rules=rules, rss=rss))


def _of_pf(wanted: Pf, states: list[Pf], kept: Sequence[DesiredVfs], unsettled: set[str]) -> Taken:
    """:param wanted: the PF as it shall be found again: what an earlier run has taken is not there yet."""
    first, last = states[0], states[-1]
    words, to = by_vf(kept, len(last.vfs)), {}
    for index, vf in enumerate(first.vfs[: len(last.vfs)]):
        if vf.address in unsettled:
            said, to[index] = _of_driver(vf, last.vfs[index])
            words[index] = {**said, **words.get(index, {})}
    vfs = tuple(kept_vf(index, said, to.get(index)) for index, said in sorted(words.items()) if said)
    rules, table = _rules(wanted, states), _table(wanted, states)
    return Taken(first.device.address, first.perm_mac, rules, table, vfs, channels=_channels(states))


def _rules(wanted: Pf, states: list[Pf]) -> tuple[FlowRule, ...]:
    there, *each = [frozenset(pf.queues.rules.rules if pf.queues.rules else ()) for pf in (wanted, *states)]
    lost = (there & each[-1]) - each[0].intersection(*each)
    return tuple(sorted(lost, key=lambda rule: rule.location or 0))


def _table(wanted: Pf, states: list[Pf]) -> tuple[int, ...] | None:
    """One that somebody has set."""
    there, *tables = [pf.queues.rss.table if pf.queues.rss else () for pf in (wanted, *states)]
    lost = is_set_by_hand(wanted) and tables[-1] == there and any(table != there for table in tables)
    return there if lost else None


def _channels(states: list[Pf]) -> int | None:
    """Those that somebody has set: another number than the driver chooses."""
    first, last = states[0], states[-1]
    chosen = first.combined if first.combined == last.combined else None
    if chosen is None or all(pf.combined == chosen for pf in states):
        return None
    return chosen if _chosen_by_driver(first) not in (None, chosen) else None


def _of_driver(first: Device, last: Device) -> tuple[dict[str, t.Any], str | None]:
    """What a VF has by its driver, and the one that it gets in its place, if any.

    No driver is no loss: but on the way to one a name may be left in driver_override, which keeps all others away.
    """
    to = last.driver if last.driver != first.driver else None
    if last.driver is None:
        return {}, None  # one write takes it away, and that is what was asked for
    words: dict[str, t.Any] = {"driver": first.driver or NONE}
    if first.netdev:
        same = to or (last.netdev and first.netdev.mtu == last.netdev.mtu)
        words.update({"mtu": first.netdev.mtu} if same and first.netdev.mtu not in (0, DEFAULT_MTU) else {})
        words.update({"up": True} if first.netdev.up and (to or (last.netdev and last.netdev.up)) else {})
    elif to and bypass_of(first):
        access = {"owner": first.dev_owner, "group": first.dev_group, "mode": first.dev_mode}
        words.update(access if None not in access.values() and tuple(access.values()) != NEW_ACCESS else {})
    return words, to
