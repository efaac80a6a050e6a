# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The module layer's one way through: read, plan, apply unless in check mode, read again, compare, answer."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ._apply import apply_plan
from ._errors import InvalidRequest, NotReached, SriovError
from ._kernel import Kernel

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible.module_utils.basic import AnsibleModule

    from ._steps import Plan

State = t.TypeVar("State")


@dataclass(frozen=True)
class Job(t.Generic[State]):
    """What a module is made of.

    :param read: the host as it is.
    :param plan: the steps from there; raises SriovError for what is refused.
    :param predict: the state that the steps lead to.
    :param asked: the part of a state that the options speak of: what is compared, and shown as the diff.
    :param view: a state as the module's return values.
    """

    read: t.Callable[[], State]
    plan: t.Callable[[State], Plan]
    predict: t.Callable[[State], State]
    asked: t.Callable[[State], dict[str, t.Any]]
    view: t.Callable[[State], dict[str, t.Any]]


def kernel_of(module: AnsibleModule) -> Kernel:
    """The real kernel, commands run by the module in the C locale."""
    environment = {"LC_ALL": "C", "PATH": f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"}

    def run(arguments: Sequence[str]) -> tuple[int, str, str]:
        try:
            code, out, error = module.run_command(list(arguments), environ_update=environment, handle_exceptions=False)
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
        if module.params["timeout"] < 1:
            raise InvalidRequest(f"timeout: {module.params['timeout']} is less than a second", remedy="give 1 or more")
        job = make_job(kernel)
        before = job.read()
        plan = job.plan(before)
        after = job.predict(before) if plan.steps else before
        if plan.steps and not module.check_mode:
            apply_plan(kernel, plan, module.params["timeout"])
            wanted, after = job.asked(after), job.read()
            check_reached(wanted, job.asked(after), [str(step) for step in plan.steps])
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


def check_reached(wanted: dict[str, t.Any], observed: dict[str, t.Any], done: list[str]) -> None:
    """Compare what was predicted with what is.

    :raises NotReached: they differ, though every step was accepted.
    """
    differing = [key for key in wanted if observed.get(key) != wanted[key]]
    if differing:
        error = NotReached(
            "the steps were done, but the host is not as planned",
            why="; ".join(f"{key}: planned {wanted[key]}, found {observed.get(key)}" for key in differing),
            remedy="look at dmesg; something else (NetworkManager, a udev rule) may manage the device too",
        )
        error.done = done
        raise error
