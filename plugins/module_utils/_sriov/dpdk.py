# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Has a host give programs with DPDK what they need, or no more: observes, plans, does it, and looks again."""

from __future__ import annotations

import typing as t

from .alone import check_user
from .apply.accounts import change_account
from .apply.files import Undo
from .errors import NotReached, SriovError
from .model.dpdk import LIMITS_FILE, QUEUE_DROP_IN, SERVICE_LINK, LeftOfDpdk, drop_in_path
from .observe.dpdk import left_of_dpdk, observe_dpdk
from .plan.dpdk import plan_absent, plan_dpdk, warnings, warnings_absent
from .steps.accounts import AddToGroup, CreateGroup, CreateUser, ReloadUnits
from .steps.files import WriteFile, WriteLink

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .kernel.kernel import Kernel
    from .model.dpdk import DesiredDpdk, FoundDpdk
    from .plan.dpdk import DpdkStep

OF_ACCOUNTS = (CreateGroup, CreateUser, AddToGroup)

Part = t.Dict[str, t.Any]


class Prepared(t.NamedTuple):
    """What prepare_dpdk() did, or would do."""

    steps: Sequence[DpdkStep]
    before: Part
    after: Part
    warnings: Sequence[str]


def prepare_dpdk(
    kernel: Kernel, desired: DesiredDpdk, check: bool, tell: Callable[[Sequence[DpdkStep]], None]
) -> Prepared:
    """:raises SriovError: with the steps done before in its attribute done; files are as they were then."""
    check_user(kernel)
    found = observe_dpdk(kernel, desired)
    steps = plan_dpdk(desired, found)
    before = _part(found)
    if steps and not check:
        _do(kernel, steps, tell)
        now = observe_dpdk(kernel, desired)
        left = plan_dpdk(desired, now)
        if left:
            raise NotReached("the steps were done, but the host is not as planned", why="; ".join(map(str, left)))
    return Prepared(steps, before, _after(before, steps), warnings(desired, found))


def forget_dpdk(
    kernel: Kernel, check: bool, tell: Callable[[Sequence[DpdkStep]], None], queue_units: Sequence[str] = ()
) -> Prepared:
    """Remove the files that say that this collection has written them. Accounts, packages and a mask stay.

    :param queue_units: only what these have for queues of AF_XDP; none: all of it.
    :raises SriovError: as prepare_dpdk().
    """
    check_user(kernel)
    only = [drop_in_path(unit, QUEUE_DROP_IN) for unit in queue_units]
    left = _left(kernel, only)
    steps = plan_absent(left)
    if steps and not check:
        _do(kernel, steps, tell)
        still = _left(kernel, only).files
        if still:
            raise NotReached("the steps were done, but the host is not as planned", why=f"there is {', '.join(still)}")
    gone = {"files": dict.fromkeys(left.files)}
    return Prepared(steps, {"files": dict(left.files)}, gone, warnings_absent(left, steps))


def _left(kernel: Kernel, only: Sequence[str]) -> LeftOfDpdk:
    """:param only: paths; none: all of it."""
    left = left_of_dpdk(kernel)
    if not only:
        return left
    return LeftOfDpdk({path: text for path, text in left.files.items() if path in only})


def _do(kernel: Kernel, steps: Sequence[DpdkStep], tell: Callable[[Sequence[DpdkStep]], None]) -> None:
    undo = Undo(kernel.etc)
    done: list[DpdkStep] = []
    for step in steps:
        tell([step])
        try:
            if isinstance(step, ReloadUnits):
                if kernel.units.are_there():
                    change_account(step, kernel.run)
            elif isinstance(step, OF_ACCOUNTS):
                change_account(step, kernel.run)
            else:
                undo.change(step)
        except SriovError as error:
            error.step, error.lost = str(step), undo.go_back()
            error.done = [str(each) for each in done if isinstance(each, OF_ACCOUNTS)]
            raise
        done.append(step)


def _part(found: FoundDpdk) -> Part:
    """What a diff shows, in the words of the steps."""
    return {
        "group": found.has_group,
        "users": {user: sorted(groups or ()) for user, groups in found.groups.items()},
        "files": {SERVICE_LINK: found.service.link, LIMITS_FILE: found.limits, **found.drop_ins},
    }


def _after(before: Part, steps: Sequence[DpdkStep]) -> Part:
    users, files = dict(before["users"]), dict(before["files"])
    for step in steps:
        if isinstance(step, CreateUser):
            users[step.user] = [step.user]
        elif isinstance(step, AddToGroup):
            users[step.user] = sorted([*users[step.user], step.group])
        elif isinstance(step, WriteFile):
            files[step.path] = step.path if step.path == LIMITS_FILE else step.text
        elif isinstance(step, WriteLink):
            files[step.path] = step.target
    return {"group": True, "users": users, "files": files}
