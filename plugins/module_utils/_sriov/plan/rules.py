# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans flow rules: which go, which come, where they are put. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InvalidRequest, NotSupported, SriovError
from ..knowledge import index
from ..model.queues import RuleTable
from ..steps.net import DeleteRule, InsertRule
from .check_rules import check_masks, check_target
from .predict import driver_of
from .queues import Stage, interface

if t.TYPE_CHECKING:
    from ..model.desired import RulesWish
    from ..model.flow import FlowRule
    from ..model.host import Pf
    from ..steps.pci import Step


class Change(t.NamedTuple):
    """What a wish means for a table.

    :param kept: rules that are as wanted.
    :param replaced: (old, new) at the same location.
    """

    kept: list[FlowRule]
    deleted: list[FlowRule]
    replaced: list[tuple[FlowRule, FlowRule]]
    added: list[FlowRule]


def plan_rules(pf: Pf, wish: RulesWish | None, lost: tuple[FlowRule, ...]) -> Stage:
    """The steps from the rules that are there to the wanted ones, each of which check_rules() has passed.

    :param lost: rules that were there before the plan and that an earlier step loses.
    :raises SriovError: a place or a mask is taken.
    """
    present = wish if wish and not wish.absent else None
    again, warnings = _put_back(pf, wish, lost)
    table = pf.queues.rules
    if table is None and present and present.rules:
        raise NotSupported(
            "rules: cannot tell which there are",
            device=pf.label,
            why=f"driver {pf.device.driver} does not list its flow rules",
            remedy="leave out rules, and use ethtool",
        )
    if table is None or not (wish or again):
        return Stage([], pf, warnings)
    change = removal(table.rules, wish) if wish and wish.absent else _arrival(pf, table, present, again, lost)
    check_masks(pf, [*change.kept, *(new for _old, new in change.replaced), *change.added, *again], present)
    rules = [*change.kept, *(new for _old, new in change.replaced), *change.added, *again]
    after = replace(pf, queues=replace(pf.queues, rules=replace(table, rules=tuple(rules))))
    return Stage([*_steps(pf, change), *_again_steps(pf, again)], after, [*warnings, *_vf_warnings(pf, change)])


def removal(rules: tuple[FlowRule, ...], wish: RulesWish) -> Change:
    """state: absent."""
    gone = [rule for rule in rules if wish.drops(rule)]
    return Change([rule for rule in rules if rule not in gone], gone, [], [])


def _arrival(
    pf: Pf, table: RuleTable, wish: RulesWish | None, again: list[FlowRule], lost: tuple[FlowRule, ...]
) -> Change:
    rules = wish.rules if wish else ()
    named = {rule.location for rule in rules if rule.location is not None}
    change = Change([], [], [], [])
    moved: list[FlowRule] = []
    for wanted in rules:
        same_flow = [rule for rule in table.rules if rule.flow == wanted.flow and rule.context is None]
        fitting = [r for r in same_flow if wanted.location == r.location or _may_stay(wanted, r, named)]
        exact = [rule for rule in fitting if rule.cookie == wanted.cookie]
        if exact:
            change.kept.append(exact[0])
            # Another rule for the same flow contradicts it; a second one that says the same does no harm.
            change.deleted.extend(rule for rule in same_flow if rule.cookie != wanted.cookie)
            continue
        old = next(iter([*fitting, *same_flow]), None)
        change.deleted.extend(rule for rule in same_flow if rule is not old)
        if old is not None and old in fitting and driver_of(pf).steering.replaces:
            change.replaced.append((old, wanted.at(old.location)))
            continue
        change.deleted.extend([old] if old else [])
        places = [r.location for r in [*fitting, *lost] if r.flow == wanted.flow and _may_stay(wanted, r, named)]
        moved.append(wanted.at(places[0]) if places else wanted)
    settled = [*change.kept, *change.deleted, *(old for old, _new in change.replaced)]
    rest = [rule for rule in table.rules if rule not in settled]
    (change.deleted if wish and wish.exclusive else change.kept).extend(rest)
    change.added.extend(_placed(pf, table, moved, change, again, wish))
    return change


