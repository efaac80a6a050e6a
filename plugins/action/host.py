# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of the modules that change something (meta/runtime.yml names them).

What needs no host is refused here, all of it at once and before the first connection; then comes one run of the module,
then, for module host, words for people. The plugin has no options of its own: it asks what the module asks.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils._module.merge import in_words
from ..module_utils._module.request import MODULES, desired_state, failed
from ..module_utils._module.summary import lines
from ..module_utils._sriov.errors import SriovError

Result = t.Dict[str, t.Any]
ORIGINS = "provision_origins"  # a variable of the task in role provision


class ActionModule(ActionBase):
    """Action plugin of the modules that change something."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = super().run(tmp, task_vars)
        try:
            desired_state(MODULES[self._module()], self._task.args)
        except SriovError as error:
            return {**result, **failed(error), "failed": True}
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result.update(self._execute_module(task_vars=task_vars, wrap_async=wrap_async))
        if not wrap_async:  # the async wrapper removes it itself, when the module has ended
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return _with_places(_with_words(result, self._task.check_mode), self._origins(task_vars))

    def _module(self) -> str:
        """Which of our modules the task means: it may call it by a name of another collection's (plugin_routing)."""
        modules = self._shared_loader_obj.module_loader
        found = modules.find_plugin_with_context(self._task.action, collection_list=self._task.collections)
        return str(found.resolved_fqcn).rpartition(".")[2]

    def _origins(self, task_vars: Result | None) -> dict[str, str]:
        """Where role provision has what it gives to module host; empty for others."""
        found = self._templar.template((task_vars or {}).get(ORIGINS, {}))
        return found if isinstance(found, dict) else {}


def _with_places(result: Result, origins: dict[str, str]) -> Result:
    """A refusal of the host with the places where the user has written what is refused."""
    told = ("msg", "failure", "failures")
    if not result.get("failed") or not origins:
        return result
    return {name: _replaced(value, origins) if name in told else value for name, value in result.items()}


def _replaced(value: t.Any, origins: dict[str, str]) -> t.Any:
    if isinstance(value, dict):
        return {name: _replaced(each, origins) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, origins) for each in value]
    return in_words(value, origins) if isinstance(value, str) else value


def _with_words(result: Result, check: bool) -> Result:
    """With words of what came of it: not for a failure, which has its own, nor for a job that has only begun."""
    if result.get("failed") or "pfs" not in result:
        return result
    return {**result, "msg": "\n".join(lines(result, check))}
