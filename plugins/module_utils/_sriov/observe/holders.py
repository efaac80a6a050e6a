# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who uses a device: what would be cut off, in words, if it went away."""

from __future__ import annotations

import functools
import re
import typing as t

from ..errors import KernelRefused, TookTooLong
from ..model.holders import ADDRESS, FILTER, MASTER, NETNS, REPRESENTOR, UPPER, XDP, Holder
from ..model.paths import PROCESSES, device_node
from .not_seen import lists_of_namespaces
from .opened import Opened, rdma_holders, socket_holders

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..kernel.kernel import Kernel
    from ..kernel.namespaces import Links
    from ..kernel.stacked import VdpaDevice

    Entry = t.Dict[str, t.Any]

# Of a VF of this host; "c1pf0vf1" is one of the host that a smart NIC is in (net/devlink/port.c).
REPRESENTS = re.compile(r"pf(\d+)vf(\d+)")


class Elsewhere(t.NamedTuple):
    """Interfaces in other network namespaces, by the address of their PCI function.

    :param interfaces: the same, as their namespace tells them.
    :param whole: every namespace was seen, and of every interface in it the function.
    """

    holders: t.Mapping[str, list[Holder]]
    interfaces: t.Mapping[str, Entry]
    whole: bool


class Users:
    """Who uses functions and their interfaces. What many of them share is read once, and only when it is asked.

    :param interfaces: as Link.interfaces() gives them.
    """

    def __init__(self, kernel: Kernel, interfaces: list[Entry]) -> None:
        self._kernel = kernel
        self._interfaces = interfaces
        self._opened = Opened(kernel.processes)

    def of_nodes(self, address: str, nodes: t.Callable[[], Iterable[str]]) -> list[Holder]:
        """Programs that have one of these nodes open, or a node of a vDPA device on the function.

        :param nodes: asked where any program has a device open at all.
        """
        if not self._opened:
            return []
        vdpa = [device_node(node) for device in self._vdpa_on(address) for node in device.nodes]
        return self._opened.with_function(address, [*nodes(), *vdpa])

    def interfaces_of(self, address: str) -> list[Entry]:
        """Its interfaces in this namespace, also those that virtio and virtio_vdpa put a device in between for."""
        pci = self._kernel.pci
        names = {*pci.interfaces(address), *pci.virtio_interfaces(address)}
        names |= {name for device in self._vdpa_on(address) for name in device.interfaces}
        return [entry for entry in self._interfaces if entry["ifname"] in names]

    def has_vdpa(self, address: str) -> bool:
        """Whether a vDPA device is on it: drivers such as vp_vdpa and ifcvf give that, and no interface."""
        return bool(self._vdpa_on(address))

    def of_interface(self, entry: Entry) -> list[Holder]:
        """All that is on one interface."""
        name = entry["ifname"]
        found = interface_holders(entry, self._interfaces)
        found += self._uppers_elsewhere.get(entry["ifindex"], [])
        found += self._sockets.get(name, []) + self._rdma.get(name, [])
        if entry["ifindex"] in self._filtered:
            found.append(Holder(FILTER, f"{name} has filters of tc"))
        return found

    def of_representor(self, pf: str, vf: int) -> list[Holder]:
        """What uses the interface that stands for a VF in the switch of its PF (switchdev mode)."""
        entries = [entry for entry in self._interfaces if self._represents(entry, pf, vf)]
        users = [holder for entry in entries for holder in self.of_interface(entry)]
        return [Holder(REPRESENTOR, f"its representor: {holder.text}") for holder in users]

    @functools.cached_property
    def elsewhere(self) -> Elsewhere:
        """The interfaces in network namespaces other than ours; Linux 5.14 and later tell which function each is of."""
        found: dict[str, list[Holder]] = {}
        interfaces: dict[str, Entry] = {}
        whole = not _hides_namespaces(self._kernel)
        for label, told in self._other_namespaces:
            whole = whole and not told.error and not any(map(_may_be_of_a_function, told.links))
            for link in (link for link in told.links if "parentdev" in link):
                function = self._kernel.interfaces.function_of_device(link["parentdev"]) or link["parentdev"]
                text = f"its interface {link['ifname']} is in network namespace {label}"
                found.setdefault(function, []).append(Holder(NETNS, text))
                interfaces[function] = link
        return Elsewhere(found, interfaces, whole)

    def _represents(self, entry: Entry, pf: str, vf: int) -> bool:
        """The port's name tells it; whose VF it is the device behind it does, or the switch and the PF's number."""
        match = REPRESENTS.fullmatch(entry.get("phys_port_name", ""))
        if match is None or int(match.group(2)) != vf:
            return False
        if entry.get("parentdev"):
            return bool(entry["parentdev"] == pf)
        switches = {each.get("phys_switch_id") for each in self.interfaces_of(pf)}
        return entry.get("phys_switch_id") in switches and match.group(1) == pf.rpartition(".")[2]

    def _vdpa_on(self, address: str) -> list[VdpaDevice]:
        return [device for device in self._vdpa if device.function == address]

    @functools.cached_property
    def _vdpa(self) -> list[VdpaDevice]:
        return self._kernel.stacked.vdpa_devices()

    @functools.cached_property
    def _rdma(self) -> dict[str, list[Holder]]:
        return rdma_holders(self._kernel, self._interfaces, self._opened)

    @functools.cached_property
    def _sockets(self) -> dict[str, list[Holder]]:
        return socket_holders(self._kernel, self._interfaces, self._opened)

    @functools.cached_property
    def _filtered(self) -> set[int]:
        try:
            return self._kernel.netlink.filters.filtered()
        except (KernelRefused, TookTooLong) as error:
            self._kernel.note("filters of tc", str(error), hides_users=True)
            return set()

    @functools.cached_property
    def _other_namespaces(self) -> list[tuple[str, Links]]:
        return self._kernel.namespace_interfaces()

    @functools.cached_property
    def _uppers_elsewhere(self) -> dict[int, list[Holder]]:
        """By ifindex. The kernel shows upper devices of other namespaces nowhere in ours (net/core/dev.c)."""
        names = {entry["ifindex"]: entry["ifname"] for entry in self._interfaces}
        found: dict[int, list[Holder]] = {}
        for label, told in self._other_namespaces:
            for link in (link for link in told.links if link.get("lower") in names):
                what = f"{link.get('kind', 'interface')} {link['ifname']} in network namespace {label}"
                holder = Holder(UPPER, f"{what} is stacked on {names[link['lower']]}")
                found.setdefault(link["lower"], []).append(holder)
        return found


def interface_holders(interface: Entry, interfaces: list[Entry]) -> list[Holder]:
    """Users of an interface that `ip -j -d address` shows: its master, what is stacked on it, addresses, XDP.

    Link-local addresses do not count: the kernel gives every interface that is up one of its own. A program of XDP
    counts in generic mode too: somebody has attached it.
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


def _hides_namespaces(kernel: Kernel) -> bool:
    """Whether a process, or a list of them, does not tell which there are."""
    of_processes = (f"{PROCESSES}/{each}/ns/net" for each in kernel.processes.ids())
    refused = kernel.refused.files
    return kernel.processes.hidden or bool(lists_of_namespaces(kernel)) or any(path in refused for path in of_processes)


def _may_be_of_a_function(link: Entry) -> bool:
    """Whether it is not told what is behind it: what is made by software has a kind."""
    return not link.get("loopback") and "kind" not in link and "parentdev" not in link
