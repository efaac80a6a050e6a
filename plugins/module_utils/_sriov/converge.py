# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Brings a host to a desired state: observe, plan, apply, observe again, compare."""

from __future__ import annotations

import typing as t

from .compare import check_reached, left_unbound, spoken_of
from .errors import NotPermitted, NotReached, SriovError
from .kernel.users import user_label
from .model.check import check_desired
from .observe.host import observe
from .plan.after import after_all
from .plan.host import plan_host
from .steps.pci import Plan

if t.TYPE_CHECKING:
    from .kernel.kernel import Kernel
    from .model.desired import Desired
    from .model.host import State


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


def converge(kernel: Kernel, desired: Desired, timeout: float, check: bool = False) -> Outcome:
    """Bring the host to the desired state.

    :param timeout: seconds for one step.
    :param check: only plan; nothing is written.
    :raises SriovError: with the steps done before in its attribute done.
    """
    _check_user(kernel.system.effective_user())
    check_desired(desired)
    desired, before, unknown = observe(kernel, desired, timeout)
    plan = plan_host(before, desired, unknown)
    planned, desired = after_all(before, plan.steps), desired.keeping(plan.kept)
    if check or not plan.steps:
        return Outcome(desired, before, planned, plan)
    _apply(kernel, plan, timeout)
    try:
        more, after = _settle(kernel, desired, planned, timeout)
    except SriovError as error:
        error.done = [*map(str, plan.steps), *error.done]
        raise
    # The second plan may say the same.
    warnings = tuple(dict.fromkeys((*plan.warnings, *more.warnings)))
    allowed = tuple(dict.fromkeys((*plan.allowed, *more.allowed)))
    purposes = (*plan.purposes, *(len(plan.steps) + purpose for purpose in more.purposes))
    return Outcome(desired, before, after, Plan((*plan.steps, *more.steps), warnings, allowed, plan.kept, purposes))


def _check_user(user: int) -> None:
    """A plan made with half the host unseen is worth nothing: who holds a device is hidden from other users.

    :raises NotPermitted: it is not root.
    """
    if user != 0:
        raise NotPermitted(
            f"this runs as user {user_label(user)}, and needs root",
            why="what others' processes have open is hidden from it, and nothing may be written",
            remedy="become: true",
        )


def _apply(kernel: Kernel, plan: Plan, timeout: float) -> None:
    from .apply.run import apply_steps  # only here: most runs find nothing to do, and reading it takes a while

    apply_steps(kernel, plan.steps, timeout, plan.purposes)


def _settle(kernel: Kernel, desired: Desired, planned: State, timeout: float) -> tuple[Plan, State]:
    """Read again, and do what a second plan finds: a driver may have done more than it was told.

    :returns: what was done here, and the host after it.
    :raises SriovError: the host is not as planned, or cannot be made so.
    """
    _desired, after, _unknown = observe(kernel, desired, timeout)
    wanted = spoken_of(planned, desired)
    try:
        more = plan_host(after, desired)
    except SriovError:
        # Where that is refused because the state is not the predicted one, say that it is not.
        check_reached(wanted, spoken_of(after, desired))
        raise
    if more.steps:
        _apply(kernel, more, timeout)
    try:
        if more.steps:
            _desired, after, _unknown = observe(kernel, desired, timeout)
        check_reached(wanted, spoken_of(after, desired))
        _check_done(more, after, desired)
    except SriovError as error:
        error.done = [str(step) for step in more.steps]
        raise
    return more._replace(warnings=(*more.warnings, *left_unbound(planned, after))), after


def _check_done(plan: Plan, after: State, desired: Desired) -> None:
    """:raises NotReached: a step that was done is to be done again."""
    left = plan_host(after, desired).steps if plan.steps else ()
    for step in (step for step in left if step in plan.steps):
        raise NotReached("a step was done, and is to be done again", why=str(step), remedy="look at dmesg")