def _placed(
    pf: Pf, table: RuleTable, rules: list[FlowRule], change: Change, again: list[FlowRule], wish: RulesWish | None
) -> list[FlowRule]:
    """Each rule with its location: the wanted one, or the highest free one, as ethtool(8) does it."""
    staying = {r.location: r for r in [*change.kept, *(new for _old, new in change.replaced), *again]}
    # The place of a rule that goes for one of these stays free: should the driver refuse the new one, it comes back.
    flows = [rule.flow for rule in rules]
    leaving = [rule.location for rule in change.deleted if rule.flow in flows]
    taken = {*staying, *leaving, *(rule.location for rule in rules if rule.location is not None)}
    free = (location for location in range(table.size - 1, -1, -1) if location not in taken)
    placed = []
    for rule in rules:
        if rule.location in staying:
            other = staying[rule.location]
            raise InvalidRequest(
                f"{_name_of(rule, wish)}: location {rule.location} is occupied",
                device=pf.label,
                why=f"by {other}",
                remedy="name another location, remove that rule first, or set exclusive: true",
            )
        location = rule.location
        if location is None and not table.driver_places:
            location = next(free, None)
            if location is None:
                raise InvalidRequest(
                    f"{_name_of(rule, wish)}: there is no free location",
                    device=pf.label,
                    why=f"all {table.size} are taken",
                    remedy="remove rules that are not needed",
                )
        placed.append(rule.at(location))
    return placed


def _name_of(rule: FlowRule, wish: RulesWish | None) -> str:
    names = [n for n, wanted in zip(wish.names, wish.rules) if wanted.flow == rule.flow] if wish else []
    return names[0] if names else "rules"


def _may_stay(wanted: FlowRule, rule: FlowRule, named: set[int]) -> bool:
    """Whether a rule may have the place of another: it names none itself, and no rule that is wanted names this one."""
    return wanted.location is None and rule.location not in named


def _put_back(pf: Pf, wish: RulesWish | None, lost: tuple[FlowRule, ...]) -> tuple[list[FlowRule], list[str]]:
    """Lost rules that nobody has asked to go, and what is to be said of those that cannot be as they were."""
    flows = [rule.flow for rule in wish.rules] if wish and not wish.absent else []
    staying = [rule for rule in lost if rule.flow not in flows and not (wish and wish.drops(rule))]
    reasons = {rule: _hindrance(pf, rule) for rule in staying}
    again = [rule for rule in staying if not reasons[rule]]
    return again, [
        f"flow rule {rule.location} of {pf.label} is not put back ({rule}): {reason}"
        for rule, reason in reasons.items()
        if reason
    ]


def _hindrance(pf: Pf, rule: FlowRule) -> str:
    if pf.queues.ntuple and not pf.queues.ntuple.on:
        return "ntuple filters are off, and it was not in force"
    try:
        check_target(pf, "", rule)
    except SriovError as error:
        return error.why
    return ""


def _steps(pf: Pf, change: Change) -> list[Step]:
    """Deletions first: they free locations, and a new mask needs an empty table."""
    if not (change.deleted or change.replaced or change.added):
        return []
    name = interface(pf, "flow rules cannot be set").name
    steps: list[Step] = [DeleteRule(name, pf.label, rule) for rule in change.deleted]
    steps += [InsertRule(name, pf.label, new, old) for old, new in change.replaced]
    taken = {rule.location: rule.flow for rule in change.added}
    gone = {rule.flow: rule for rule in change.deleted if taken.get(rule.location, rule.flow) == rule.flow}
    return [*steps, *(InsertRule(name, pf.label, rule, moved=gone.get(rule.flow)) for rule in change.added)]


def _again_steps(pf: Pf, again: list[FlowRule]) -> list[Step]:
    return [InsertRule(interface(pf, "").name, pf.label, rule, again=True) for rule in again]


def _vf_warnings(pf: Pf, change: Change) -> list[str]:
    found = []
    for rule in [*(new for _old, new in change.replaced), *change.added]:
        destination = rule.destination
        if destination is None or destination.vf is None:
            continue
        driver = pf.vfs[destination.vf].driver or ""
        most = index.vf_driver(driver).queues
        if most is not None and (destination.queue or 0) >= most:
            found.append(
                f"{driver} opens {most} queues of a VF at most: frames of {rule} are lost until another driver opens "
                "more"
            )
    return found
