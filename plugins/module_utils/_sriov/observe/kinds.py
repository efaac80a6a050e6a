# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What an interface is that is no PF, in words, and which PFs are below it."""

from __future__ import annotations

import typing as t

from .management import lower_closure

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

    Entry = t.Dict[str, t.Any]

WITH_PORTS = {"bond": "bond", "bridge": "bridge", "team": "team", "vrf": "VRF", "openvswitch": "Open vSwitch bridge"}


def kind_of_interface(kernel: Kernel, entry: Entry) -> str:
    """ "a bond with ports enp1s0, enp2s0", "VLAN 7 on enp1s0", "a NIC without SR-IOV (driver e1000e, 0000:00:02.0)".

    :param entry: as Link.interfaces() gives it.
    """
    name = entry["ifname"]
    function = kernel.interfaces.function(name)
    if function:
        return kind_of_function(kernel, function)
    if kernel.interfaces.has_device(name):
        return _on_another_bus(kernel, name)
    if entry.get("link_type") == "loopback":
        return "the loopback interface"
    kind = entry.get("linkinfo", {}).get("info_kind", "")
    return _virtual(kind, entry.get("linkinfo", {}).get("info_data", {}), kernel.interfaces.lowers(name))


def kind_of_function(kernel: Kernel, address: str) -> str:
    """Of a PCI function without SR-IOV."""
    virtio = kernel.pci.virtio_interfaces(address)
    name = next(iter([*virtio, *kernel.pci.interfaces(address)]), None)
    driver = (kernel.interfaces.driver(name) if name else kernel.pci.driver(address)) or "none"
    what = "PCI device" if name is None and not kernel.pci.is_ethernet(address) else "NIC"
    return f"a {'virtio ' if virtio else ''}{what} without SR-IOV (driver {driver}, {address})"


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


def pfs_below(kernel: Kernel, interfaces: list[Entry], entry: Entry) -> str:
    """What can be named instead of a bond, a bridge or a VLAN, as a remedy; "" where no PF is below it."""
    name = entry["ifname"]
    below = lower_closure(kernel.interfaces, interfaces, name)[1:]
    functions = {lower: kernel.interfaces.function(lower) for lower in below}
    pfs = [lower for lower, function in functions.items() if function and kernel.pci.can_have_vfs(function)]
    if not pfs:
        return ""
    are_ports = all(interface.get("master") == name for interface in interfaces if interface["ifname"] in pfs)
    place = ("one of its ports" if len(pfs) > 1 else "its port") if are_ports else "what is below it"
    return f"name {place}: {', '.join(pfs)}"
