# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The kernel as this collection sees it: one object a mechanism, handed from layer to layer."""

from __future__ import annotations

import typing as t

from . import commands, ip_json
from .ethtool import Ethtool
from .interfaces import Interfaces
from .link import Link
from .pci import Pci
from .processes import Processes
from .sysfs import Sysfs
from .system import System

if t.TYPE_CHECKING:
    from .link import Run


class Refused(t.NamedTuple):
    """What could not be looked at up to now.

    :param files: path -> errno.
    :param interfaces: name -> errno: the driver may not be asked.
    :param parts: "the flow rules of enp1s0" -> errno: the driver was asked, and did not tell.
    :param commands: what a command that failed is about -> what it said.
    """

    files: t.Mapping[str, int]
    interfaces: t.Mapping[str, int]
    parts: t.Mapping[str, int]
    commands: t.Mapping[str, str]


class Kernel:
    """The way to the outside: files, `ip`, the ethtool ioctl, and the few other commands (modprobe, udevadm).

    :param run: runs an argument list; the real commands unless told.
    :param sysfs: files; the real ones unless told.
    :param ethtool: ioctls; the real ones unless told.
    :param system: the host as a whole; read from sysfs unless told.
    """

    def __init__(
        self,
        run: Run = commands.run,
        sysfs: Sysfs | None = None,
        ethtool: Ethtool | None = None,
        system: System | None = None,
    ) -> None:
        self.run = run
        self._failed: dict[str, str] = {}
        self.sysfs = sysfs or Sysfs()
        self.ethtool = ethtool or Ethtool()
        self.pci = Pci(self.sysfs)
        self.interfaces = Interfaces(self.sysfs)
        self.link = Link(run, self.interfaces)
        self.processes = Processes(self.sysfs)
        self.system = system or System(self.sysfs)

    @property
    def refused(self) -> Refused:
        """It looks like what is not there, and all goes on without it where nothing rests on it (observe/unseen.py)."""
        return Refused(
            self.sysfs.refused, self.ethtool.refused, self.ethtool.failed, {**self._failed, **self.link.unread}
        )

    def note(self, what: str, why: str) -> None:
        """Keep that something could not be read, for Refused.commands."""
        self._failed[what] = why

    def resolve_module(self, name: str) -> str | None:
        """The module behind a name or alias, None if this kernel has none."""
        return next(iter(self.resolve_modules(name)), None)

    def resolve_modules(self, name: str) -> list[str]:
        """All modules behind a name or alias, the kernel's choice first: `modprobe --resolve-alias -- NAME`."""
        code, out, _error = self.run(["modprobe", "--resolve-alias", "--", name])
        return out.split() if code == 0 else []

    def load_module(self, name: str) -> str:
        """`modprobe -- NAME`: what it says when it fails, "" when not."""
        code, _out, error = self.run(["modprobe", "--", name])
        return "" if code == 0 else error.strip() or f"exit status {code}"

    def namespace_interfaces(self, path: str) -> list[dict[str, t.Any]]:
        """The interfaces of another network namespace; none where it has gone, may not be entered, or what `ip` prints
        there cannot be read: whoever is there chooses their names."""
        code, out, error = self.run(["nsenter", f"--net={path}", "ip", "-j", "-d", "link", "show"])
        try:
            found = ip_json.interfaces(out) if code == 0 else []
            why = error.strip() or (f"exit status {code}" if code else "`ip` prints nothing")
        except ip_json.Garbled as garbled:
            found, why = [], f"`ip` prints no JSON that can be read: {garbled}"
        if not (found or (code == 0 and out.strip() == "[]")) and self.sysfs.exists(path):
            self.note(f"the interfaces of network namespace {path}", why)
        return found

    def settle(self, timeout: float) -> None:
        """Wait until udev has worked off its events, renames included: `udevadm settle`; nothing without udev."""
        self.run(["udevadm", "settle", f"--timeout={max(1, int(timeout))}"])
