# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Module boot_state: options to a request, and what has come of it to return values."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import _load_params

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.at_boot import program  # this import is why all of it comes to the host
from .._sriov.faults import Faults
from .._sriov.installing.boot_state import boot_state
from .._sriov.installing.request import Request, Run
from .._sriov.kept.boot_result import last_boot
from .._sriov.kernel.managers import UnitState
from .boot_options import managed_vfs
from .options import BOOT_STATE, filled
from .request import MODULES, desired_state
from .run import Changed, carry_out
from .validation import checked_options

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from .._sriov.alone import Tell
    from .._sriov.installing.request import Done
    from .._sriov.kernel.deadline import Deadline
    from .._sriov.kernel.kernel import Kernel
    from .options import Params


def run(module: AnsibleModule, kernel: Kernel | None = None) -> None:
    """End the module.

    :param kernel: the outside; the real one unless a test gives its own.
    """

    def change(outside: Kernel, check: bool, deadline: Deadline, tell: Tell) -> Changed:
        # As they came: AnsibleModule's own parameters do not tell an option that is null from one that is left out.
        done = boot_state(Run(outside, _request(_load_params()), check, deadline, tell))
        boot, unread = last_boot(outside)
        values = {**_values(outside, done), "last_boot": boot}
        diff = {"before": done.before, "after": done.after}
        return Changed([str(step) for step in done.steps], diff, values, [*done.warnings, *unread])

    carry_out(module, change, kernel)


def _request(options: Params) -> Request:
    """:raises SriovError: all that is wrong with them."""
    desired = desired_state(MODULES["boot_state"], options)
    given = filled(BOOT_STATE, checked_options(BOOT_STATE, options).options)
    return Request(
        given["state"],
        program.__name__.partition("._sriov.")[2],
        desired,
        given["boot_timeout"],
        given["pf_timeout"],
        managed_vfs(given, Faults()),
        given["unmanaged"],
        given["metrics_directory"],
        given["check_interval"].strip(),
        given["override"],
    )


def _values(kernel: Kernel, done: Done) -> Params:
    unit = kernel.managers.unit() if kernel.units.are_there() else UnitState()
    return {
        "allowed": [],
        "generation": done.generation,
        "previous": done.previous,
        "unit": {"enabled": unit.enabled == "enabled", "active": unit.state, "result": unit.result},
        "reached": not done.differences,
        "differences": list(done.differences),
        "owners": list(done.owners),
    }
