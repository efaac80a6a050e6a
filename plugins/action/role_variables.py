# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The names of the variables of roles, judged on the controller: no module runs, and no host is asked.

What it takes and returns is described in plugins/modules/role_variables.py.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils._module.request import failed
from ..module_utils._sriov.errors import SriovError
from ..module_utils._sriov.faults import Faults
from ..plugin_utils._variables import misspelt, roles

Result = t.Dict[str, t.Any]


class ActionModule(ActionBase):
    """Action plugin role_variables."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = super().run(tmp, task_vars)
        known = [role.name for role in roles()]
        spec = {"roles": {"type": "list", "elements": "str", "required": True, "choices": known}}
        _checked, options = self.validate_argument_spec(spec)
        faults = Faults()
        faults.add(*misspelt(task_vars or {}, options["roles"]))
        try:
            faults.tell()
        except SriovError as error:
            return {**result, **failed(error), "failed": True}
        return {**result, "changed": False}
