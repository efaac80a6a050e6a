# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Prepares a host for kernel bypass: observe, plan, have it done, read back what will boot."""

from __future__ import annotations

import typing as t

from .apply.platform import Performer
from .errors import NotReached, SriovError
from .model.kernel_arguments import OF_PAGES, intel_iommu, is_additive, key, missing, plain, without
from .model.under_way import under_way
from .observe.platform import observe_again, observe_platform
from .plan.platform import plan_platform
from .plan.platform_reboot import reasons

if t.TYPE_CHECKING:
    from .alone import Tell
    from .kernel.deadline import Deadline
    from .kernel.kernel import Kernel
    from .model.kernel_arguments import Tokens
    from .model.platform import DesiredPlatform, ObservedPlatform, Reason
    from .plan.platform import PlatformPlan


class Prepared(t.NamedTuple):
    """:param after: as read after the last step; as predicted in check mode.
    :param reasons: for a boot.
    """

    before: ObservedPlatform
    after: ObservedPlatform
    steps: list[str]
    reasons: list[Reason]
    warnings: list[str]


def prepare(kernel: Kernel, desired: DesiredPlatform, check: bool, deadline: Deadline, tell: Tell) -> Prepared:
    """:param check: only plan.
    :raises SriovError: all that is refused, before the first step; or what failed, after all was put back.
    """
    before = observe_platform(kernel, desired)
    plan = plan_platform(desired, before)
    after = plan.after
    if plan.steps and not check:
        after = _done(kernel, desired, before, plan, deadline, tell)
    steps = [str(step) for step in plan.steps]
    return Prepared(before, after, steps, reasons(desired, before, after), plan.warnings)


def _done(
    kernel: Kernel,
    desired: DesiredPlatform,
    before: ObservedPlatform,
    plan: PlatformPlan,
    deadline: Deadline,
    tell: Tell,
) -> ObservedPlatform:
    performer, done = Performer(kernel, deadline), []
    step = ""
    try:
        for each in plan.steps:
            step = str(each)
            tell(under_way([each]))
            performer.perform(each)
            done.append(step)
        step = ""
        after = observe_again(kernel, before, desired)
        _check_line(before, plan.after, after)
        return after
    except SriovError as error:
        missed = performer.go_back(plan.way_back)
        error.step, error.done, error.changed = step, [], bool(missed)
        if missed:
            error.done = done
            error.why += f"; and not put back: {' '.join(missed)}"
        raise


def _check_line(before: ObservedPlatform, wanted: ObservedPlatform, found: ObservedPlatform) -> None:
    """Whether what will boot has what was written, and nothing of what was taken away.

    :raises NotReached: it has not.
    """
    lacks = _lacking(wanted, found.boot.line)
    gone = missing(wanted.boot.line, before.boot.line)
    more = without(found.boot.line, wanted.boot.line)
    stays = [each for each in gone if not missing(more, [each])]
    if found.boot.name != wanted.boot.name:
        raise NotReached("the line of the next boot cannot be read any more", why=found.boot.why)
    if lacks or stays:
        words = [f"{' '.join(lacks)} is not on it"] * bool(lacks) + [f"{' '.join(stays)} is on it"] * bool(stays)
        raise NotReached(
            "the line of the next boot is not what was written",
            why=f"{', and '.join(words)}: {' '.join(found.boot.line)}",
            remedy="a later file of the boot loader may set it anew: look at its settings",
        )


def _lacking(wanted: ObservedPlatform, line: Tokens) -> list[str]:
    """Arguments of ours that are not on a line, or do not count there since another comes after."""
    words = {key(each.token) for each in wanted.owned}
    lacks = list(missing(line, [token for token in wanted.boot.line if key(token) in words]))
    for each in wanted.owned:
        last = next((token for token in reversed(line) if key(token) == key(each.token)), "")
        counts = intel_iommu(line) if key(each.token) == "intel_iommu" else plain(last) == plain(each.token)
        if not counts and not is_additive(each.token) and key(each.token) not in OF_PAGES and each.token not in lacks:
            lacks.append(each.token)
    return lacks
