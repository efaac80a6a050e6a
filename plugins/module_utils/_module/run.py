# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The module layer's one way through: options to desired, converge, answer. Check mode is looked at here alone."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import _load_params

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.alone import alone, in_time
from .._sriov.compare import of_pf, spoken_of
from .._sriov.converge import converge
from .._sriov.errors import SriovError
from .._sriov.faults import Faults
from .._sriov.kernel.deadline import Deadline
from .._sriov.kernel.kernel import Kernel
from .._sriov.model.printable import all_printable
from .._sriov.model.under_way import UnderWay, under_way
from .._sriov.observe.unnamed import unnamed_vfs
from .._sriov.others import others
from .._sriov.results import device_result, pf_result
from .confirm import confirmed, switch_of, told_once, with_confirmation, without_confirmation
from .plan_file import as_text, parsed
from .request import check_timeout, desired_state, failed, refused
from .validation import checked_options

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from .._sriov.alone import Tell
    from .._sriov.confirm import Switch
    from .._sriov.converge import Outcome
    from .._sriov.model.desired import Desired
    from .._sriov.model.host import State
    from .._sriov.saved_plan import Saved
    from .request import Interface

Params = t.Dict[str, t.Any]


class Shape(t.NamedTuple):
    """How a module shows a host.

    :param part: what a diff shows of a state.
    :param values: a state as return values.
    :param beside: return values about what the desired state does not speak of.
    """

    part: t.Callable[[State, Desired], Params]
    values: t.Callable[[State, Desired], Params]
    beside: t.Callable[[Kernel, State, Desired], Params] = lambda _kernel, _state, _desired: {}


def _part_of_pf(state: State, desired: Desired) -> Params:
    return of_pf(state.pfs[desired.pfs[0].pf], desired.pfs[0])


def _pf(state: State, desired: Desired) -> Params:
    return {"pf": pf_result(state.pfs[desired.pfs[0].pf])}


def _pfs(state: State, desired: Desired) -> Params:
    return {"pfs": [pf_result(state.pfs[each.pf]) for each in desired.pfs]}


def _unnamed(kernel: Kernel, state: State, desired: Desired) -> Params:
    return {"unnamed_vfs": unnamed_vfs(kernel, state, desired)}


def _devices(state: State, desired: Desired) -> Params:
    return {"devices": [device_result(state.devices[each.device]) for each in desired.devices]}


ONE_PF = Shape(_part_of_pf, _pf)
ALL_PFS = Shape(spoken_of, _pfs, _unnamed)
DEVICES = Shape(spoken_of, _devices)


def run(module: AnsibleModule, interface: Interface, shape: Shape, kernel: Kernel | None = None) -> None:
    """Bring the host to what the options mean, and end the module.

    :param kernel: the outside; the real one unless a test gives its own, which has no other process.
    """
    outside, check, timeout = kernel or Kernel(), module.check_mode, module.params["timeout"]
    switch = switch_of(module.params)

    def work(deadline: Deadline, tell: Tell) -> Params:
        if module.params.get("_confirm") and not check:
            return _confirmed(outside, module.params["_confirm"])
        ended = _converged(outside, wanted, deadline, shape, tell)
        if switch:
            ended = without_confirmation(ended) if check else with_confirmation(outside, ended, switch)
        if "values" in ended:
            ended["warnings"] += others(outside) if check else told_once(outside)
        return ended

    try:
        # As they came: AnsibleModule's own parameters do not tell an option that is null from one that is left out.
        plan_file = module.params.get("plan_file")
        reviewed = parsed(plan_file) if plan_file and not check else None
        wanted = Wanted(desired_state(interface, _load_params()), check, bool(plan_file and check), reviewed, switch)
        ended = _worked(outside, work, timeout, check, is_test=kernel is not None)
    except SriovError as error:
        ended = {"failed": failed(error)}
        if switch and not check:  # also where it was killed
            ended = with_confirmation(outside, ended, switch)
    _end(module, ended)


def carry_out(
    module: AnsibleModule,
    change: t.Callable[[Kernel, bool, Deadline, Tell], Changed],
    kernel: Kernel | None = None,
) -> None:
    """End a module that changes something else than a desired state of NICs: run() is for those.

    :param change: gets whether it is check mode, in which it only plans, the time it has, and what is to be called with
        the steps that are about to be done; may raise SriovError.
    """
    outside, check, timeout = kernel or Kernel(), module.check_mode, module.params["timeout"]

    def work(deadline: Deadline, tell: Tell) -> Params:
        try:
            changed = change(outside, check, deadline, tell)
        except SriovError as error:
            return {"failed": failed(error)}
        values = {"changed": bool(changed.steps), "steps": list(changed.steps), "diff": changed.diff, **changed.values}
        return {"values": values, "warnings": [*changed.warnings, *(others(outside) if check else told_once(outside))]}

    try:
        given = Faults()  # numbers for names: AnsibleModule has made texts of them
        given.add(*checked_options(module.argument_spec, _load_params()).faults)
        given.tell()
        check_timeout(timeout)
        ended = _worked(outside, work, timeout, check, is_test=kernel is not None)
    except SriovError as error:
        ended = {"failed": failed(error)}
    _end(module, ended)


