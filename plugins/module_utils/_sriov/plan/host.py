# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The one planner: from a host as it is and a wish to the steps and the host after them. Pure: no I/O, no clock.

Every module is a wish with most of it left out. The stages, each over all PFs, and why they come in this order:
PF and VF count (all else needs the VFs) -> attributes (a VF driver reads its MAC address at probe) -> drivers -> MTU
(needs the VF's interface) -> channels (closing the PF drops rules and table) -> ntuple (resets the PF: the table again)
-> RSS table -> flow rules.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from ..errors import InvalidRequest
from ..model.host import DriverSpec
from ..model.selector import vf_indices
from ..observe.management import SSH
from ..steps.pci import Plan, SetLink, SetNumVfs
from .check_rules import check_rules
from .drivers import plan_drivers, predict_device
from .mend import plan_mend
from .pf import plan_pf
from .predict import is_set_by_hand, predict_pf
from .queues import plan_channels, plan_ntuple, plan_rss
from .rules import plan_rules
from .vf import plan_attributes, plan_mtus, plan_reloads, predict_attributes, resolve

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.desired import HostWish, PfWish, VfWish
    from ..model.flow import FlowRule
    from ..model.host import Host, Pf
    from ..steps.pci import Step
    from .queues import Stage


class State(t.NamedTuple):
    """A host: the PFs that a wish names, by address, and the facts of the whole host."""

    pfs: Mapping[str, Pf]
    host: Host


class Outcome(t.NamedTuple):
    """A plan and the host after it."""

    plan: Plan
    after: State


@dataclass
class Draft:
    """A plan in the making."""

    before: State
    pfs: dict[str, Pf]
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def take(self, address: str, stage: Stage) -> None:
        self.steps += stage.steps
        self.warnings += stage.warnings
        self.pfs[address] = stage.pf


def plan_host(state: State, wish: HostWish) -> Outcome:
    """All steps, in order; none for a host that is as wished.

    :raises SriovError: some part cannot be met, or would destroy or cut what the user did not name; then nothing of
        the rest is planned either.
    """
    draft = Draft(state, dict(state.pfs))
    for pf_wish in wish.pfs:
        _plan_functions(draft, pf_wish)
    vf_wishes = {w.address: resolve(draft.pfs[w.address], w.vfs) for w in wish.pfs}
    _check_addresses(draft, vf_wishes)
    for pf_wish in wish.pfs:
        settling = any(
            isinstance(step, (SetNumVfs, SetLink)) and step.address == pf_wish.address for step in draft.steps
        )
        draft.steps += plan_attributes(draft.pfs[pf_wish.address], vf_wishes[pf_wish.address], pf_wish.force, settling)
    _plan_drivers(draft, wish, vf_wishes)
    for pf_wish in wish.pfs:
        pf = draft.pfs[pf_wish.address]
        draft.steps += plan_mtus(pf, vf_wishes[pf_wish.address])
        draft.pfs[pf_wish.address] = predict_attributes(pf, vf_wishes[pf_wish.address])
    for pf_wish in wish.pfs:
        _plan_queues(draft, pf_wish)
    return Outcome(Plan(tuple(draft.steps), tuple(draft.warnings)), State(draft.pfs, state.host))


def _plan_functions(draft: Draft, wish: PfWish) -> None:
    pf = draft.pfs[wish.address]
    plan = plan_pf(pf, wish.pf)
    draft.steps += plan.steps
    draft.warnings += plan.warnings
    draft.pfs[wish.address] = predict_pf(pf, wish.pf)


def _check_addresses(draft: Draft, vf_wishes: Mapping[str, Mapping[int, VfWish]]) -> None:
    """Two VFs of one host with one address; within a PF it is refused with the PF's own address in view."""
    owners: dict[str, str] = {}
    for address, wishes in vf_wishes.items():
        for index, wish in wishes.items():
            mac, owner = wish.attributes.mac, f"VF {index} of {draft.pfs[address].label}"
            other = owners.setdefault(mac, owner) if mac else owner
            if other != owner:
                raise InvalidRequest(
                    f"mac: {mac} for {owner}", why=f"{other} shall have it too", remedy="give each VF its own"
                )


def _plan_drivers(draft: Draft, wish: HostWish, vf_wishes: Mapping[str, Mapping[int, VfWish]]) -> None:
    """All PFs at once: IOMMU groups may reach over them."""
    specs = [spec for pf_wish in wish.pfs for spec in driver_specs(draft.pfs[pf_wish.address], pf_wish)]
    devices = {vf.address: vf for pf in draft.pfs.values() for vf in pf.vfs}
    draft.steps += plan_drivers(devices, specs, draft.before.host).steps
    after = {spec.address: predict_device(devices[spec.address], spec) for spec in specs}
    for pf_wish in wish.pfs:
        pf = draft.pfs[pf_wish.address]
        # A VF that this plan binds reads its address then; one that the kernel binds has done so when it was created.
        kept = {i for i, vf in enumerate(pf.vfs) if after.get(vf.address, vf).driver == vf.driver}
        draft.steps += plan_reloads(pf, {i: w for i, w in vf_wishes[pf_wish.address].items() if i in kept})
        draft.pfs[pf_wish.address] = replace(pf, vfs=tuple(after.get(vf.address, vf) for vf in pf.vfs))


def driver_specs(pf: Pf, wish: PfWish) -> list[DriverSpec]:
    """One for each VF that the wish gives a driver.

    :raises InvalidRequest: a VF that there will not be, or that is named twice.
    """
    found: dict[int, DriverSpec] = {}
    for each in wish.drivers:
        for index in vf_indices(each.vfs, pf.num_vfs, pf.label):
            if index in found:
                raise InvalidRequest(
                    f"drivers: VF {index} is named twice",
                    device=pf.label,
                    why="a device has one driver",
                    remedy="name each VF in one entry",
                )
            address = pf.vfs[index].address
            found[index] = DriverSpec(address, each.driver, each.node, each.no_iommu, wish.force)
    return [found[index] for index in sorted(found)]


def _plan_queues(draft: Draft, wish: PfWish) -> None:
    address = wish.address
    draft.take(address, plan_mend(draft.pfs[address], wish))
    draft.take(address, plan_channels(draft.pfs[address], wish))
    before = draft.before.pfs[address]
    if wish.rules and wish.rules.rules and not wish.rules.absent:
        # First: a rule that the driver can never take is told as that, not as a feature that is off.
        carries = any(holder.kind == SSH for device in (before.device, *before.vfs) for holder in device.holders)
        check_rules(draft.pfs[address], wish.rules, draft.before.host.ssh if carries else None)
        draft.take(address, plan_ntuple(draft.pfs[address], wish))
    now = draft.pfs[address]
    draft.take(address, plan_rss(now, wish.rss, _lost_table(before, now)))
    draft.take(address, plan_rules(draft.pfs[address], wish.rules, _lost_rules(before, now)))


def _lost_table(before: Pf, now: Pf) -> tuple[int, ...] | None:
    """A table that somebody has set and that the plan's steps put back to the driver's."""
    rss = before.queues.rss
    return None if rss is None or rss is now.queues.rss or not is_set_by_hand(before) else rss.table


def _lost_rules(before: Pf, now: Pf) -> tuple[FlowRule, ...]:
    if before.queues.rules is None or now.queues.rules is None:
        return ()
    return tuple(rule for rule in before.queues.rules.rules if rule not in now.queues.rules.rules)
