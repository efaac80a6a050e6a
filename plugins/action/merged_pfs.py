# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of roles provision and teardown, merged and judged on the controller: no module runs, and no host is
asked.

What it takes and returns is described in plugins/modules/merged_pfs.py.
"""

from __future__ import annotations

import copy
import re
import typing as t

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ..module_utils._module.merge import SOURCES, TEARDOWN_PFS, in_words, merge, taken_back
from ..module_utils._module.plan_file import check_path
from ..module_utils._module.request import MODULES, desired_state, failed
from ..module_utils._sriov.errors import InvalidRequest, SriovError
from ..module_utils._sriov.faults import Faults
from ..plugin_utils._variables import misspelt

Result = t.Dict[str, t.Any]
OPTIONS = ("allow", "release", "timeout", "plan_file", "confirm")
OPTION = re.compile(rf"^({'|'.join(OPTIONS)})\b")
PROVISION = {option: f"provision_{option}" for option in OPTIONS}
TEARDOWN_BOOT = "teardown_boot"
TEARDOWN = {option: f"teardown_{option}" for option in ("allow", "release", "timeout")}


class ActionModule(ActionBase):
    """Action plugin merged_pfs."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset((*SOURCES, TEARDOWN_PFS, *PROVISION.values(), *TEARDOWN.values(), TEARDOWN_BOOT, "roles"))

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = super().run(tmp, task_vars)
        sources = [(name, self._task.args.get(name)) for name in SOURCES]
        merged, back = merge(sources), TEARDOWN_PFS in self._task.args
        if back:
            merged = taken_back(merged, self._task.args[TEARDOWN_PFS])
        names = TEARDOWN if back else PROVISION
        faults = Faults()
        faults.add(*misspelt(task_vars or {}, self._roles(back)), *merged.faults)
        if not (merged.pfs or merged.faults) if back else not any(value for _name, value in sources):
            faults.add(_nothing_named() if back else _nothing_wanted())
        faults.add(*_no_boolean(self._task.args.get(TEARDOWN_BOOT, False)))
        faults.add(*(_in_words(error, merged.origins, names) for error in self._check(merged.pfs, names)))
        try:
            faults.tell()
        except SriovError as error:
            return {**result, **failed(error), "failed": True}
        pfs, warnings = self._without_group_to_be(merged.pfs, task_vars or {})
        return {**result, "changed": False, "pfs": pfs, "origins": merged.origins, **warnings}

    def _roles(self, back: bool) -> list[str]:
        return self._task.args.get("roles") or ["teardown" if back else "provision"]

    def _without_group_to_be(self, pfs: list[Result], task_vars: Result) -> tuple[list[Result], Result]:
        """In check mode role dpdk has not created its group: nodes are left as they are, and that is told."""
        told = task_vars.get("dpdk_result")
        if not (self._task.check_mode and isinstance(told, dict) and told.get("creates_group")):
            return pfs, {}
        group = told.get("group")
        warning = f"group {group} is not there yet: who may open VFs is left out of what is compared in check mode"
        return [_without_group(pf, group) for pf in pfs], {"warnings": [warning]}

    def _check(self, pfs: list[Result], names: dict[str, str]) -> list[SriovError]:
        given = {option: self._task.args[name] for option, name in names.items() if name in self._task.args}
        if not given.get("confirm"):  # not asked for
            given.pop("confirm", None)
        faults = Faults()
        with faults.gathered():
            desired_state(MODULES["host"], {"pfs": pfs, **given})
        with faults.gathered():
            check_path(given.get("plan_file"))
        return faults.found


def _without_group(pf: Result, group: t.Any) -> Result:
    if not isinstance(pf.get("vfs"), list):
        return pf
    return {**pf, "vfs": [{k: v for k, v in vf.items() if (k, v) != ("group", group)} for vf in pf["vfs"]]}


def _nothing_wanted() -> InvalidRequest:
    return InvalidRequest(
        "provision_pfs: not set, nor provision_pfs_group or provision_pfs_host",
        why="nothing would be done",
        remedy="say what the host shall have in group_vars or host_vars, which must lie beside the inventory file, "
        "or beside a playbook of your own; beside the working directory nobody reads them",
    )


def _nothing_named() -> InvalidRequest:
    return InvalidRequest(
        f"{TEARDOWN_PFS}: not set, nor provision_pfs, provision_pfs_group or provision_pfs_host",
        why="nothing would be done",
        remedy=f"name the PFs that shall be as before: {TEARDOWN_PFS}: [enp1s0]",
    )


def _no_boolean(value: t.Any) -> list[InvalidRequest]:
    """What comes at a boot is not taken away, nor left, because of a word that nobody understands."""
    try:
        boolean(value)
    except TypeError:
        return [InvalidRequest(f"{TEARDOWN_BOOT}: {value!r} is neither true nor false", remedy="write true or false")]
    return []


def _in_words(error: SriovError, origins: dict[str, str], names: dict[str, str]) -> SriovError:
    """The same refusal, of variables in place of module host's options."""
    told = copy.copy(error)
    told.what = OPTION.sub(lambda match: names[match.group()], in_words(error.what, origins))
    told.why, told.remedy = in_words(error.why, origins), in_words(error.remedy, origins)
    return told
