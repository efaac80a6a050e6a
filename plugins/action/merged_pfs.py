# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of role provision, merged and judged on the controller: no module runs, and no host is asked.

What it takes and returns is described in plugins/modules/merged_pfs.py.
"""

from __future__ import annotations

import copy
import re
import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils._module.merge import in_words, merge
from ..module_utils._module.request import MODULES, desired_state, failed
from ..module_utils._sriov.errors import InvalidRequest, SriovError
from ..module_utils._sriov.faults import Faults
from ..plugin_utils._provision import SOURCES, misspelt

Result = t.Dict[str, t.Any]
OPTION = re.compile(r"^(allow|timeout)\b")


class ActionModule(ActionBase):
    """Action plugin merged_pfs."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset((*SOURCES, "provision_allow", "provision_timeout"))

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = super().run(tmp, task_vars)
        sources = [(name, self._task.args.get(name)) for name in SOURCES]
        merged = merge(sources)
        faults = Faults()
        faults.add(*misspelt(task_vars or {}), *merged.faults)
        if not any(value for _name, value in sources):
            faults.add(_nothing_wanted())
        faults.add(*(_in_words(error, merged.origins) for error in self._check(merged.pfs)))
        try:
            faults.tell()
        except SriovError as error:
            return {**result, **failed(error), "failed": True}
        return {**result, "changed": False, "pfs": merged.pfs, "origins": merged.origins}

    def _check(self, pfs: list[Result]) -> list[SriovError]:
        names = {"allow": "provision_allow", "timeout": "provision_timeout"}
        given = {option: self._task.args[name] for option, name in names.items() if name in self._task.args}
        try:
            desired_state(MODULES["host"], {"pfs": pfs, **given})
        except SriovError as error:
            return error.each()
        return []


def _nothing_wanted() -> InvalidRequest:
    return InvalidRequest(
        "provision_pfs: not set, nor provision_pfs_group or provision_pfs_host",
        why="nothing would be done",
        remedy="say what the host shall have in group_vars or host_vars, which must lie beside the inventory file, "
        "or beside a playbook of your own; beside the working directory nobody reads them",
    )


def _in_words(error: SriovError, origins: dict[str, str]) -> SriovError:
    """The same refusal, of variables in place of module host's options."""
    told = copy.copy(error)
    told.what = OPTION.sub(r"provision_\1", in_words(error.what, origins))
    told.why, told.remedy = in_words(error.why, origins), in_words(error.remedy, origins)
    return told
