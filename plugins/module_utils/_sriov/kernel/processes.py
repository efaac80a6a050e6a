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
    VFIO_CONTAINER,
    VFIO_NODES,
)

if t.TYPE_CHECKING:
    from .sysfs import Sysfs

COMMAND_LENGTH = 60
BYPASS_NODES = (f"{VFIO_NODES}/", f"{DEVICE_NODES}/uio", f"{INFINIBAND_NODES}/uverbs")


class Processes:
    """Reads by process id, which is a text here: a name below /proc."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs
        self.hidden = False  # those of other users were not in the list
        self._open_namespaces: list[tuple[str, str]] = []  # (path, process), of those that bypass_nodes() has seen

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

    def command(self, process: str) -> str:
        """A process's command line, cut short; its name where it has none."""
        line = self._sysfs.read_bytes(f"{PROCESSES}/{process}/cmdline", 4096)
        text = line.replace(b"\0", b" ").decode(errors="replace").strip()
        text = text or self._sysfs.read(f"{PROCESSES}/{process}/comm") or "?"
        return text if len(text) <= COMMAND_LENGTH else text[: COMMAND_LENGTH - 1] + "…"

    def parent(self, process: str) -> str:
        """The fourth field of /proc/PID/stat; the name in it may hold spaces and brackets. "" where it has gone."""
        fields = (self._sysfs.read(f"{PROCESSES}/{process}/stat") or "").rpartition(")")[2].split()
        return fields[1] if len(fields) > 1 else ""

    def environment(self, process: str) -> list[bytes]:
        """Its variables, NAME=VALUE each."""
        return self._sysfs.read_bytes(f"{PROCESSES}/{process}/environ", 1 << 20).split(b"\0")

    def bypass_nodes(self, process: str) -> set[str]:
        """Nodes of vfio, uio and RDMA that it has open: `ls -l /proc/PID/fd`."""
        base = f"{PROCESSES}/{process}/fd"
        links = {f"{base}/{number}": self._sysfs.link_target(f"{base}/{number}") for number in self._sysfs.names(base)}
        opened = [path for path, target in links.items() if target and target.startswith(NETWORK_NAMESPACE)]
        self._open_namespaces += [(path, process) for path in opened]
        return {node for node in links.values() if node and node.startswith(BYPASS_NODES) and node != VFIO_CONTAINER}

    def namespaces(self) -> list[tuple[str, str]]:
        """(path, label) of every network namespace but ours: the named ones, those that are mounted somewhere else
        (/run/docker/netns), then those that only processes keep, by being in it or having it open.

        What a process has open is known of those whose bypass_nodes() were asked for. One that nothing but a socket
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
                found.append((path, f"of process {label} ({self.command(label)})" if by_process else label))
        return found
