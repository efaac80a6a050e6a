# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What an interface is that is no PF, in words, and which PFs are below it."""

from __future__ import annotations

import typing as t

from ..kernel.pci import VIRTIO
from .management import lower_closure
from .ports import is_own, is_representor

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

    Entry = t.Dict[str, t.Any]

AS_ONE = ("bond", "team")  # one wish is often meant for all of their ports
WITH_PORTS = {"bond": "bond", "bridge": "bridge", "team": "team", "vrf": "VRF", "openvswitch": "Open vSwitch bridge"}


def kind_of_interface(kernel: Kernel, entry: Entry) -> str:
    """ "a bond with ports enp1s0, enp2s0", "VLAN 7 on enp1s0", "a NIC without SR-IOV (driver e1000e, 0000:00:02.0)".

    :param entry: as Link.interfaces() gives it.
    """
    name = entry["ifname"]
    function = kernel.interfaces.function(name)
    if function and is_representor(entry):
        return f"a representor ({entry['phys_port_name']} of {function})"
    if function and is_own(entry):
        return kind_of_function(kernel, function)
    if kernel.interfaces.has_device(name) and not function:
        return _on_another_bus(kernel, name)
    if entry.get("link_type") == "loopback":
        return "the loopback interface"
    kind, lowers = entry.get("linkinfo", {}).get("info_kind", ""), kernel.interfaces.lowers(name)
    lowers = lowers or ([entry["link"]] if function else [])  # of IPoIB's children sysfs shows none
    return _virtual(kind, entry.get("linkinfo", {}).get("info_data", {}), lowers)


def kind_of_function(kernel: Kernel, address: str) -> str:
    """Of a PCI function without SR-IOV."""
    names, driver = kernel.pci.interfaces(address), kernel.pci.driver(address)
    what = "NIC" if names or kernel.pci.is_ethernet(address) else "PCI device"
    if names and driver == VIRTIO:
        what, driver = "virtio NIC", kernel.interfaces.driver(names[0])  # all of them have the same
    return f"a {what} without SR-IOV (driver {driver or 'none'}, {address})"


def _on_another_bus(kernel: Kernel, name: str) -> str:
    bus, driver = kernel.interfaces.bus(name) or "other", kernel.interfaces.driver(name) or "none"
    return f"a NIC on bus {bus}, not on PCI (driver {driver}, device {kernel.interfaces.device(name)})"


def _virtual(kind: str, data: Entry, lowers: list[str]) -> str:
    if kind in WITH_PORTS:
        ports = f"port{'s' if len(lowers) > 1 else ''} {', '.join(lowers)}" if lowers else ""
        return f"{_one(WITH_PORTS[kind])} {f'with {ports}' if ports else 'without ports'}"
    if kind == "veth":
        return "one end of a veth pair"
    if kind == "tun":
        return f"a {data.get('type', 'tun')} device"
    number = f" {data['id']}" if kind == "vlan" and "id" in data else ""
    what = f"VLAN{number}" if kind == "vlan" else f"{_one(kind)} interface" if kind else "an interface without a device"
    return f"{what} on {', '.join(lowers)}" if lowers else what


def _one(word: str) -> str:
    return f"{'an' if word[0] in 'aeioO' else 'a'} {word}"


def what_below(kernel: Kernel, interfaces: list[Entry], entry: Entry, would_do: t.Callable[[str], bool]) -> str:
    """What can be named instead of a bond, a bridge or a VLAN, as a remedy; "" where there is nothing.

    :param would_do: whether an interface can be named.
    """
    name = entry["ifname"]
    lowers = [lower for lower in lower_closure(kernel.interfaces, interfaces, name)[1:] if would_do(lower)]
    if not lowers:
        return ""
    are_ports = all(interface.get("master") == name for interface in interfaces if interface["ifname"] in lowers)
    place = ("one of its ports" if len(lowers) > 1 else "its port") if are_ports else "what is below it"
    shared = are_ports and len(lowers) > 1 and entry.get("linkinfo", {}).get("info_kind") in AS_ONE
    return f"name {place}{', or each in an entry of its own' if shared else ''}: {', '.join(lowers)}"
