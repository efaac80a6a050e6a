# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transient timers of systemd: each is a file below sim/timers, with its command in it. None of them fires."""

from __future__ import annotations

import json
import os

from .tree import build


class SimTimers:
    """`systemd-run`, and `systemctl stop` of what it makes."""

    def __init__(self, devices, behaviour):
        self._devices = devices
        self._behaviour = behaviour

    def run(self, words):
        """Refused where one of the name is there."""
        options, command = words[: words.index("--")], words[words.index("--") + 1 :]
        unit = next(word.partition("=")[2] for word in options if word.startswith("--unit="))
        if unit in self._devices.names("sim/timers"):
            return 1, "", f"Failed to start transient timer unit: Unit {unit}.timer was already loaded.\n"
        if self._behaviour.no_timers:
            return 1, "", f"{self._behaviour.no_timers}\n"
        build(self._devices.root, {f"sim/timers/{unit}": json.dumps({"options": options, "command": command})})
        return 0, "", ""

    def stop(self, words):
        for unit in (word[: -len(".timer")] for word in words if word.endswith(".timer")):
            if unit not in self._devices.names("sim/timers"):
                return 5, "", f"Failed to stop {unit}.timer: Unit {unit}.timer not loaded.\n"
            os.unlink(os.path.join(self._devices.root, "sim/timers", unit))
        return 0, "", ""
