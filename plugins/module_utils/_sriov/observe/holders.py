# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who uses a device: what would be cut off, in words, if it went away."""

from __future__ import annotations

import typing as t

from ..model.holders import ADDRESS, MASTER, NETNS, PROCESS, UPPER, VFIO, XDP, Holder
from ..model.paths import PROCESSES, VFIO_NODES

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..kernel.processes import Processes


def open_nodes(processes: Processes) -> dict[str, list[Holder]]:
    """For each node of vfio or uio that a process has open, these processes: what `fuser /dev/vfio/12` tells.

    pci_vfs_assigned() does not count vfio users (kernel, drivers/pci/iov.c), so the kernel would not refuse for them.
    """
    found: dict[str, list[Holder]] = {}
    for process in processes.ids():
        for node in sorted(processes.bypass_nodes(process)):
            kind = VFIO if node.startswith(VFIO_NODES) else PROCESS
            holder = Holder(kind, f"process {process} ({processes.command(process)}) has {node} open")
            found.setdefault(node, []).append(holder)
    return found


def interface_holders(interface: dict[str, t.Any], interfaces: list[dict[str, t.Any]]) -> list[Holder]:
    """Users of an interface that `ip -j -d address` shows: its master, what is stacked on it, addresses, XDP.

    Link-local addresses do not count: the kernel gives every interface that is up one of its own.
    """
    name = interface["ifname"]
    found = []
    if "master" in interface:
        kind = interface.get("linkinfo", {}).get("info_slave_kind", "master")
        found.append(Holder(MASTER, f"{name} is a port of {kind} {interface['master']}"))
    for other in interfaces:
        if other.get("link") == name and other["ifname"] != name:
            kind = other.get("linkinfo", {}).get("info_kind", "interface")
            found.append(Holder(UPPER, f"{kind} {other['ifname']} is stacked on {name}"))
    for address in interface.get("addr_info", []):
        if address.get("scope") == "global":
            found.append(Holder(ADDRESS, f"{name} has address {address['local']}/{address['prefixlen']}"))
    if "xdp" in interface:
        found.append(Holder(XDP, f"{name} has an XDP program attached"))
    return found


class Elsewhere(t.NamedTuple):
    """Interfaces in network namespaces other than ours.

    :param holders: by the address of their PCI function.
    :param interfaces: the same, as `ip` tells them.
    :param whole: every namespace was seen, and of every interface in it the function.
    """

    holders: t.Mapping[str, list[Holder]]
    interfaces: t.Mapping[str, dict[str, t.Any]]
    whole: bool


def elsewhere(kernel: Kernel) -> Elsewhere:
    """The function of an interface is told by iproute2 5.14 and later, in our namespace: parentdev."""
    found: dict[str, list[Holder]] = {}
    interfaces: dict[str, dict[str, t.Any]] = {}
    namespaces = kernel.processes.namespaces()
    whole = not _hides_namespaces(kernel)
    for path, label in namespaces:
        for interface in kernel.namespace_interfaces(path):
            whole = whole and not _may_be_of_a_function(interface)
            text = f"its interface {interface['ifname']} is in network namespace {label}"
            function = interface.get("parentdev", "")
            found.setdefault(function, []).append(Holder(NETNS, text))
            interfaces[function] = interface
        whole = whole and kernel.has_seen_namespace(path)
    return Elsewhere(found, interfaces, whole)


def _hides_namespaces(kernel: Kernel) -> bool:
    """Whether a process does not tell in which it is."""
    processes = kernel.processes.ids()
    return kernel.processes.hidden or any(f"{PROCESSES}/{each}/ns/net" in kernel.refused.files for each in processes)


def _may_be_of_a_function(interface: dict[str, t.Any]) -> bool:
    """Whether it is not told what is behind it: what is made by software has a kind."""
    plain = interface.get("link_type") != "loopback" and "info_kind" not in interface.get("linkinfo", {})
    return plain and "parentdev" not in interface
