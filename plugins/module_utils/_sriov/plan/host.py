# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The one planner: from a host as it is to a desired host, in steps. Pure: no I/O, no clock.

Every module's desired state is one with most of it left out. The stages, each over all PFs, and why they come in this
order: PF and VF count (all else needs the VFs) -> attributes (a VF driver reads its MAC address at probe) -> drivers ->
MTU (needs the VF's interface) -> channels, rings, XDP program (closing the PF drops rules and table) -> ntuple (resets
the PF: the table again) -> RSS table and hash -> flow rules. Each stage is planned on the host that the steps before it
lead to.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ..errors import SriovError
from ..faults import Faults, together
from ..knowledge.queues import is_set_by_hand, may_be_set_by_hand
from ..model.check import shared_addresses
from ..model.desired import DEFAULT, NO_DRIVER_NAMES, DesiredDevice, DesiredRss
from ..model.selector import check_there
from ..steps.net import SetVf
from ..steps.pci import Plan, SetLink, SetNumVfs
from .after import after_all
from .check_rules import rule_faults
from .check_vfs import addresses_beside
from .deaf import plan_deaf
from .drivers import check_exists, plan_drivers, plan_modules, target_driver
from .guard import carries_ssh
from .kept import plan_kept
from .mend import plan_mend
from .ntuple_off import as_before_us, plan_ntuple_off
from .pf import plan_pf
from .pitfalls import pitfalls
from .queues import plan_channels, plan_ntuple
from .rings import plan_rings
from .rss import plan_rss
from .rss_hash import plan_hash
from .rules import plan_rules
from .stage import Stage
from .taken import channels_not_back, channels_owed, check_promised, promised, promised_vfs
from .vfs import by_index, plan_attributes, plan_interfaces, plan_reloads
from .xsk import plan_xsk
from .xsk_table import shares_left, with_table_apart

if t.TYPE_CHECKING:
    from ..model.desired import Desired, DesiredPf, DesiredVf, DesiredVfs
    from ..model.flow import FlowRule
    from ..model.host import Pf, State
    from ..steps.pci import Step

    VfsByPf = t.Dict[str, t.Dict[int, DesiredVf]]


def plan_host(state: State, desired: Desired, unknown: t.Sequence[SriovError] = ()) -> Plan:
    """All steps, in order; none for a host that is as desired.

    :param desired: located: each PF by its PCI address.
    :param unknown: what was found wrong while the host was read, to be told with the rest.
    :raises SriovError: all that cannot be met, or would destroy or cut what the user did not name.
    """
    draft = Draft(promised(state), state)
    draft.faults.add(*unknown)
    asked: VfsByPf = {each.pf: {} for each in desired.pfs}
    draft.each(desired, lambda each: check_promised(state.taken.get(each.pf), draft.pf(each)))
    draft.each(desired, lambda each: plan_pf(draft.pf(each), each, state.records.get(each.pf)))
    draft.each(desired, lambda each: _name_vfs(draft.pf(each), each, asked))
    draft.faults.add(*shared_addresses({draft.now.pfs[pf].label: _addresses(asked[pf]) for pf in asked}))
    vfs = dict(asked)
    draft.each(desired, lambda each: _keep(draft, each, asked, vfs))
    draft.each(desired, lambda each: _plan_attributes(draft, each, asked, vfs))
    drivers = _with_target(draft, [*_drivers_of_vfs(draft, desired, vfs), *desired.devices])
    draft.take(plan_modules(_functions(draft.now), drivers, draft.now.host))
    draft.take(plan_drivers(_functions(draft.now), drivers))
    draft.each(desired, lambda each: _plan_reloads(draft, each, vfs[each.pf]))
    draft.each(desired, lambda each: plan_deaf(draft.pf(each), each))
    draft.each(desired, lambda each: plan_interfaces(draft.pf(each), vfs[each.pf]))
    draft.each(desired, lambda each: _plan_queues(draft, each))
    for each in (each for each in desired.pfs if each.pf in draft.stopped):
        draft.faults.join(_wrong_anyway(draft, each))
    draft.faults.tell()
    for each in desired.pfs:
        draft.warnings += pitfalls(draft.pf(each), asked[each.pf], draft.steps)
    allowed = tuple(dict.fromkeys(map(_use, together(draft.faults.allowed))))
    return Plan(tuple(draft.steps), tuple(draft.warnings), allowed, draft.kept, tuple(draft.purposes))


