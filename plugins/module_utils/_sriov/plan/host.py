# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The one planner: from a host as it is to a desired host, in steps. Pure: no I/O, no clock.

Every module's desired state is one with most of it left out. The stages, each over all PFs, and why they come in this
order: PF and VF count (all else needs the VFs) -> attributes (a VF driver reads its MAC address at probe) -> drivers ->
MTU (needs the VF's interface) -> channels (closing the PF drops rules and table) -> ntuple (resets the PF: the table
again) -> RSS table -> flow rules. Each stage is planned on the host that the steps before it lead to.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..knowledge.queues import is_set_by_hand
from ..model.check import check_addresses, drivers_by_vf
from ..model.desired import DesiredDevice
from ..steps.net import SetVf
from ..steps.pci import Plan, SetLink, SetNumVfs
from .after import after_all
from .check_rules import check_rules
from .drivers import plan_drivers, plan_modules
from .guard import carries_ssh
from .mend import plan_mend
from .pf import plan_pf
from .queues import plan_channels, plan_ntuple
from .rss import plan_rss
from .rules import plan_rules
from .vfs import by_index, plan_attributes, plan_mtus, plan_reloads

if t.TYPE_CHECKING:
    from ..model.desired import Desired, DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Pf, State
    from ..steps.pci import Step
    from .stage import Stage


def plan_host(state: State, desired: Desired) -> Plan:
    """All steps, in order; none for a host that is as desired.

    :param desired: located: each PF by its PCI address.
    :raises SriovError: some part cannot be met, or would destroy or cut what the user did not name; then nothing of
        the rest is planned either.
    """
    draft = Draft(state, state)
    for each in desired.pfs:
        draft.take(plan_pf(draft.pf(each), each))
    vfs = {each.pf: by_index(draft.pf(each), each.vfs) for each in desired.pfs}
    check_addresses({draft.now.pfs[address].label: entries for address, entries in vfs.items()})
    for each in desired.pfs:
        draft.take(plan_attributes(draft.pf(each), vfs[each.pf], each.consent.force, draft.settles(each)))
    drivers = _desired_drivers(draft, desired)
    draft.take(plan_modules(_functions(draft.now), drivers, draft.now.host))
    draft.take(plan_drivers(_functions(draft.now), drivers))
    for each in desired.pfs:
        draft.take(plan_reloads(draft.pf(each), vfs[each.pf], draft.addressed(each)))
    for each in desired.pfs:
        draft.take(plan_mtus(draft.pf(each), vfs[each.pf]))
    for each in desired.pfs:
        _plan_queues(draft, each)
    return Plan(tuple(draft.steps), tuple(draft.warnings))


@dataclass
class Draft:
    """A plan in the making.

    :param now: the host after the steps so far.
    """

    before: State
    now: State
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take(self, stage: Stage) -> None:
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


def _desired_drivers(draft: Draft, desired: Desired) -> list[DesiredDevice]:
    """All at once: IOMMU groups may reach over PFs."""
    of_vfs = [device for each in desired.pfs for device in _drivers_of_vfs(draft.pf(each), each)]
    return [*of_vfs, *desired.devices]


def _drivers_of_vfs(pf: Pf, desired: DesiredPf) -> list[DesiredDevice]:
    """One for each VF that is given a driver.

    :raises InvalidRequest: a VF that there will not be, or that is named twice.
    """
    force = desired.consent.force
    return [
        DesiredDevice(pf.vfs[index].address, each.driver, each.node, each.no_iommu, force)
        for index, each in sorted(drivers_by_vf(desired.drivers, pf.num_vfs, pf.label).items())
    ]


def _plan_queues(draft: Draft, desired: DesiredPf) -> None:
    draft.take(plan_mend(draft.pf(desired), desired))
    draft.take(plan_channels(draft.pf(desired), desired))
    before = draft.before.pfs[desired.pf]
    if desired.rules and desired.rules.present:
        # First: a rule that the driver can never take is told as that, not as a feature that is off.
        check_rules(draft.pf(desired), desired.rules, draft.before.host.ssh if carries_ssh(before) else None)
        draft.take(plan_ntuple(draft.pf(desired), desired))
    now = draft.pf(desired)
    draft.take(plan_rss(now, desired.rss, _lost_table(before, now)))
    draft.take(plan_rules(draft.pf(desired), desired.rules, _lost_rules(before, now)))


def _lost_table(before: Pf, now: Pf) -> tuple[int, ...] | None:
    """A table that somebody has set and that the plan's steps put back to the driver's."""
    rss = before.queues.rss
    return None if rss is None or rss is now.queues.rss or not is_set_by_hand(before) else rss.table


def _lost_rules(before: Pf, now: Pf) -> tuple[FlowRule, ...]:
    if before.queues.rules is None or now.queues.rules is None or before.queues.rules is now.queues.rules:
        return ()
    left = {rule.location for rule in now.queues.rules.rules}
    return tuple(rule for rule in before.queues.rules.rules if rule.location not in left)
