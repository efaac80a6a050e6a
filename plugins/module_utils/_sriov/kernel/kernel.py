# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The kernel as this collection sees it: one object a mechanism, handed from layer to layer."""

from __future__ import annotations

import json
import os
import typing as t

from .ethtool import Ethtool
from .link import Link
from .sysfs import Sysfs

if t.TYPE_CHECKING:
    from .link import Run


class Kernel:
    """The way to the outside: files, `ip`, the ethtool ioctl, and the few other commands (modprobe, udevadm).

    :param run: runs an argument list; rc 127 means that there is no such command.
    :param sysfs: files; the real ones unless told.
    :param ethtool: ioctls; the real ones unless told.
    """

    def __init__(self, run: Run, sysfs: Sysfs | None = None, ethtool: Ethtool | None = None) -> None:
        self.run = run
        self.sysfs = sysfs or Sysfs()
        self.link = Link(run)
        self.ethtool = ethtool or Ethtool()
        self.release = os.uname().release

    def resolve_module(self, name: str) -> str | None:
        """The module behind a name or alias, None if this kernel has none: `modprobe --resolve-alias NAME`."""
        code, out, _error = self.run(["modprobe", "--resolve-alias", name])
        return out.split()[0] if code == 0 and out.split() else None

    def namespace_interfaces(self, path: str) -> list[dict[str, t.Any]]:
        """The interfaces of another network namespace; none where it has gone or may not be entered."""
        code, out, _error = self.run(["nsenter", f"--net={path}", "ip", "-j", "-d", "link", "show"])
        return [entry for entry in json.loads(out or "[]") if entry] if code == 0 else []

    def settle(self, timeout: float) -> None:
        """Wait until udev has worked off its events, renames included: `udevadm settle`; nothing without udev."""
        self.run(["udevadm", "settle", f"--timeout={max(1, int(timeout))}"])
