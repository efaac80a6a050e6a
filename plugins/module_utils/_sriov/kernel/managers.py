# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who reads files of the host's network and units, and can be told to read them again."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused
from ..model.paths import BOOT_CHECK, BOOT_UNIT, INTERFACES, UDEV_CONTROL

if t.TYPE_CHECKING:
    from .link import Run
    from .sysfs import Sysfs

NETWORKD = "systemd-networkd.service"


class UnitState(t.NamedTuple):
    """What systemd tells of a unit.

    :param enabled: "enabled", "disabled", "masked", "" where it has no such file.
    :param state: "active", "inactive", "failed".
    :param result: of its last run: "success", "exit-code", "timeout".
    :param stale: its file is not the one that systemd has read.
    """

    enabled: str = ""
    state: str = ""
    result: str = ""
    stale: bool = False


class Managers:
    """systemd, udev and systemd-networkd.

    :param run: runs an argument list.
    """

    def __init__(self, run: Run, sysfs: Sysfs) -> None:
        self._run = run
        self._sysfs = sysfs

    def has_udev(self) -> bool:
        return self._sysfs.exists(UDEV_CONTROL)

    def has_networkd(self) -> bool:
        return self.unit(NETWORKD).state == "active"

    def unit(self, name: str = BOOT_UNIT) -> UnitState:
        """:raises KernelRefused: systemd does not tell."""
        words = "UnitFileState,ActiveState,Result,NeedDaemonReload"
        out = self._done("ask for", ["systemctl", "show", f"--property={words}", "--", name])
        told = {key: value for key, _sign, value in (line.partition("=") for line in out.splitlines())}
        enabled, state, result = (told.get(word, "") for word in ("UnitFileState", "ActiveState", "Result"))
        return UnitState(enabled, state, result, told.get("NeedDaemonReload") == "yes")

    def reload_units(self) -> None:
        """:raises KernelRefused: systemd does not do it."""
        self._done("reload the units of", ["systemctl", "daemon-reload"])

    def reload_udev(self, interfaces: t.Sequence[str]) -> None:
        """Its rules, and then what they say of these interfaces, of which some may be gone by now.

        :raises KernelRefused: udev does not do it.
        """
        self._done("reload the rules of", ["udevadm", "control", "--reload"])
        there = [path for path in (f"{INTERFACES}/{name}" for name in interfaces) if self._sysfs.exists(path)]
        if there:
            self._done("trigger", ["udevadm", "trigger", "--action=change", "--settle", *there])

    def reload_networkd(self) -> None:
        """:raises KernelRefused: it does not do it."""
        self._done("reload the files of", ["networkctl", "reload"])

    def start_timer(self) -> None:
        """Anew where it runs: its time may be another.

        :raises KernelRefused: systemd does not do it.
        """
        self._done("start", ["systemctl", "restart", "--", f"{BOOT_CHECK}.timer"])

    def stop_timer(self) -> None:
        """:raises KernelRefused: systemd does not do it."""
        self._done("stop", ["systemctl", "stop", "--", f"{BOOT_CHECK}.timer"])

    def timer_runs(self) -> bool:
        return self.unit(f"{BOOT_CHECK}.timer").state == "active"

    def _done(self, what: str, argv: list[str]) -> str:
        code, out, error = self._run(argv)
        if code:
            why = error.strip() or f"exit status {code}"
            raise KernelRefused(f"cannot {what} {argv[0]}: `{' '.join(argv)}` failed", why=why)
        return out