@dataclass
class Draft:
    """A plan in the making.

    :param before: the host as it was, with what an earlier run has promised to put back.
    :param now: the host after the steps so far.
    :param purposes: as in Plan: each stage of a PF is one.
    :param stopped: PFs of which no more can be planned.
    :param kept: what VFs keep that are created again, by PF.
    """

    before: State
    now: State
    steps: list[Step] = field(default_factory=list)
    purposes: list[int] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    stopped: set[str] = field(default_factory=set)
    kept: dict[str, tuple[DesiredVfs, ...]] = field(default_factory=dict)

    def each(self, desired: Desired, plan: t.Callable[[DesiredPf], Stage]) -> None:
        """One stage for each PF; where it cannot be planned, what comes after it means nothing either."""
        for each in (each for each in desired.pfs if each.pf not in self.stopped):
            try:
                self.take(plan(each))
            except SriovError as error:
                self.faults.add(error)
                self.stopped.add(each.pf)

    def take(self, stage: Stage) -> None:
        if stage.faults:
            self.faults.join(stage.faults)
        self.purposes += [len(self.steps)] * len(stage.steps)
        self.steps += stage.steps
        self.warnings += stage.warnings
        self.now = after_all(self.now, stage.steps)

    def pf(self, desired: DesiredPf) -> Pf:
        return self.now.pfs[desired.pf]

    def settles(self, desired: DesiredPf) -> bool:
        """Whether a step so far takes the PF's link away for a while."""
        return any(isinstance(step, (SetNumVfs, SetLink)) and step.address == desired.pf for step in self.steps)

    def addressed(self, desired: DesiredPf) -> set[int]:
        """VFs that the steps so far give an address."""
        writes = [step for step in self.steps if isinstance(step, SetVf) and step.address == desired.pf]
        return {step.vf for step in writes if step.change.mac is not None}


def _functions(state: State) -> dict[str, t.Any]:
    """Every function whose driver may be planned, by address."""
    return {**state.devices, **{vf.address: vf for pf in state.pfs.values() for vf in pf.vfs}}


def _name_vfs(pf: Pf, desired: DesiredPf, vfs: VfsByPf) -> Stage:
    """What is desired of each VF, by its index; entries for VFs that there will not be are refused."""
    faults = Faults()
    vfs[desired.pf] = by_index(pf, desired.vfs, faults)
    for entry in desired.vfs:
        with faults.gathered():
            check_there(entry.vf, pf.num_vfs, f"{entry.name}.vf", pf.label)
    return Stage(faults=faults)


def _keep(draft: Draft, desired: DesiredPf, asked: VfsByPf, vfs: VfsByPf) -> Stage:
    """What VFs had that are created again is desired as well: now, and when the host is looked at after the steps."""
    before, now = draft.before.pfs[desired.pf], draft.pf(desired)
    taken = {mac for each in asked.values() for mac in _addresses(each).values()}
    entries, warnings, fits = plan_kept(before, now, desired, taken, draft.now.host)
    entries += promised_vfs(draft.before.taken.get(desired.pf), before, now, desired)
    if entries:
        draft.kept[desired.pf] = entries
        draft.now = draft.now._replace(host=replace(draft.now.host, fits=(*draft.now.host.fits, *fits)))
    if entries or desired.kept:
        vfs[desired.pf] = by_index(now, (*desired.every_vfs, *entries), Faults())
    return Stage((), warnings)


def _plan_attributes(draft: Draft, desired: DesiredPf, asked: VfsByPf, vfs: VfsByPf) -> Stage:
    pf = draft.pf(desired)
    others = [draft.now.pfs[each] for each in vfs if each != desired.pf and each not in draft.stopped]
    beside = addresses_beside(draft.now.host, others, vfs)
    settling = draft.settles(desired)
    return plan_attributes(pf, vfs[desired.pf], asked[desired.pf], desired.allow, settling, beside)


def _plan_reloads(draft: Draft, desired: DesiredPf, vfs: dict[int, DesiredVf]) -> Stage:
    stage = plan_reloads(draft.pf(desired), vfs, draft.addressed(desired), desired.allow)
    # Of VFs without an interface, where the request is about VFs.
    return stage if desired.vfs or desired.num_vfs is not None else stage._replace(warnings=())


def _addresses(vfs: dict[int, DesiredVf]) -> dict[int, str]:
    return {index: each.attributes.mac for index, each in vfs.items() if each.attributes.mac is not None}


def _drivers_of_vfs(draft: Draft, desired: Desired, vfs: VfsByPf) -> list[DesiredDevice]:
    """One for each VF that is given a driver. All at once: IOMMU groups may reach over PFs."""
    return [
        DesiredDevice(draft.pf(each).vfs[index].address, vf.driver, vf.node, vf.no_iommu, each.allow)
        for each in desired.pfs
        for index, vf in vfs[each.pf].items()
        if vf.driver is not None and each.pf not in draft.stopped
    ]


def _with_target(draft: Draft, desired: list[DesiredDevice]) -> list[DesiredDevice]:
    """Those of which it is known what driver they shall have; the others are refused."""
    functions, found = _functions(draft.now), []
    for each in desired:
        with draft.faults.gathered():
            target_driver(functions[each.device], each)
            found.append(each)
    return found


def _use(allowed: SriovError) -> str:
    """ "in_use for enp1s0 (0000:01:00.0): VF 1: enp1s0v1 has address 192.0.2.3/24"."""
    of_vf = "" if allowed.vf is None else f"VF {allowed.vf} of "
    return f"{allowed.consent} for {of_vf}{allowed.device}: {allowed.why}"


