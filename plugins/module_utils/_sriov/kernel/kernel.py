# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The kernel as this collection sees it: one object a mechanism, handed from layer to layer."""

from __future__ import annotations

import typing as t

from . import commands
from .bpf import Bpf
from .bpffs import BpfFs
from .config_files import ConfigFiles
from .conversation import Conversation
from .dropping import Dropping
from .etc import Etc
from .ethtool import Ethtool
from .interfaces import Interfaces
from .libvirt import Libvirt
from .link import Link
from .managers import Managers
from .namespaces import Namespaces
from .napi import Napi
from .netdev_genl import NetdevGenl
from .pci import Pci
from .platform import Platform
from .processes import Processes
from .sock_diag import SockDiag
from .stacked import Stacked
from .sysfs import Sysfs
from .system import System
from .tcp import Tcp
from .timers import Timers
from .traffic_control import TrafficControl
from .units import Units

if t.TYPE_CHECKING:
    from .conversation import Talk
    from .link import Run
    from .namespaces import Links


class Refused(t.NamedTuple):
    """What could not be looked at up to now.

    :param files: path -> errno.
    :param interfaces: name -> errno: the driver may not be asked.
    :param parts: "the flow rules of enp1s0" -> errno: the driver was asked, and did not tell.
    :param commands: what a command, or another question, that failed is about -> what was said.
    """

    files: t.Mapping[str, int]
    interfaces: t.Mapping[str, int]
    parts: t.Mapping[str, int]
    commands: t.Mapping[str, str]


class Netlink(t.NamedTuple):
    """What is asked of the kernel over netlink."""

    sockets: SockDiag
    filters: TrafficControl
    namespaces: Namespaces
    netdev: NetdevGenl


class Kernel:
    """The way to the outside: files, `ip`, the ethtool ioctl, and the few other commands (modprobe, udevadm).

    :param run: runs an argument list; the real commands unless told.
    :param sysfs: files; the real ones unless told.
    :param ethtool: ioctls; the real ones unless told.
    :param system: the host as a whole; read from sysfs unless told.
    :param netlink: sockets, filters and other namespaces; the real ones unless told.
    :param bpf: programs and maps; the real ones unless told.
    """

    def __init__(
        self,
        run: Run = commands.run,
        sysfs: Sysfs | None = None,
        ethtool: Ethtool | None = None,
        system: System | None = None,
        netlink: Netlink | None = None,
        bpf: Bpf | None = None,
    ) -> None:
        self.run = run
        # Where nobody's own connection is among our parents: all SSH connections of the host are kept instead.
        self.guards_every_session = False
        self._failed: dict[str, str] = {}
        self.hidden_users: dict[str, str] = {}
        self.sysfs = sysfs or Sysfs()
        self.ethtool = ethtool or Ethtool()
        self.etc = Etc(self.sysfs.root)
        self.config_files = ConfigFiles(self.sysfs.root)
        self.pci = Pci(self.sysfs)
        self.platform = Platform(self.sysfs, self.pci)
        self.interfaces = Interfaces(self.sysfs)
        self.link = Link(run, self.interfaces)
        self.processes = Processes(self.sysfs)
        self.tcp = Tcp(self.sysfs)
        self.units = Units(run, self.sysfs, self.processes)
        self.stacked = Stacked(self.sysfs)
        self.libvirt = Libvirt(self.sysfs)
        self.timers = Timers(run)
        self.managers = Managers(run, self.sysfs)
        self.system = system or System(self.sysfs)
        self.bpf = bpf or Bpf(self.sysfs)
        self.bpffs = BpfFs(run, self.sysfs)
        self.napi = Napi(self.sysfs, self.processes)
        self.dropping = Dropping(run, self.sysfs, self.bpf, self.bpffs)
        self.converse: t.Callable[[t.Sequence[str]], Talk] = Conversation
        self.netlink = netlink or Netlink(SockDiag(), TrafficControl(), Namespaces(), NetdevGenl())

    @property
    def root(self) -> str:
        """The directory that stands for "/"."""
        return self.sysfs.root

    @property
    def refused(self) -> Refused:
        """It looks like what is not there, and all goes on without it where nothing rests on it (observe/unseen.py)."""
        return Refused(
            self.sysfs.refused, self.ethtool.refused, self.ethtool.failed, {**self._failed, **self.link.unread}
        )

    def forget(self) -> None:
        """For who looks anew: what could not be read may be read by now."""
        for noted in (self._failed, self.hidden_users, self.sysfs.refused, self.ethtool.refused, self.ethtool.failed):
            noted.clear()
        self.link.unread.clear()

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

    def note(self, what: str, said: str, hides_users: bool = False) -> None:
        """A look failed: it is told by refused.

        :param what: what could not be looked at.
        :param hides_users: users of any device may be there, and are not seen.
        """
        self._failed[what] = said
        if hides_users:
            self.hidden_users[what] = said

    def namespace_interfaces(self) -> list[tuple[str, Links]]:
        """Each other network namespace's label and interfaces; none where it may not be entered."""
        labels = dict(self.processes.namespaces())
        told = self.netlink.namespaces.links(list(labels))
        failed: dict[str, list[str]] = {}
        for path, links in told.items():
            if links.error:
                failed.setdefault(links.error, []).append(path)
        for why, paths in failed.items():
            more = f"{len(paths)} network namespaces, of which one is {paths[0]}"
            what = f"network namespace {paths[0]}" if len(paths) == 1 else more
            self.note(f"the interfaces of {what}", why, hides_users=True)
        return [(label, told[path]) for path, label in labels.items()]

    def settle(self, timeout: float) -> None:
        """Wait until udev has worked off its events, renames included: `udevadm settle`; nothing without udev.

        :param timeout: seconds, of which udev takes whole ones; with 0 it only looks.
        """
        self.run(["udevadm", "settle", f"--timeout={int(timeout)}"])
