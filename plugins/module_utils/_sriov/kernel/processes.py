# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What /proc tells of processes: their parents, what they have open, the network namespaces that they keep."""

from __future__ import annotations

import os
import re
import signal
import typing as t
from contextlib import suppress

from ..model.paths import (
    DEVICE_NODES,
    INFINIBAND_NODES,
    LOCKS,
    NAMED_NAMESPACES,
    NETWORK_NAMESPACE,
    PROCESSES,
    PTP_NODES,
    TRANSIENT_UNITS,
    VFIO_CONTAINER,
    VFIO_NODES,
    VHOST_VDPA_NODES,
)
from ..model.printable import printable
from ..model.units import SERVICE
from .interfaces import function_in_path

if t.TYPE_CHECKING:
    from .sysfs import Sysfs

# Nodes that belong to one device each; rdma_cm and /dev/vfio/vfio are of all.
DEVICES_OWN_NODES = (
    f"{VFIO_NODES}/",
    f"{DEVICE_NODES}/uio",
    f"{INFINIBAND_NODES}/uverbs",
    f"{INFINIBAND_NODES}/umad",
    f"{INFINIBAND_NODES}/issm",
    VHOST_VDPA_NODES,
    PTP_NODES,
)
SOCKET = "socket:["
USER_MANAGER = "user@"  # user@1000.service: all that a user runs
VFIO_DEVICE, VFIO_PATH = "anon_inode:[vfio-device]", "vfio-device-syspath"  # drivers/vfio/vfio_main.c
DELETED = " (deleted)"  # of a node that was made anew: who has the old one has the device all the same
OCTAL = re.compile(r"[0-7]+")
ENDED = ("Z", "X", "x")  # nobody has waited for it yet
O_PATH = 0o10000000  # include/uapi/asm-generic/fcntl.h: udev sets owner and mode through such a descriptor


class Status(t.NamedTuple):
    """What /proc/PID/stat tells of a process.

    :param state: "R", "S", "D" (in the kernel, and no signal gets it out), "Z" (has ended).
    :param parent: the process that has started it, or has it by now.
    :param session: the process that has made its session (setsid).
    :param start: in ticks since the host was: two processes of one number differ in it.
    """

    state: str
    parent: str
    session: str
    start: int


class OpenFiles(t.NamedTuple):
    """What a process has open.

    :param nodes: of devices.
    :param sockets: by inode.
    :param functions: PCI functions whose vfio device it has, whether or not it has closed the node again (Linux 6.18).
    """

    nodes: frozenset[str] = frozenset()
    sockets: frozenset[int] = frozenset()
    functions: frozenset[str] = frozenset()


