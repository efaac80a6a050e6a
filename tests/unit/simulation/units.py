# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd, as far as `systemctl show`, `stop` and `start` go: sim/units/NAME is the state of a service.

Its program is one process, in its cgroup. What is asked for is done at once, but for units that are stuck.

Of units that have a file in /etc, sim/loaded/NAME is what was in it at the last `systemctl daemon-reload`.
"""

from __future__ import annotations

import json
import os
import shutil

from .hosts import process
from .tree import DIRECTORY, build

UNIT_FILES = "etc/systemd/system"
SHOWN = {"LoadState": "loaded", "Transient": "no", "CanStop": "yes", "CanStart": "yes", "ActiveState": "active"}


def service(name, number, command, opened, **state):
    """A service that runs, with its process.

    :param state: what differs: Transient, CanStop, CanStart ("yes" or "no"); stuck: it ignores stop; fails: it does not
        start; stays: its process goes on when it is stopped (KillMode=process).
    """
    transient = {f"run/systemd/transient/{name}": ""} if state.get("Transient") == "yes" else {}
    return {
        **transient,
        "run/systemd/system": DIRECTORY,
        f"sim/units/{name}": json.dumps({**SHOWN, "process": [number, command, list(opened)], **state}),
        **_process(name, number, command, opened),
    }


def _process(name, number, command, opened):
    return {**process(number, command, opened), f"proc/{number}/cgroup": f"0::/system.slice/{name}\n"}


class SimUnits:
    """`systemctl` on a tree."""

    def __init__(self, root):
        self._root = root

    def __call__(self, words):
        verb, name = words[0], words[-1]
        if verb == "daemon-reload":
            return self._reload()
        if os.path.exists(os.path.join(self._root, UNIT_FILES, name)) or self._loaded(name):
            return self._of_file(verb, name, words)
        path = os.path.join(self._root, "sim/units", name)
        if not os.path.exists(path):
            if verb == "show":
                return 0, "LoadState=not-found\nActiveState=inactive\n", ""
            return 5, "", f"Failed to {verb} {name}: Unit {name} not found.\n"
        with open(path, encoding="utf-8") as file:
            unit = json.load(file)
        if verb == "show":
            shown = {"Result": "success", **unit}
            wanted = words[1].partition("=")[2].split(",")
            return 0, "".join(f"{each}={shown[each]}\n" for each in wanted if each in shown), ""
        changed = self._stopped(unit) if verb == "stop" else self._started(name, unit)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(changed, file)
        return 0, "", ""

    def _reload(self):
        shutil.rmtree(os.path.join(self._root, "sim/loaded"), ignore_errors=True)
        folder = os.path.join(self._root, UNIT_FILES)
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if os.path.isfile(os.path.join(folder, name)):
                shutil.copy(
                    os.path.join(folder, name), build(self._root, {f"sim/loaded/{name}": ""}) + f"/sim/loaded/{name}"
                )
        return 0, "", ""

    def _loaded(self, name):
        return _text(self._root, "sim/loaded", name)

    def _of_file(self, verb, name, words):
        """A unit that has a file, or had one when units were read."""
        now, active = _text(self._root, UNIT_FILES, name), os.path.join(self._root, "sim/active", name)
        if verb == "show":
            wants = [folder for folder in os.listdir(os.path.join(self._root, UNIT_FILES)) if folder.endswith(".wants")]
            is_enabled = any(os.path.lexists(os.path.join(self._root, UNIT_FILES, each, name)) for each in wants)
            shown = {
                "UnitFileState": "" if now is None else "enabled" if is_enabled else "disabled",
                "ActiveState": "active" if os.path.exists(active) else "inactive",
                "Result": "success",
                "RequiredBy": _text(self._root, "sim/required", name) or "",
                "NeedDaemonReload": "no" if now == self._loaded(name) else "yes",
            }
            wanted = words[1].partition("=")[2].split(",")
            return 0, "".join(f"{each}={shown[each]}\n" for each in wanted if each in shown), ""
        if self._loaded(name) is None:
            return 5, "", f"Failed to {verb} {name}: Unit {name} not found.\n"
        if verb == "stop":
            os.unlink(active)
        else:
            build(self._root, {f"sim/active/{name}": ""})
        return 0, "", ""

    def _stopped(self, unit):
        if unit.get("stuck"):
            return {**unit, "ActiveState": "deactivating", "Job": "7"}
        if not unit.get("stays"):
            shutil.rmtree(os.path.join(self._root, "proc", str(unit["process"][0])), ignore_errors=True)
        return {**unit, "ActiveState": "inactive"}

    def _started(self, name, unit):
        if unit.get("fails"):
            return {**unit, "ActiveState": "failed", "Result": "exit-code"}
        shutil.rmtree(os.path.join(self._root, "proc", str(unit["process"][0])), ignore_errors=True)
        build(self._root, _process(name, *unit["process"]))
        return {**unit, "ActiveState": "active", "Job": "0"}


def _text(root, *parts):
    path = os.path.join(root, *parts)
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()
