# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""From what an operator writes to the devices that are meant."""

from __future__ import annotations

import re
import typing as t

from ..errors import DeviceNotFound, InvalidRequest, NotKnown, NotSupported
from ..faults import Faults
from ..kernel.users import group_number, user_number
from ..model.check import named_twice
from ..model.desired import Node
from ..model.mac import parse_mac
from ..model.paths import PCI_DEVICES
from ..model.selector import EVERY_VF, check_there
from .kinds import kind_of_function, kind_of_interface, pfs_below

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired, DesiredDevice, DesiredPf
    from ..model.selector import Selector

PCI_ADDRESS = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
NAME_IT = "name a PF by interface name, altname, MAC or PCI address"

Entries = t.List[t.Dict[str, t.Any]]
"""Interfaces as Link.interfaces() gives them."""


def locate(kernel: Kernel, interfaces: Entries, desired: Desired) -> tuple[Desired, list[SriovError]]:
    """The desired state with PCI addresses in place of names, and numbers in place of owners; one device an entry.

    :returns: what can be located, and of the rest why not: a name that means nothing here or too much, a device that is
        named twice, an unknown user.
    """
    faults = Faults()
    pfs: dict[str, DesiredPf] = {}
    for each in desired.pfs:
        with faults.gathered():
            found = _located_pf(kernel, interfaces, each, faults)
            if found.pf in pfs:
                raise named_twice(pfs[found.pf], each, describe(kernel, found.pf))
            pfs[found.pf] = found
    devices: dict[str, DesiredDevice] = {}
    for entry in desired.devices:
        with faults.gathered():
            for device in _located_devices(kernel, interfaces, entry, faults):
                _check_unique(device, devices)
                devices[device.device] = device
    return desired._replace(pfs=tuple(pfs.values()), devices=tuple(devices.values())), faults.found


def _located_pf(kernel: Kernel, interfaces: Entries, desired: DesiredPf, faults: Faults) -> DesiredPf:
    address = find_pf(kernel, interfaces, desired.pf)
    vfs = tuple(entry._replace(said=_with_numbers(entry.said, faults)) for entry in desired.vfs)
    return desired._replace(pf=address, vfs=vfs)


def _with_numbers(said: t.Mapping[str, t.Any], faults: Faults) -> dict[str, t.Any]:
    node = _located_node(Node(said.get("owner"), said.get("group")), faults)
    numbers = {word: getattr(node, word) for word in ("owner", "group") if word in said}
    return {**said, **numbers}


def _located_devices(
    kernel: Kernel, interfaces: Entries, desired: DesiredDevice, faults: Faults
) -> list[DesiredDevice]:
    node = _located_node(desired.node, faults)
    if desired.pf is None:
        addresses = [existing_device(kernel, desired.device)]
    else:
        addresses = _addresses_of_vfs(kernel, find_pf(kernel, interfaces, desired.pf), desired.vf)
    return [desired._replace(device=address, node=node, pf=None, vf=EVERY_VF) for address in addresses]


def _addresses_of_vfs(kernel: Kernel, pf: str, selector: Selector) -> list[str]:
    by_index = {index: vf for vf, index in kernel.pci.virtual_functions(pf).items()}
    check_there(selector, len(by_index), "vf", describe(kernel, pf))
    if set(by_index) != set(range(len(by_index))):
        there = f"there are only {', '.join(f'virtfn{index}' for index in sorted(by_index))}"
        raise NotKnown("vf: cannot tell which VFs there are", device=describe(kernel, pf), why=there)
    return [by_index[index] for index in selector.indices(len(by_index))]


def _located_node(node: Node, faults: Faults) -> Node:
    """A name that nobody has stays, and is refused."""
    with faults.gathered():
        node = node._replace(owner=user_number(node.owner))
    with faults.gathered():
        node = node._replace(group=group_number(node.group))
    return node


def _check_unique(device: DesiredDevice, others: t.Mapping[str, DesiredDevice]) -> None:
    if device.device in others:
        raise InvalidRequest(
            f"{device.device} is named twice",
            why="a device has one driver",
            remedy="name each device in one assignment",
        )


def pci_address(text: str) -> str | None:
    """The full form of a PCI address ("01:10.0" -> "0000:01:10.0"), None if the text is none."""
    match = PCI_ADDRESS.fullmatch(text.strip().lower())
    return f"{match.group(1) or '0000'}:{match.group(2)}:{match.group(3)}.{match.group(4)}" if match else None


def existing_device(kernel: Kernel, text: str) -> str:
    """The address of a PCI device that must be there.

    :raises InvalidRequest: the text is no PCI address.
    :raises DeviceNotFound: no such device.
    """
    address = pci_address(text)
    if address is None:
        raise InvalidRequest(f"devices: {text!r} is no PCI address", remedy='write it as in "0000:01:10.0"')
    if not kernel.pci.exists(address):
        raise DeviceNotFound(
            f"devices: there is no PCI device {address} on this host",
            remedy=f"`ls {PCI_DEVICES}` lists them; a VF is there only after its PF has created it",
        )
    return address


