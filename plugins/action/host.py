# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's part of the modules that change something (meta/runtime.yml names them).

What needs no host is refused here, all of it at once and before the first connection; then comes one run of the module,
then, for module host, words for people, and the file of the plan: the controller has it, and the module its text. The
plugin has no options of its own: it asks what the module asks.

What a run of module host with option confirm has changed is confirmed here, over a new connection: the one at hand
tells nothing about whether the host can still be reached.
"""

from __future__ import annotations

import time
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase

from ..module_utils._module.merge import called_by_label, in_words
from ..module_utils._module.plan_file import check_path
from ..module_utils._module.request import MODULES, desired_state, failed
from ..module_utils._module.summary import lines
from ..module_utils._sriov.errors import InvalidRequest, NotReached, SriovError
from ..plugin_utils._plan_file import PlanFile

Result = t.Dict[str, t.Any]
PLAN_FILE = "plan_file"  # an option of module host, and a return value
PAUSE = 2.0  # seconds until the next try to reach a host
MANAGED_VFS = "managed_vfs"  # an option of module boot_state
ORIGINS = "provision_origins"  # a variable of the task in role provision


class ActionModule(ActionBase):
    """Action plugin of the modules that change something."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: Result | None = None) -> Result:
        result = super().run(tmp, task_vars)
        wrap_async = self._task.async_val and not self._connection.has_native_async
        self._name_managed_vfs(task_vars)
        try:
            desired_state(MODULES[self._module()], self._task.args)
            self._check_confirm()
            file, arguments = self._plan_file(task_vars), self._task.args
            if file:
                arguments = {**arguments, PLAN_FILE: self._compared(file, wrap_async)}
        except SriovError as error:
            return _with_places({**result, **failed(error), "failed": True}, self._origins(task_vars))
        begun = time.monotonic()
        result.update(self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async))
        result = self._with_confirmation(result, task_vars, begun)
        if not wrap_async:  # the async wrapper removes it itself, when the module has ended
            self._remove_files()
        if file:
            try:
                result = self._with_file(result, file)
            except SriovError as error:
                return {**result, **failed(error), "failed": True}
        return _with_places(_with_words(result, self._task.check_mode), self._origins(task_vars))

    def _remove_files(self) -> None:
        """What the module has said is worth more than its files: where the host is out of reach by now, they stay."""
        shell = self._connection._shell
        try:
            self._remove_tmp_path(shell.tmpdir)
        except AnsibleError:
            shell.tmpdir = None  # else Ansible tries it again, and its failure would be the task's

    def _plan_file(self, task_vars: Result | None) -> PlanFile | None:
        """:raises InvalidRequest: it is given, and names no file."""
        path = self._task.args.get(PLAN_FILE)
        check_path(path)
        if path is None:
            return None
        if not str(path).strip():
            raise InvalidRequest("plan_file: it is empty", remedy="name a file, or leave it out")
        return PlanFile(str(path), str(self._task.delegate_to or (task_vars or {}).get("inventory_hostname")))

    def _compared(self, file: PlanFile, wrap_async: bool) -> str:
        """What the module gets in its place: the text that it compares its plan with; in check mode the path alone."""
        if not self._task.check_mode:
            return file.read()
        if wrap_async:
            raise InvalidRequest(
                "plan_file: a task in the background has no plan to write",
                why="the controller does not see its end",
                remedy="leave out async",
            )
        file.check_free()
        return file.path

    def _with_file(self, result: Result, file: PlanFile) -> Result:
        """:raises SriovError: the plan cannot be written."""
        invocation = result.get("invocation", {}).get("module_args", {})
        if PLAN_FILE in invocation:
            invocation[PLAN_FILE] = self._task.args[PLAN_FILE]
        text = result.pop(PLAN_FILE, None)
        if result.get("failed") or "pfs" not in result:
            return result
        if text is not None:
            file.write(text)
        return {**result, PLAN_FILE: file.path}

    def _check_confirm(self) -> None:
        """:raises InvalidRequest: nobody would confirm."""
        if self._task.args.get("confirm") is not None and self._task.async_val:
            raise InvalidRequest(
                "confirm goes without async only",
                why="the controller confirms when the run has ended, and does not see the end of a job",
                remedy="leave out one of them",
            )

    def _with_confirmation(self, result: Result, task_vars: Result | None, begun: float) -> Result:
        """A run that failed has told what becomes of it; of any other that was to be confirmed none is left open."""
        if result.get("failed"):
            return result
        if result.get("pending"):
            return self._confirmed(result, task_vars, begun)
        asked = self._task.args.get("confirm") is not None and not self._task.check_mode
        if asked and result.get("changed") and not result.get("confirmed"):
            return _not_waiting(result)
        return result

    def _confirmed(self, result: Result, task_vars: Result | None, begun: float) -> Result:
        """The result, once the host was reached over a new connection; a failure where it was not in time.

        :param begun: when the run was: the time of its timer counts from a little later.
        """
        pending = result["pending"]
        arguments = {**self._task.args, "_confirm": pending["name"]}
        arguments.pop(PLAN_FILE, None)  # that was compared with
        while True:
            over = False
            try:
                self._new_connection()
                answer = self._execute_module(module_args=arguments, task_vars=task_vars)
            except AnsibleError as error:  # of the connection, or a password that it waits for in vain
                why = str(error)
            else:
                if answer.get("confirmed"):
                    return {**result, "confirmed": True, "pending": None}
                why = str(answer.get("msg", "the module gave no answer"))
                over = _kind(answer) == NotReached.kind  # else it could not be asked for, as yet
            if over or time.monotonic() + PAUSE >= begun + pending["seconds"]:
                return _unconfirmed(result, why)
            time.sleep(PAUSE)

    def _new_connection(self) -> None:
        """As `meta: reset_connection`; where a connection has none of that, the next command opens it anew."""
        if type(self._connection).reset is ConnectionBase.reset:
            self._connection.close()
        else:
            self._connection.reset()

    def _module(self) -> str:
        """Which of our modules the task means: it may call it by a name of another collection's (plugin_routing)."""
        modules = self._shared_loader_obj.module_loader
        found = modules.find_plugin_with_context(self._task.action, collection_list=self._task.collections)
        return str(found.resolved_fqcn).rpartition(".")[2]

    def _name_managed_vfs(self, task_vars: Result | None) -> None:
        """Those of role persist may be called by the labels of role provision, which the module does not know."""
        arguments, origins = self._task.args, self._origins(task_vars)
        if origins and arguments.get(MANAGED_VFS) and arguments.get("pfs"):
            found = called_by_label(arguments[MANAGED_VFS], arguments["pfs"], origins)
            self._task.args = {**arguments, MANAGED_VFS: found}

    def _origins(self, task_vars: Result | None) -> dict[str, str]:
        """Where role provision has what it gives to module host; empty for others."""
        found = self._templar.template((task_vars or {}).get(ORIGINS, {}))
        return found if isinstance(found, dict) else {}


def _unconfirmed(result: Result, why: str) -> Result:
    pending = result["pending"]
    error = NotReached(
        "what was done is not confirmed, and the host goes back to the state before it",
        why=f"{why.rstrip('.')} ({pending['unit']}, {pending['seconds']} s after the first write)",
        remedy="look what the change does to the connection; give it more time (confirm)",
    )
    return _failed_after(result, error)


def _not_waiting(result: Result) -> Result:
    error = NotReached(
        "what was done is not confirmed, and nothing waits for that",
        why="the host tells neither",
        remedy="look what the host is like now (module info)",
    )
    return _failed_after(result, error)


def _failed_after(result: Result, error: SriovError) -> Result:
    return {**result, **failed(error), "done": result.get("steps", []), "changed": True, "failed": True}


def _kind(answer: Result) -> str:
    failure = answer.get("failure")
    return str(failure.get("kind")) if isinstance(failure, dict) else ""


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
