# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans flow rules: which go, which come, where they are put. Pure: no I/O, no clock.

A table has some thousand rules: what is looked up for each of them is in a dictionary or a set.
"""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported, SriovError
from ..faults import Faults
from ..knowledge import index
from ..knowledge.driver import Steering
from ..knowledge.queues import driver_of
from ..model.desired import DesiredRules
from ..model.unread import RULES
from ..steps.net import DeleteRule, InsertRule
from .check_rules import check_masks, check_target
from .guard import default_routes
from .stage import Stage, check_known, interface

if t.TYPE_CHECKING:
    from ..model.flow import FlowRule
    from ..model.host import Pf
    from ..model.queues import RuleTable
    from ..steps.pci import Step

NOTHING = DesiredRules()


class Change(t.NamedTuple):
    """What is desired, for a table.

    :param kept: rules that are as wanted.
    :param replaced: (old, new) at the same location.
    :param again: rules that an earlier step loses and that are put back.
    """

    kept: list[FlowRule]
    deleted: list[FlowRule]
    replaced: list[tuple[FlowRule, FlowRule]]
    added: list[FlowRule]
    again: list[FlowRule]

    @property
    def outcome(self) -> list[FlowRule]:
        """All rules that there will be."""
        return [*self.kept, *(new for _old, new in self.replaced), *self.added, *self.again]


def plan_rules(pf: Pf, desired: DesiredRules | None, lost: tuple[FlowRule, ...]) -> Stage:
    """The steps from the rules that are there to the wanted ones, each of which rule_faults() has passed.

    :param lost: rules that were there before the plan and that an earlier step loses.
    :returns: with refusals of places and masks that are taken.
    :raises SriovError: the PF does not tell its rules.
    """
    again, warnings = _put_back(pf, desired or NOTHING, lost)
    table = pf.queues.rules
    if desired:
        check_known(pf, "rules: cannot tell which there are", RULES)
    if table is None and desired and desired.present:
        raise NotSupported(
            "rules: cannot tell which there are",
            device=pf.label,
            why=f"driver {pf.device.driver} does not list its flow rules",
            remedy="leave out rules, and use ethtool",
        )
    if table is None or not (desired or again):
        return Stage((), warnings)
    faults = Faults()
    steps: list[Step] = []
    with faults.gathered():
        if desired and desired.absent:
            change = _removal(table.rules, desired, again)
        else:
            change = _arrival(pf, table, desired or NOTHING, again, lost, faults)
        check_masks(pf, change.outcome, desired or NOTHING)
        steps = _steps(pf, table, change, _by_flow(lost))
        warnings = [*warnings, *_not_known(pf, change), *_wide(pf, change), *_vf_warnings(pf, change)]
    return Stage(steps, warnings, faults)


def _removal(rules: tuple[FlowRule, ...], desired: DesiredRules, again: list[FlowRule]) -> Change:
    """state: absent."""
    change = Change([], [], [], [], again)
    for rule in rules:
        (change.deleted if desired.drops(rule) else change.kept).append(rule)
    return change


def _arrival(
    pf: Pf,
    table: RuleTable,
    desired: DesiredRules,
    again: list[FlowRule],
    lost: tuple[FlowRule, ...],
    faults: Faults,
) -> Change:
    """state: present, and what nobody names stays unless the list is exclusive."""
    named = {rule.location for rule in desired.present if rule.location is not None}
    present, gone = _by_flow(table.rules), _by_flow(lost)
    change = Change([], [], [], [], again)
    moved: list[FlowRule] = []
    exact = _exact(present, desired, named)
    decided = {rule.location for rule in exact.values()}
    for number, wanted in enumerate(desired.present):
        same_flow = [rule for rule in present.get(wanted.flow, []) if rule.location not in decided]
        if number in exact:
            change.kept.append(exact[number])
            # Another rule for the same flow contradicts it; a second one that says the same does no harm.
            change.deleted.extend(rule for rule in same_flow if rule.target != wanted.target)
            decided |= {rule.location for rule in same_flow if rule.target != wanted.target}
            continue
        decided |= {rule.location for rule in same_flow}
        fitting = [r for r in same_flow if wanted.location == r.location or _may_stay(wanted, r, named)]
        old = next(iter([*fitting, *same_flow]), None)
        change.deleted.extend(rule for rule in same_flow if rule is not old)
        if old is not None and old in fitting and driver_of(pf).steering.replaces:
            change.replaced.append((old, wanted.at(old.location)))
            continue
        change.deleted.extend([old] if old else [])
        before = [*fitting, *gone.get(wanted.flow, [])]
        given = {rule.location for rule in moved}
        fitting_places = [r.location for r in before if _may_stay(wanted, r, named) and r.location not in given]
        places = [] if table.driver_places else fitting_places  # it may refuse even one that it has given
        moved.append(wanted.at(places[0]) if places else wanted)
    settled = {r.location for r in [*change.kept, *change.deleted, *(old for old, _new in change.replaced)]}
    for rule in (rule for rule in table.rules if rule.location not in settled):
        (change.deleted if desired.unlisted_goes(rule) or desired.drops(rule) else change.kept).append(rule)
    change.added.extend(_placed(pf, table, moved, change, desired, faults))
    return change


def _exact(present: dict[t.Any, list[FlowRule]], desired: DesiredRules, named: set[int]) -> dict[int, FlowRule]:
    """What is there as it is wanted, by its number in the list.

    Each counts once: a PF may have had several rules for one flow, each with a place and a target of its own.
    """
    found: dict[int, FlowRule] = {}
    taken: set[int | None] = set()
    for number, wanted in enumerate(desired.present):
        for rule in present.get(wanted.flow, []):
            fits = wanted.location == rule.location or _may_stay(wanted, rule, named)
            if fits and rule.target == wanted.target and rule.location not in taken:
                found[number] = rule
                taken.add(rule.location)
                break
    return found


def _by_flow(rules: t.Iterable[FlowRule]) -> dict[t.Any, list[FlowRule]]:
    found: dict[t.Any, list[FlowRule]] = {}
    for rule in rules:
        found.setdefault(rule.flow, []).append(rule)
    return found


def _placed(
    pf: Pf, table: RuleTable, rules: list[FlowRule], change: Change, desired: DesiredRules, faults: Faults
) -> list[FlowRule]:
    """Each rule with its location: the wanted one, or the highest free one, as ethtool(8) does it."""
    staying = {r.location: r for r in [*change.kept, *(new for _old, new in change.replaced), *change.again]}
    # The place of a rule that goes for one of these stays free: should the driver refuse the new one, it comes back.
    flows = {rule.flow for rule in rules}
    leaving = (rule.location for rule in change.deleted if rule.flow in flows)
    taken = {*staying, *leaving, *(rule.location for rule in rules if rule.location is not None)}
    free = (location for location in range(table.size - 1, -1, -1) if location not in taken)
    placed = []
    for rule in rules:
        if rule.location in staying:
            other = staying[rule.location]
            what = f"{desired.name_of(rule)}: location {rule.location} is occupied"
            remedy = "name another location, remove that rule first, or set exclusive: true"
            faults.add(InvalidRequest(what, device=pf.label, why=f"by {other}", remedy=remedy))
            continue
        location = rule.location
        if location is None and not table.driver_places:
            location = next(free, None)
            if location is None:
                raise InvalidRequest(
                    f"{desired.name_of(rule)}: there is no free location",
                    device=pf.label,
                    why=f"all {table.size} are taken",
                    remedy="remove rules that are not needed",
                )
        placed.append(rule.at(location))
    return placed


def _may_stay(wanted: FlowRule, rule: FlowRule, named: set[int]) -> bool:
    """Whether a rule may have the place of another: it names none itself, and no rule that is wanted names this one."""
    return wanted.location is None and rule.location not in named


def _put_back(pf: Pf, desired: DesiredRules, lost: tuple[FlowRule, ...]) -> tuple[list[FlowRule], list[str]]:
    """Lost rules that nobody has asked to go, and what is to be said of those that cannot be as they were."""
    again: list[FlowRule] = []
    warnings: list[str] = []
    places = bool(pf.queues.rules and pf.queues.rules.driver_places)  # it takes no location back
    for rule in lost:
        if desired.drops(rule) or (not desired.absent and desired.names_flow(rule)):
            continue
        reason = _reason_against(pf, rule)
        if reason:
            warnings.append(f"flow rule {rule.location} of {pf.label} is not put back ({rule}): {reason}")
        else:
            again.append(rule.at(None) if places else rule)
    return again, warnings


def _reason_against(pf: Pf, rule: FlowRule) -> str:
    if pf.queues.ntuple and not pf.queues.ntuple.on:
        return "ntuple filters are off, and it was not in force"
    try:
        check_target(pf, "", rule)
    except SriovError as error:
        return error.why
    return ""


def _steps(pf: Pf, table: RuleTable, change: Change, lost: dict[t.Any, list[FlowRule]]) -> list[Step]:
    """Deletions first: they free locations, and a new mask needs an empty table.

    :param lost: by flow, what an earlier stage's step drops: it comes back where a new rule for its flow is refused.
    """
    if not (change.deleted or change.replaced or change.added or change.again):
        return []
    named = (pf.device.address, interface(pf, "flow rules cannot be set").name, pf.label)
    places = table.driver_places
    steps: list[Step] = [DeleteRule(*named, rule, places) for rule in change.deleted]
    steps += [InsertRule(*named, new, old) for old, new in change.replaced]
    back = {flow: rules[0].at(None) if places else rules[0] for flow, rules in lost.items()}
    steps += [InsertRule(*named, rule, moved=back.get(rule.flow)) for rule in change.added]
    return [*steps, *(InsertRule(*named, rule, again=True) for rule in change.again)]


def _not_known(pf: Pf, change: Change) -> list[str]:
    """What check mode cannot tell is said, else its silence would be taken for a yes."""
    if driver_of(pf).steering != Steering() or not (change.replaced or change.added):
        return []
    return [
        f"which flow rules driver {pf.device.driver} of {pf.label} takes is not known: it may refuse one, and then "
        "those are as before"
    ]


def _wide(pf: Pf, change: Change) -> list[str]:
    """What is to be said of new rules that take all frames of a kind from the kernel. (Where the operator comes by such
    frames, they are refused: check_rules.rule_faults.)"""
    new = [*(rule for _old, rule in change.replaced), *change.added]
    wide = [rule for rule in new if rule.is_wide and rule.destination and rule.destination.kind in ("vf", "drop")]
    also = "".join(f"; {text}" for text in default_routes(pf))
    return [
        f"{rule}: it names neither address nor port, and {pf.label} itself gets no such frames any more{also}"
        for rule in wide
    ]


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
