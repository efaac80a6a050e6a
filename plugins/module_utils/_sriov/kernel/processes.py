# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What /proc tells of processes: their parents, what they have open, the network namespaces that they keep."""

from __future__ import annotations

import typing as t

from ..model.paths import (
    DEVICE_NODES,
    INFINIBAND_NODES,
    NAMED_NAMESPACES,
    NETWORK_NAMESPACE,
    PROCESSES,
    PTP_NODES,
    VFIO_CONTAINER,
    VFIO_NODES,
    VHOST_VDPA_NODES,
)
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
VFIO_DEVICE, VFIO_PATH = "anon_inode:[vfio-device]", "vfio-device-syspath"  # drivers/vfio/vfio_main.c
DELETED = " (deleted)"  # of a node that was made anew: who has the old one has the device all the same
O_PATH = 0o10000000  # include/uapi/asm-generic/fcntl.h: udev sets owner and mode through such a descriptor


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
        """The program's name, up to 15 characters. Never its arguments: results are logged, and those hold secrets."""
        return self._sysfs.read(f"{PROCESSES}/{process}/comm") or "?"

    def parent(self, process: str) -> str:
        """The fourth field of /proc/PID/stat; the name in it may hold spaces and brackets. "" where it has gone."""
        fields = (self._sysfs.read(f"{PROCESSES}/{process}/stat") or "").rpartition(")")[2].split()
        return fields[1] if len(fields) > 1 else ""

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
                sockets.add(int(target[len(SOCKET) : -1]))
            elif target.startswith(NETWORK_NAMESPACE):
                self._open_namespaces.append((f"{base}/{number}", process))
            elif target == VFIO_DEVICE:
                functions.add(function_in_path(self._told_of(process, number).get(VFIO_PATH, "")))
            elif _is_of_one_device(target) and not self._is_path_only(process, number):
                nodes.add(target[: -len(DELETED)] if target.endswith(DELETED) else target)
        return OpenFiles(frozenset(nodes), frozenset(sockets), frozenset(filter(None, functions)))

    def _is_path_only(self, process: str, number: str) -> bool:
        """By its flags; what cannot be read is taken as open."""
        return bool(int(self._told_of(process, number).get("flags", "0"), 8) & O_PATH)

    def _told_of(self, process: str, number: str) -> dict[str, str]:
        """What the kernel tells of a descriptor: `cat /proc/PID/fdinfo/N`."""
        lines = (self._sysfs.read(f"{PROCESSES}/{process}/fdinfo/{number}") or "").splitlines()
        pairs = (line.partition(":") for line in lines)
        return {name: value.strip() for name, _colon, value in pairs}

    def namespaces(self) -> list[tuple[str, str]]:
        """(path, label) of every network namespace but ours: the named ones, those that are mounted somewhere else
        (/run/docker/netns), then those that only processes keep, by being in it or having it open.

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
                found.append((path, f"of process {label} ({self.name(label)})" if by_process else label))
        return found


def _is_of_one_device(path: str) -> bool:
    return path.startswith(DEVICES_OWN_NODES) and path != VFIO_CONTAINER