def _plan_queues(draft: Draft, desired: DesiredPf) -> Stage:
    draft.take(plan_mend(draft.pf(desired), desired))
    before, faults = draft.before.pfs[desired.pf], Faults()
    rules = before.queues.rules.rules if before.queues.rules else ()
    desired, left = as_before_us(draft.pf(desired), desired, draft.before.records.get(desired.pf), rules)
    draft.take(Stage(warnings=left))
    with faults.gathered():
        draft.take(plan_channels(draft.pf(desired), desired))
        draft.take(_channels_again(draft, desired))
    queues_known = not faults.found
    if queues_known:
        with faults.gathered():
            draft.take(plan_rings(draft.pf(desired), desired))
            draft.take(plan_xsk(draft.pf(desired), desired, draft.before.records.get(desired.pf)))
    if desired.rules and desired.rules.present:
        # First: a rule that the driver can never take is told as that, not as a feature that is off.
        ssh = draft.before.host.peers if carries_ssh(before) else ()
        faults.join(rule_faults(draft.pf(desired), desired.rules, ssh, queues_known))
        if not faults.found:
            with faults.gathered():
                draft.take(plan_ntuple(draft.pf(desired), desired))
    elif desired.ntuple:
        with faults.gathered():
            draft.take(plan_ntuple(draft.pf(desired), desired, "ntuple"))
    if not queues_known:
        return Stage(faults=faults)
    now = draft.pf(desired)
    with faults.gathered():
        desired = with_table_apart(before, now, desired, draft.before.records.get(desired.pf))
    if desired.ntuple is False:  # rules go while they can still go, and the feature before the table, which it resets
        return _plan_without_rules(draft, desired, before, now, faults)
    draft.take(_plan_table(before, now, desired))
    draft.take(Stage(faults=shares_left(draft.pf(desired), desired)))
    draft.take(plan_hash(draft.pf(desired), desired.rss))
    if faults.found:
        return Stage(faults=faults)
    return plan_rules(draft.pf(desired), desired.rules, _lost_rules(before, now))


def _channels_again(draft: Draft, desired: DesiredPf) -> Stage:
    """For an earlier run's sake."""
    pf = draft.pf(desired)
    wanted = channels_owed(draft.before.taken.get(desired.pf), pf, desired)
    if wanted is None:
        return Stage()
    try:
        stage = plan_channels(pf, desired._replace(rss=DesiredRss(channels=wanted)))
        found = stage.faults.found if stage.faults else []
    except SriovError as error:
        stage, found = Stage(), [error]
    return Stage((), [channels_not_back(pf, wanted, found[0])]) if found else stage


def _plan_without_rules(draft: Draft, desired: DesiredPf, before: Pf, now: Pf, faults: Faults) -> Stage:
    """ntuple: false."""
    with faults.gathered():
        draft.take(plan_rules(now, desired.rules, _lost_rules(before, now)))
        draft.take(plan_ntuple_off(draft.pf(desired), desired))
    with faults.gathered():
        draft.take(_plan_table(before, draft.pf(desired), desired))
        draft.take(Stage(faults=shares_left(draft.pf(desired), desired)))
        draft.take(plan_hash(draft.pf(desired), desired.rss))
    return Stage(faults=faults)


def _plan_table(before: Pf, now: Pf, desired: DesiredPf) -> Stage:
    return plan_rss(now, desired.rss, _lost_table(before, now), _unclear_table(before, now))


def _wrong_anyway(draft: Draft, desired: DesiredPf) -> Faults:
    """Of a PF that cannot be planned: drivers and rules that cannot be had whatever VFs and queues it has."""
    faults = Faults()
    if desired.rules and not desired.rules.absent:
        ssh = draft.before.host.peers if carries_ssh(draft.before.pfs[desired.pf]) else ()
        faults.join(rule_faults(draft.pf(desired), desired.rules, ssh, queues_known=False))
    for name in sorted({entry.said.get("driver") or DEFAULT for entry in desired.vfs} - {*NO_DRIVER_NAMES}):
        with faults.gathered():
            check_exists(name, draft.now.host)
    return faults


def _lost_table(before: Pf, now: Pf) -> tuple[int, ...] | None:
    """A table that somebody has set and that the plan's steps put back to the driver's."""
    rss = before.queues.rss
    return None if rss is None or rss is now.queues.rss or not is_set_by_hand(before) else rss.table


def _unclear_table(before: Pf, now: Pf) -> tuple[int, ...] | None:
    """One that the plan's steps put back to the driver's, and that may have been the driver's all the time."""
    rss = before.queues.rss
    return None if rss is None or rss is now.queues.rss or not may_be_set_by_hand(before) else rss.table


def _lost_rules(before: Pf, now: Pf) -> tuple[FlowRule, ...]:
    if before.queues.rules is None or now.queues.rules is None or before.queues.rules is now.queues.rules:
        return ()
    left = {rule.location for rule in now.queues.rules.rules}
    return tuple(rule for rule in before.queues.rules.rules if rule.location not in left)
