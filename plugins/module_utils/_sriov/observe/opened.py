# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Programs by what they have open: nodes of devices, and sockets that take frames off an interface."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused, TookTooLong
from ..model.holders import CAPTURE, CLOCK, PROCESS, SOFT_RDMA, VDPA, VFIO, XSK, Holder
from ..model.paths import INFINIBAND_NODES, PTP_NODES, VFIO_NODES, VHOST_VDPA_NODES
from .management import lower_closure

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..kernel.processes import OpenFiles, Processes
    from ..kernel.sock_diag import FrameSocket

    Entry = t.Dict[str, t.Any]

# What it is to have a node open; any other is a program's own way to the device.
KINDS_OF_NODES = ((VFIO_NODES, VFIO), (VHOST_VDPA_NODES, VDPA), (PTP_NODES, CLOCK))
# Told, and no reason to refuse: who receives by AF_XDP needs an XDP program, which is a user of the interface itself.
NOT_TOLD = "what each AF_XDP socket is on"


class Opened:
    """What each process has open, read once: what `fuser /dev/vfio/12` tells.

    pci_vfs_assigned() does not count vfio users (kernel, drivers/pci/iov.c), so the kernel would not refuse for them.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._files: dict[str, OpenFiles] = {process: processes.open_files(process) for process in processes.ids()}
        self._by_node: dict[str, list[str]] = {}
        self._by_function: dict[str, list[str]] = {}
        for process, opened in self._files.items():
            for node in opened.nodes:
                self._by_node.setdefault(node, []).append(process)
            for function in opened.functions:
                self._by_function.setdefault(function, []).append(process)

    def __bool__(self) -> bool:
        """Whether any device is open at all: on most hosts none is, and none need be asked for its nodes."""
        return bool(self._by_node or self._by_function)

    def nodes(self) -> list[str]:
        return sorted(self._by_node)

    def with_node(self, node: str) -> list[Holder]:
        """The programs that have a node open."""
        kind = next((kind for start, kind in KINDS_OF_NODES if node.startswith(start)), PROCESS)
        return [
            self._in_unit(process, Holder(kind, f"{self._named(process)} has {node} open"))
            for process in self._by_node.get(node, [])
        ]

    def with_function(self, address: str, nodes: t.Sequence[str]) -> list[Holder]:
        """Those that have one of its nodes open, and those that have its vfio device and have closed the node."""
        told = {process for node in nodes for process in self._by_node.get(node, [])}
        others = (process for process in self._by_function.get(address, []) if process not in told)
        words = "has its vfio device open, and no node of it any more"
        found = [holder for node in nodes for holder in self.with_node(node)]
        return found + [self._in_unit(process, Holder(VFIO, f"{self._named(process)} {words}")) for process in others]

    def with_socket(self, inode: int) -> tuple[str, str]:
        """ "process 4711 (xdpsock)", and its unit; words for a socket that no process shows, such as one on its way to
        another."""
        process = next((process for process, opened in self._files.items() if inode in opened.sockets), None)
        return (self._named(process), self._processes.unit(process)) if process else ("a process that is not seen", "")

    def _in_unit(self, process: str, holder: Holder) -> Holder:
        unit = self._processes.unit(process)
        return holder._replace(unit=unit, transient=self._processes.is_transient(unit))

    def _named(self, process: str) -> str:
        return f"process {process} ({self._processes.name(process)})"


def rdma_holders(kernel: Kernel, interfaces: list[Entry], opened: Opened) -> dict[str, list[Holder]]:
    """By interface: programs with an RDMA device on it, or on what is stacked on it (RoCE of a bond, of a VLAN).

    An RDMA device that nobody has open holds nobody's traffic.
    """
    found: dict[str, list[Holder]] = {}
    for node in (node for node in opened.nodes() if node.startswith(f"{INFINIBAND_NODES}/")):
        holders = opened.with_node(node)
        device = kernel.stacked.rdma_device(node.rpartition("/")[2])
        if device is None:
            kernel.note(f"which device {node} is of", "; ".join(holder.text for holder in holders), True)
            continue
        for lower, over in _all_below(kernel, interfaces, device.interfaces).items():
            if device.function and kernel.interfaces.function(lower) == device.function:
                continue  # whose node it is: that is told by itself
            kinds = (holder.kind if device.function else SOFT_RDMA for holder in holders)
            suffix = f"(RDMA device {device.name} on {', '.join(over)})"
            users = [each._replace(kind=kind, text=f"{each.text} {suffix}") for kind, each in zip(kinds, holders)]
            found.setdefault(lower, []).extend(users)
    return found


def _all_below(kernel: Kernel, interfaces: list[Entry], names: t.Iterable[str]) -> dict[str, list[str]]:
    """Each interface that is one of these or below it, with those that it is below."""
    below: dict[str, list[str]] = {}
    for name in names:
        for lower in lower_closure(kernel.interfaces, interfaces, name):
            below.setdefault(lower, []).append(name)
    return below


def socket_holders(kernel: Kernel, interfaces: list[Entry], opened: Opened) -> dict[str, list[Holder]]:
    """By interface: programs with AF_XDP sockets, and those that capture. Nothing is asked where there are none."""
    names = {entry["ifindex"]: entry["ifname"] for entry in interfaces}
    counts, diag = kernel.system.open_sockets(), kernel.netlink.sockets
    found: dict[str, list[Holder]] = {}
    if counts.get("XDP"):
        sockets = _ask(kernel, NOT_TOLD, diag.xdp)
        if sockets is not None and len(sockets) < counts["XDP"]:
            few = f"the kernel tells {len(sockets)} of {counts['XDP']}: one that is not bound hides those behind it"
            kernel.note(NOT_TOLD, few)
        for (name, user, unit), queues in _by_user(sockets or [], names, opened).items():
            what = f"AF_XDP sockets on queues {', '.join(queues)}" if len(queues) > 1 else _on_queue(queues)
            last = max(map(int, queues))
            found.setdefault(name, []).append(Holder(XSK, f"{user} has {what} of {name}", queue=last, unit=unit))
    if counts.get("PACKET"):
        sockets = _ask(kernel, "which interfaces programs capture on (AF_PACKET)", diag.packet)
        for name, user, unit in _by_user(sockets or [], names, opened):
            found.setdefault(name, []).append(Holder(CAPTURE, f"{user} captures on {name} (AF_PACKET)", unit=unit))
    return found


def _on_queue(queues: list[str]) -> str:
    return f"an AF_XDP socket on queue {queues[0]}"


def _by_user(
    sockets: t.Iterable[FrameSocket], names: dict[int, str], opened: Opened
) -> dict[tuple[str, str, str], list[str]]:
    """(interface, program, its unit) -> queues."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in sorted(socket for socket in sockets if socket.ifindex in names):
        found.setdefault((names[each.ifindex], *opened.with_socket(each.inode)), []).append(str(each.queue))
    return found


def _ask(kernel: Kernel, what: str, question: t.Callable[[], list[FrameSocket]]) -> list[FrameSocket] | None:
    try:
        return question()
    except (KernelRefused, TookTooLong) as error:
        kernel.note(what, str(error), hides_users=what != NOT_TOLD)
        return None
