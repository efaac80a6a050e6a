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
from .._sriov.compare import of_pf, spoken_of
from .._sriov.converge import converge
from .._sriov.errors import SriovError
from .._sriov.faults import Faults
from .._sriov.kernel.kernel import Kernel
from .._sriov.observe.unnamed import unnamed_vfs
from .._sriov.results import device_result, pf_result
from .request import check_timeout, desired_state, failed, refused
from .validation import checked_options

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from .._sriov.converge import Outcome
    from .._sriov.model.desired import Desired
    from .._sriov.model.host import State
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

    :param kernel: the outside; the real one unless a test gives its own.
    """
    try:
        # As they came: AnsibleModule's own parameters do not tell an option that is null from one that is left out.
        wanted = desired_state(interface, _load_params())
        outside = kernel or Kernel()
        outcome = converge(outside, wanted, module.params["timeout"], module.check_mode)
    except SriovError as error:
        module.fail_json(**failed(error))
    for warning in outcome.plan.warnings:
        module.warn(warning)
    module.exit_json(**result(outcome, shape), **shape.beside(outside, outcome.after, outcome.desired))


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


def answer(module: AnsibleModule, read: t.Callable[[Params, Kernel], Params], kernel: Kernel | None = None) -> None:
    """End a module that only looks.

    :param read: options to return values; may raise SriovError.
    """
    try:
        given = Faults()  # numbers for names: AnsibleModule has made texts of them
        given.add(*checked_options(module.argument_spec, _load_params()).faults)
        given.tell()
        check_timeout(module.params["timeout"])
        found = read(module.params, kernel or Kernel())
    except SriovError as error:
        module.fail_json(**refused(error))
    module.exit_json(changed=False, steps=[], diff={"before": {}, "after": {}}, **found)