def find_pf(kernel: Kernel, interfaces: Entries, text: str) -> str:
    """The address of the PF that an interface name, an altname, a MAC or a PCI address means.

    :raises DeviceNotFound: nothing answers to it.
    :raises InvalidRequest: it is a VF, or no NIC at all, or more than one device answers to it.
    :raises NotSupported: the device cannot have VFs.
    """
    address = pci_address(text)
    cards = [entry for entry in interfaces if kernel.interfaces.function(entry["ifname"])]
    entries = [] if address else called(interfaces, cards, text)
    candidates = _existing(kernel, address) if address else _functions(kernel, entries)
    pfs = [address for address in candidates if kernel.pci.can_have_vfs(address) and kernel.pci.is_nic(address)]
    if len(pfs) == 1:
        return pfs[0]
    if len(pfs) > 1:
        raise InvalidRequest(
            f"pf: {text!r} means more than one device", why=", ".join(pfs), remedy="name it by PCI address"
        )
    if not candidates and not entries:
        raise DeviceNotFound(
            f"pf: nothing on this host is called {text!r}", why=f"its {_all_pfs(kernel)}", remedy=NAME_IT
        )
    name = next((f" ({entry['ifname']})" for entry in entries if entry["ifname"] != text.strip()), "")
    label = f"{text!r}{name}"
    if not candidates:
        raise _no_pci_function(kernel, interfaces, label, entries[0])
    raise _not_a_pf(kernel, label, candidates[0])


def _no_pci_function(kernel: Kernel, interfaces: Entries, label: str, entry: dict[str, t.Any]) -> InvalidRequest:
    return InvalidRequest(
        f"pf: {label} is {kind_of_interface(kernel, entry)}, not a PF",
        why=f"the host's {_all_pfs(kernel)}",
        remedy=pfs_below(kernel, interfaces, entry) or NAME_IT,
    )


def _not_a_pf(kernel: Kernel, label: str, address: str) -> InvalidRequest | NotSupported:
    physfn = kernel.pci.physfn(address)
    if (physfn or kernel.pci.can_have_vfs(address)) and not kernel.pci.is_nic(physfn or address):
        return _no_nic(kernel, label, address)
    if physfn:
        index = kernel.pci.virtual_functions(physfn).get(address)
        return InvalidRequest(
            f"pf: {label} is a VF, not a PF",
            why=f"{address} is VF {index} of {describe(kernel, physfn)}",
            remedy=f"name its PF: pf: {physfn}",
        )
    return NotSupported(
        f"pf: {label} is {kind_of_function(kernel, address)}, not a PF",
        why=f"the host's {_all_pfs(kernel)}",
        remedy=f"{NAME_IT}; if this NIC has SR-IOV, turn it on in the firmware setup of host and NIC",
    )


def _no_nic(kernel: Kernel, label: str, address: str) -> NotSupported:
    return NotSupported(
        f"pf: {label} is no NIC (PCI class {kernel.pci.attribute(address, 'class')})",
        why=f"its driver is {kernel.pci.driver(address) or 'none'}; the host's {_all_pfs(kernel)}",
        remedy=f"{NAME_IT}; module pci_driver gives VFs of other devices a driver by their addresses, in devices",
    )


def _all_pfs(kernel: Kernel) -> str:
    return f"SR-IOV devices are {', '.join(describe(kernel, pf) for pf in kernel.pci.pfs()) or 'none'}"


def describe(kernel: Kernel, address: str) -> str:
    """ "enp1s0 (0000:01:00.0)"."""
    names = kernel.pci.interfaces(address)
    return f"{names[0]} ({address})" if names else address


def _existing(kernel: Kernel, address: str) -> list[str]:
    return [address] if kernel.pci.exists(address) else []


def _functions(kernel: Kernel, entries: Entries) -> list[str]:
    """The PCI functions behind interfaces, each once."""
    found = {kernel.interfaces.function(entry["ifname"]) for entry in entries}
    return sorted(function for function in found if function)


def called(interfaces: Entries, cards: Entries, text: str) -> Entries:
    """The interfaces that a name, an altname or a MAC means.

    A name may look like the twelve digits of an address, and counts before it. A card counts before what is stacked on
    it, which has its MAC too.
    """
    return _by_name(interfaces, text.strip()) or _by_mac(cards, text) or _by_mac(interfaces, text)


def _by_name(interfaces: Entries, text: str) -> Entries:
    return [entry for entry in interfaces if text in (entry["ifname"], *entry.get("altnames", ()))]


def _by_mac(interfaces: Entries, text: str) -> Entries:
    """By the permanent address first, as the ports of a bond share the other."""
    try:
        mac = parse_mac(text)
    except ValueError:
        return []
    permanent = [entry for entry in interfaces if entry.get("permaddr", entry.get("address")) == mac]
    return permanent or [entry for entry in interfaces if entry.get("address") == mac]