class Processes:
    """Reads by process id, which is a text here: a name below /proc."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs
        self.hidden = False  # those of other users were not in the list
        self._open_namespaces: list[tuple[str, str]] = []  # (path, process), of those that open_files() has seen

    def ids(self) -> list[str]:
        """All that are shown: /proc mounted with hidepid shows a user only his own, and so not the first of all."""
        found = [name for name in self._sysfs.names(PROCESSES) if name.isdigit()]
        self.hidden = "1" not in found
        return found

    def _mounted_namespaces(self) -> list[tuple[str, str]]:
        """Those mounted where we and the first process see it: Documentation/filesystems/proc.rst, mountinfo."""
        found = []
        for process in ("self", "1"):
            lines = (self._sysfs.read(f"{PROCESSES}/{process}/mountinfo") or "").splitlines()
            fields = (line.split(" ") for line in lines)
            places = [words[4] for words in fields if len(words) > 4 and words[3].startswith(NETWORK_NAMESPACE)]
            found += [(f"{PROCESSES}/{process}/root{place}", place) for place in places]
        return found

    def name(self, process: str) -> str:
        """The program's name, up to 15 characters, which it may choose. Never its arguments: results are logged, and
        those hold secrets."""
        return printable(self._sysfs.read(f"{PROCESSES}/{process}/comm") or "?")

    def there(self, process: str) -> bool:
        """Also one whose directory may not be looked at."""
        path = f"{PROCESSES}/{process}"
        return self._sysfs.exists(path) or path in self._sysfs.refused

    def status(self, process: str) -> Status | None:
        """None where it has gone, or it cannot be read."""
        fields = self._fields(process)
        try:
            parent, session, start = (int(fields[number - 3]) for number in (4, 6, 22))
        except (IndexError, ValueError):
            return None
        return Status(fields[0], str(parent), str(session), start)

    def of_session(self, session: str) -> dict[str, Status | None]:
        """Those of a session (setsid) that have not ended, by number; None: it cannot be seen whether it is one."""
        found = {process: self.status(process) for process in self.ids()}
        return {
            process: status
            for process, status in found.items()
            if (status.session == session and status.state not in ENDED if status else self.there(process))
        }

    def kill(self, process: str) -> None:
        """`kill -9`; nothing where it has gone, or where the files are not this host's."""
        if self._sysfs.root == "/":
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process), signal.SIGKILL)

    def has_lock(self, process: str, inode: int) -> bool:
        """Whether it has a lock (flock(2)) on a file, by /proc/locks: "1: FLOCK ADVISORY WRITE 70 00:1a:5678 0 EOF"."""
        lines = [line.split() for line in (self._sysfs.read(LOCKS) or "").splitlines()]
        taken = [words for words in lines if len(words) > 5 and words[1] == "FLOCK"]
        return any(words[4] == process and words[5].rpartition(":")[2] == str(inode) for words in taken)

    def parent(self, process: str) -> str:
        """The process that has started it. "" where it has gone."""
        return next(iter(self._fields(process)[1:]), "")

    def _fields(self, process: str) -> list[str]:
        """Those of /proc/PID/stat from the third on, as proc_pid_stat(5) counts them; the name in the second may hold
        spaces and brackets."""
        return (self._sysfs.read(f"{PROCESSES}/{process}/stat") or "").rpartition(")")[2].split()

    def unit(self, process: str) -> str:
        """The service of systemd that it runs in: the first part of its cgroup that is no slice (cg_path_get_unit of
        systemd). "" where that is something else, such as a session or a container, or a user's own manager.
        """
        lines = (self._sysfs.read(f"{PROCESSES}/{process}/cgroup") or "").splitlines()
        paths = {kind: path for _number, kind, path in (line.split(":", 2) for line in lines if line.count(":") > 1)}
        parts = (paths.get("name=systemd") or paths.get("") or "").split("/")
        found = next((part for part in parts if part and not part.endswith(".slice")), "")
        name = found[1:] if found.startswith("_") else found  # cg_escape()
        return name if name.endswith(SERVICE) and not name.startswith(USER_MANAGER) else ""

    def is_transient(self, unit: str) -> bool:
        """Whether a service is one of systemd-run: its file is among those that systemd writes itself
        (lookup_paths_init of systemd)."""
        return bool(unit) and self._sysfs.exists(f"{TRANSIENT_UNITS}/{unit}")

    def environment(self, process: str) -> list[bytes]:
        """Its variables, NAME=VALUE each."""
        return self._sysfs.read_bytes(f"{PROCESSES}/{process}/environ", 1 << 20).split(b"\0")

    def open_files(self, process: str) -> OpenFiles:
        """Nodes of vfio, uio, vDPA, RDMA and PTP, and sockets: `ls -l /proc/PID/fd`.

        A descriptor that was opened with O_PATH names a file and does not open the device.
        """
        base = f"{PROCESSES}/{process}/fd"
        nodes, sockets, functions = set(), set(), set()
        for number in self._sysfs.names(base):
            target = self._sysfs.link_target(f"{base}/{number}") or ""
            if target.startswith(SOCKET):
                inode = target[len(SOCKET) : -1]
                sockets |= {int(inode)} if inode.isascii() and inode.isdigit() else set()
            elif target.startswith(NETWORK_NAMESPACE):
                self._open_namespaces.append((f"{base}/{number}", process))
            elif target == VFIO_DEVICE:
                functions.add(function_in_path(self._told_of(process, number).get(VFIO_PATH, "")))
            elif _is_of_one_device(target) and not self._is_path_only(process, number):
                nodes.add(target[: -len(DELETED)] if target.endswith(DELETED) else target)
        return OpenFiles(frozenset(nodes), frozenset(sockets), frozenset(filter(None, functions)))

    def _is_path_only(self, process: str, number: str) -> bool:
        """By its flags; what cannot be read is taken as open."""
        flags = self._told_of(process, number).get("flags", "0")
        return bool(OCTAL.fullmatch(flags) and int(flags, 8) & O_PATH)

    def _told_of(self, process: str, number: str) -> dict[str, str]:
        """What the kernel tells of a descriptor: `cat /proc/PID/fdinfo/N`."""
        lines = (self._sysfs.read(f"{PROCESSES}/{process}/fdinfo/{number}") or "").splitlines()
        pairs = (line.partition(":") for line in lines)
        return {name: value.strip() for name, _colon, value in pairs}

    def namespaces(self) -> list[tuple[str, str]]:
        """(path, label) of every network namespace but ours: the named ones, those that are mounted somewhere else
        (/run/docker/netns), then those that only processes keep, by being in it or having it open.

        Those of other users' processes come last: any user can make many, and not all may be looked at.
        What a process has open is known of those whose open_files() were asked for. One that nothing but a socket
        keeps is not found.
        """
        seen = {self._sysfs.inode(f"{PROCESSES}/self/ns/net")}
        found = []
        named = [(f"{NAMED_NAMESPACES}/{name}", name) for name in self._sysfs.names(NAMED_NAMESPACES)]
        kept = [(f"{PROCESSES}/{process}/ns/net", process) for process in self.ids()]
        for path, label in [*named, *self._mounted_namespaces(), *kept, *self._open_namespaces]:
            inode = self._sysfs.inode(path)
            if inode is not None and inode not in seen:
                seen.add(inode)
                by_process = path.startswith(f"{PROCESSES}/{label}/")
                found.append((path, f"of process {label} ({self.name(label)})" if by_process else printable(label)))
        return sorted(found, key=lambda each: self._is_of_another_user(each[0]))

    def _is_of_another_user(self, path: str) -> bool:
        process = path[len(PROCESSES) + 1 :].partition("/")[0] if path.startswith(f"{PROCESSES}/") else ""
        status = self._sysfs.status(f"{PROCESSES}/{process}") if process.isdigit() else None
        return status is not None and status.st_uid != 0


def _is_of_one_device(path: str) -> bool:
    return path.startswith(DEVICES_OWN_NODES) and path != VFIO_CONTAINER
