# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Brings a host to a desired state: observe, plan, apply, observe again, compare."""

from __future__ import annotations

import typing as t

from .alone import check_user
from .change import Run, change
from .confirm import Arming
from .errors import SriovError
from .kept.files import Files
from .kept.pending import Pending
from .kernel.deadline import TO_LOOK, Deadline
from .memory import Memory
from .model.check import check_desired
from .model.units import start_command
from .observe.given import with_addresses_to_record, with_owed_addresses
from .observe.host import observe, observe_parents
from .observe.links import links_came
from .others import blocked_devices
from .owed import Owed
from .plan.after import after_all
from .plan.from_record import from_records
from .plan.release import OF_UNITS, plan_with_units
from .steps.pci import Plan

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .confirm import Switch
    from .kernel.kernel import Kernel
    from .model.desired import Desired
    from .model.host import State
    from .saved_plan import Saved
    from .steps.pci import Step
    from .steps.units import StartUnit


class Outcome(t.NamedTuple):
    """What converge() did, or would do.

    :param desired: located: each PF and device by its PCI address.
    :param before: the host as it was.
    :param after: the host as it is; as predicted where nothing was applied.
    :param plan: all that was done.
    """

    desired: Desired
    before: State
    after: State
    plan: Plan


def converge(
    kernel: Kernel,
    desired: Desired,
    timeout: float,
    check: bool = False,
    tell: Callable[[Sequence[Step]], None] | None = None,
    reviewed: Saved | None = None,
    switch: Switch | None = None,
) -> Outcome:
    """Bring the host to the desired state.

    :param timeout: seconds for all of it.
    :param check: only plan; nothing is written.
    :param tell: gets the steps that are about to be done, one by one or a few at once.
    :param reviewed: a plan that was saved: nothing is done unless this one is the same.
    :param switch: takes back what is done here, unless it is confirmed.
    :raises SriovError: with the steps done before in its attribute done.
    """
    deadline = Deadline(timeout)
    check_user(kernel)
    check_desired(desired)
    if not check:
        Pending(Files(kernel.root)).check_none()
    memory = Memory(kernel)
    expected = _planned(kernel, desired, deadline, memory, reviewed)
    back = switch.check(kernel, expected.before, expected.plan) if switch and expected.plan.steps else None
    if check:
        return expected
    if expected.plan.steps or memory.has_journal:
        expected = expected._replace(before=observe_parents(kernel, expected.before, deadline.left(TO_LOOK)))
    outcome = expected
    if expected.plan.steps:
        arming = Arming(kernel, switch, back) if switch and back else None
        telling = arming.telling(tell) if arming else tell
        outcome = _carried_out(Run(kernel, expected.desired, memory, deadline, telling), expected, arming)
    left = memory.settle(outcome.after._replace(parents=expected.before.parents), outcome.desired)
    return outcome._replace(plan=outcome.plan._replace(warnings=(*outcome.plan.warnings, *left)))


def _planned(kernel: Kernel, desired: Desired, deadline: Deadline, memory: Memory, reviewed: Saved | None) -> Outcome:
    """What comes of it where all goes well."""
    desired, before, unknown = _looked(kernel, desired, deadline, memory)
    told: tuple[str, ...] = ()
    if any(each.as_before for each in desired.pfs):
        desired, told, unclear = from_records(before, desired)
        # Another look: what is read of a host is what is asked of it, and that shows only now.
        desired, before, more = _looked(kernel, desired, deadline, memory)
        unknown = [*unknown, *unclear, *more]
    if not unknown and links_came(kernel, desired, before, deadline.left()):
        desired, before, unknown = _looked(kernel, desired, deadline, memory)
    plan = _plan(before, desired, unknown)
    plan = plan._replace(warnings=(*told, *plan.warnings))
    if reviewed is not None:
        _check_reviewed(reviewed, desired, before, plan)
    return Outcome(desired.keeping(plan.kept), before, after_all(before, plan.steps), plan)


def _looked(
    kernel: Kernel, desired: Desired, deadline: Deadline, memory: Memory
) -> tuple[Desired, State, list[SriovError]]:
    """What observe() gives, with what earlier runs have noted of the host."""
    desired, state, unknown = observe(kernel, desired, deadline.left(), blocked_devices(kernel))
    return desired, with_owed_addresses(kernel, memory.recall(state)), unknown


def _plan(before: State, desired: Desired, unknown: list[SriovError]) -> Plan:
    """:raises SriovError: it is refused, and nothing is done: also of what an earlier run has left it says so."""
    try:
        return plan_with_units(before, desired, unknown)
    except SriovError as error:
        error.lost += map(start_command, before.stopped)
        raise


def _carried_out(run: Run, expected: Outcome, arming: Arming | None) -> Outcome:
    """What has come of it; every unit that was stopped is started again, whatever comes of the rest."""
    owed = Owed(run.kernel, run.memory, expected.plan, run.deadline)
    try:
        before = with_addresses_to_record(run.kernel, expected.before)
        run.memory.note(before, expected.plan, expected.desired)
        if arming:
            arming.prepare()
        more, after = change(run, expected.before, expected.after, owed.plan)
        if arming and owed.starts:
            arming.arm()  # they may be all that there is to do
    except SriovError as error:
        owed.start_after(error)
        if arming:
            arming.after(error)
        raise
    except Exception:  # a fault of ours is no reason to leave it stopped
        owed.start_after(SriovError("a fault"))
        raise
    try:
        owed.start()
    except SriovError as error:
        error.done = [*map(str, (*owed.plan.steps, *more.steps)), *error.done]
        if arming:
            arming.after(error)
        raise
    return expected._replace(after=after, plan=_joined(owed.plan, more, owed.starts))


def _joined(plan: Plan, more: Plan, starts: tuple[StartUnit, ...]) -> Plan:
    """All that was done, as one plan. The second may say the same as the first."""
    behind = len(plan.steps)
    return Plan(
        (*plan.steps, *more.steps, *starts),
        tuple(dict.fromkeys((*plan.warnings, *more.warnings))),
        tuple(dict.fromkeys((*plan.allowed, *more.allowed))),
        plan.kept,
        (*plan.purposes, *(behind + each for each in more.purposes), *[OF_UNITS] * len(starts)),
    )


def _check_reviewed(reviewed: Saved, desired: Desired, before: State, plan: Plan) -> None:
    from .saved_plan import check_same, saved_plan  # only here: few runs have one

    check_same(reviewed, saved_plan(desired, before, plan.steps))