class Changed(t.NamedTuple):
    """What carry_out() tells.

    :param steps: sentences of what was done, or would be.
    :param values: return values beside them.
    """

    steps: t.Sequence[str]
    diff: Params
    values: Params
    warnings: t.Sequence[str] = ()


def _worked(
    kernel: Kernel, work: t.Callable[[Deadline, Tell], Params], timeout: float, check: bool, is_test: bool
) -> Params:
    """:param is_test: the kernel is a test's, which has no other process."""
    if is_test:
        return work(Deadline(timeout), _silent)
    return t.cast("Params", in_time(kernel, work, Deadline(timeout)) if check else alone(kernel, work, timeout))


class Wanted(t.NamedTuple):
    """What a module is to do.

    :param shown: its plan is wanted, to be saved.
    :param reviewed: a saved plan, which this one must be.
    :param switch: takes back what is done, unless it is confirmed.
    """

    desired: Desired
    check: bool
    shown: bool = False
    reviewed: Saved | None = None
    switch: Switch | None = None


def _converged(kernel: Kernel, wanted: Wanted, deadline: Deadline, shape: Shape, tell: Tell) -> Params:
    desired, check, _shown, reviewed, switch = wanted

    def told(steps: t.Sequence[t.Any]) -> None:
        tell(under_way(steps))

    try:
        outcome = converge(kernel, desired, deadline.left(), check, told, reviewed, switch)
    except SriovError as error:
        return {"failed": failed(error)}
    values = {**result(outcome, shape), **shape.beside(kernel, outcome.after, outcome.desired)}
    if wanted.shown:
        values["plan_file"] = _plan_text(outcome)
    return {"values": values, "warnings": list(outcome.plan.warnings)}


def _confirmed(kernel: Kernel, name: str) -> Params:
    try:
        return confirmed(kernel, name)
    except SriovError as error:
        return {"failed": failed(error)}


def _plan_text(outcome: Outcome) -> str:
    from .._sriov.saved_plan import saved_plan  # only here: few runs are asked for it

    return as_text(saved_plan(outcome.desired, outcome.before, outcome.plan.steps))


def _end(module: AnsibleModule, ended: Params) -> None:
    ended = all_printable(ended)
    if "failed" in ended:
        module.fail_json(**ended["failed"])
    for warning in ended["warnings"]:
        module.warn(warning)
    module.exit_json(**ended["values"])


def _silent(_told: UnderWay) -> None:
    """For whom nobody listens to."""


def result(outcome: Outcome, shape: Shape) -> Params:
    """The return values of a module that changes something."""
    desired, before, after, plan = outcome
    return {
        "changed": bool(plan.steps),
        "steps": [str(step) for step in plan.steps],
        "allowed": list(plan.allowed),
        "diff": {"before": shape.part(before, desired), "after": shape.part(after, desired)},
        **shape.values(after, desired),
    }


class Answer(t.NamedTuple):
    """What a module that only looks has seen."""

    values: Params
    warnings: t.Sequence[str] = ()


def answer(
    module: AnsibleModule, read: t.Callable[[Params, Kernel], Answer], kernel: Kernel | None = None, more: float = 0.0
) -> None:
    """End a module that only looks.

    :param read: options to what is seen; may raise SriovError.
    :param more: seconds that it takes beside the timeout.
    """
    outside = kernel or Kernel()

    def work(_deadline: Deadline, _tell: Tell) -> Params:
        try:
            found = read(module.params, outside)
        except SriovError as error:
            return {"failed": refused(error)}
        values = {"changed": False, "steps": [], "diff": {"before": {}, "after": {}}, **found.values}
        return {"values": values, "warnings": [*found.warnings, *others(outside)]}

    try:
        given = Faults()  # numbers for names: AnsibleModule has made texts of them
        given.add(*checked_options(module.argument_spec, _load_params()).faults)
        given.tell()
        check_timeout(module.params["timeout"])
        deadline = Deadline(module.params["timeout"] + more)
        ended = work(deadline, _silent) if kernel else in_time(outside, work, deadline)
    except SriovError as error:
        ended = {"failed": refused(error)}
    _end(module, ended)
