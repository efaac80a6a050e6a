# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who uses a device: what would be cut off, in words, if it went away."""

from __future__ import annotations

import typing as t

from ..model.host import Holder

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..kernel.sysfs import Sysfs

COMMAND_LENGTH = 60


def open_nodes(sysfs: Sysfs) -> dict[str, list[Holder]]:
    """For each node of vfio or uio that a process has open, these processes: what `fuser /dev/vfio/12` tells.

    pci_vfs_assigned() does not count vfio users (kernel, drivers/pci/iov.c), so the kernel would not refuse for them.
    """
    found: dict[str, list[Holder]] = {}
    for process in (name for name in sysfs.names("/proc") if name.isdigit()):
        for node in sorted(_nodes_of(sysfs, process)):
            holder = Holder("process", f"process {process} ({command(sysfs, process)}) has {node} open")
            found.setdefault(node, []).append(holder)
    return found


def _nodes_of(sysfs: Sysfs, process: str) -> set[str]:
    base = f"/proc/{process}/fd"
    targets = (sysfs.link_target(f"{base}/{number}") for number in sysfs.names(base))
    return {
        node
        for node in targets
        if node and node.startswith(("/dev/vfio/", "/dev/uio", "/dev/infiniband/uverbs")) and node != "/dev/vfio/vfio"
    }


def command(sysfs: Sysfs, process: str) -> str:
    """A process's command line, cut short; its name where it has none."""
    line = sysfs.read_bytes(f"/proc/{process}/cmdline", 4096).replace(b"\0", b" ").decode(errors="replace").strip()
    line = line or sysfs.read(f"/proc/{process}/comm") or "?"
    return line if len(line) <= COMMAND_LENGTH else line[: COMMAND_LENGTH - 1] + "…"


def interface_holders(interface: dict[str, t.Any], interfaces: list[dict[str, t.Any]]) -> list[Holder]:
    """Users of an interface that `ip -j -d address` shows: its master, what is stacked on it, addresses, XDP.

    Link-local addresses do not count: the kernel gives every interface that is up one of its own.
    """
    name = interface["ifname"]
    found = []
    if "master" in interface:
        kind = interface.get("linkinfo", {}).get("info_slave_kind", "master")
        found.append(Holder("master", f"{name} is a port of {kind} {interface['master']}"))
    for other in interfaces:
        if other.get("link") == name and other["ifname"] != name:
            kind = other.get("linkinfo", {}).get("info_kind", "interface")
            found.append(Holder("upper", f"{kind} {other['ifname']} is stacked on {name}"))
    for address in interface.get("addr_info", []):
        if address.get("scope") == "global":
            found.append(Holder("address", f"{name} has address {address['local']}/{address['prefixlen']}"))
    if "xdp" in interface:
        found.append(Holder("xdp", f"{name} has an XDP program attached"))
    return found


def elsewhere(kernel: Kernel) -> dict[str, list[Holder]]:
    """Interfaces in network namespaces other than ours, by the address of their PCI function.

    Needs iproute2 5.14 or later in this namespace, which prints parentdev.
    """
    found: dict[str, list[Holder]] = {}
    for path, label in namespaces(kernel.sysfs):
        for interface in kernel.namespace_interfaces(path):
            text = f"its interface {interface['ifname']} is in network namespace {label}"
            found.setdefault(interface.get("parentdev", ""), []).append(Holder("netns", text))
    return found


def namespaces(sysfs: Sysfs) -> list[tuple[str, str]]:
    """(path, label) of every network namespace but ours: the named ones, then those that only processes keep."""
    seen = {sysfs.inode("/proc/self/ns/net")}
    found = []
    named = [(f"/run/netns/{name}", name) for name in sysfs.names("/run/netns")]
    processes = (name for name in sysfs.names("/proc") if name.isdigit())
    for path, label in [*named, *((f"/proc/{p}/ns/net", f"of process {p} ({command(sysfs, p)})") for p in processes)]:
        inode = sysfs.inode(path)
        if inode is not None and inode not in seen:
            seen.add(inode)
            found.append((path, label))
    return found
