# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of module host: what needs no host is refused here, then one run of the module, then words.

It has no options of its own: all that it knows of them is the module's argument spec.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ..module_utils._module.refusal import check_host_options, failed
from ..module_utils._module.summary import lines
from ..module_utils._sriov.errors import SriovError

Result = t.Dict[str, t.Any]


class ActionModule(ActionBase):
    """Action plugin of module host."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = super().run(tmp, task_vars)
        try:
            check_host_options(self._task.args)
        except SriovError as error:
            return {**result, **failed(error), "failed": True}
        wrap_async = self._task.async_val and not self._connection.has_native_async
        result.update(self._execute_module(task_vars=task_vars, wrap_async=wrap_async))
        if not wrap_async:  # the async wrapper removes it itself, when the module has ended
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return _with_words(result, self._task.check_mode)


def _with_words(result: Result, check: bool) -> Result:
    """With words of what came of it: not for a failure, which has its own, nor for a job that has only begun."""
    if result.get("failed") or "steps" not in result:
        return result
    return {**result, "msg": "\n".join(lines(result, check))}
