# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The module layer's one way through: read, plan, apply unless in check mode, read again, compare, answer."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from .._sriov.apply.run import apply_plan
from .._sriov.errors import InvalidRequest, NotReached, SriovError
from .._sriov.kernel.kernel import Kernel
from .._sriov.steps.pci import Plan

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible.module_utils.basic import AnsibleModule

State = t.TypeVar("State")


@dataclass(frozen=True)
class Job(t.Generic[State]):
    """What a module is made of.

    :param read: the host as it is.
    :param plan: the steps from there and the state that they lead to; raises SriovError for what is refused.
    :param asked: the part of a state that the options speak of: what is compared, and shown as the diff.
    :param view: a state as the module's return values.
    """

    read: t.Callable[[], State]
    plan: t.Callable[[State], tuple[Plan, State]]
    asked: t.Callable[[State], dict[str, t.Any]]
    view: t.Callable[[State], dict[str, t.Any]]


def kernel_of(module: AnsibleModule) -> Kernel:
    """The real kernel, commands run by the module in the C locale."""
    environment = {"LC_ALL": "C", "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"}

    def run(argv: Sequence[str], stdin: str = "") -> tuple[int, str, str]:
        try:
            code, out, error = module.run_command(
                list(argv), data=stdin or None, environ_update=environment, handle_exceptions=False
            )
        except OSError as missing:
            return 127, "", str(missing)
        return int(code), str(out), str(error)

    return Kernel(run)


def execute(module: AnsibleModule, make_job: t.Callable[[Kernel], Job[State]], kernel: Kernel | None = None) -> None:
    """Carry a job out and end the module.

    :param make_job: options to job; may raise SriovError.
    :param kernel: the outside; the real one unless a test gives its own.
    """
    kernel = kernel or kernel_of(module)
    try:
        _check_timeout(module)
        job = make_job(kernel)
        before = job.read()
        plan, planned = job.plan(before)
        after = planned if plan.steps else before
        if plan.steps and not module.check_mode:
            plan, after = carry_out(kernel, job, plan, planned, module.params["timeout"])
    except SriovError as error:
        module.fail_json(msg=str(error), failure=error.details(), done=error.done, changed=bool(error.done))
    for warning in plan.warnings:
        module.warn(warning)
    module.exit_json(
        changed=bool(plan.steps),
        steps=[str(step) for step in plan.steps],
        diff={"before": job.asked(before), "after": job.asked(after)},
        **job.view(after),
    )


def carry_out(kernel: Kernel, job: Job[State], plan: Plan, planned: State, timeout: float) -> tuple[Plan, State]:
    """Apply a plan, read again, and once more what a second plan finds: a driver may have done more than it was told.

    :returns: all that was done, and the host after it.
    :raises SriovError: with the steps done before in its attribute done.
    """
    apply_plan(kernel, plan, timeout)
    done, wanted = [str(step) for step in plan.steps], job.asked(planned)
    try:
        after = job.read()
        more = _second_plan(job, wanted, after)
        if more.steps:
            apply_plan(kernel, more, timeout)
            done += [str(step) for step in more.steps]
            after = job.read()
        check_reached(wanted, job.asked(after))
    except SriovError as error:
        error.done = [*done, *error.done]
        raise
    warnings = dict.fromkeys((*plan.warnings, *more.warnings))  # the second plan may say the same
    return Plan((*plan.steps, *more.steps), tuple(warnings)), after


def _second_plan(job: Job[State], wanted: dict[str, t.Any], after: State) -> Plan:
    """What is left to do. Where that is refused, because the state is not the predicted one, say that it is not."""
    try:
        return job.plan(after)[0]
    except SriovError:
        check_reached(wanted, job.asked(after))
        raise


def answer(module: AnsibleModule, read: t.Callable[[Kernel], dict[str, t.Any]], kernel: Kernel | None = None) -> None:
    """End a module that only looks.

    :param read: the return values; may raise SriovError.
    """
    try:
        _check_timeout(module)
        found = read(kernel or kernel_of(module))
    except SriovError as error:
        module.fail_json(msg=str(error), failure=error.details())
    module.exit_json(changed=False, steps=[], diff={"before": {}, "after": {}}, **found)


def _check_timeout(module: AnsibleModule) -> None:
    if module.params["timeout"] < 1:
        raise InvalidRequest(f"timeout: {module.params['timeout']} is less than a second", remedy="give 1 or more")


def check_reached(wanted: dict[str, t.Any], observed: dict[str, t.Any]) -> None:
    """Compare what was predicted with what is.

    :raises NotReached: they differ, though every step was accepted.
    """
    differing = differences(wanted, observed)
    if differing:
        raise NotReached(
            "the steps were done, but the host is not as planned",
            why="; ".join(differing),
            remedy="look at dmesg; something else (NetworkManager, a udev rule) may manage the device too",
        )


def differences(wanted: dict[str, t.Any], observed: dict[str, t.Any], path: str = "") -> list[str]:
    """ "vfs.0.trust: planned True, found False" for everything wanted that is observed otherwise."""
    found: list[str] = []
    for key, value in wanted.items():
        other = observed.get(key)
        if isinstance(value, dict) and isinstance(other, dict):
            found += differences(value, other, f"{path}{key}.")
        elif value != other:
            found.append(f"{path}{key}: planned {value}, found {other}")
    return found
