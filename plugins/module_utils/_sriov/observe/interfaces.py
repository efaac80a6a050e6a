# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""From what an operator writes to the one interface that is meant: of a PF, a VF or any other network function."""

from __future__ import annotations

import typing as t

from ..errors import DeviceNotFound, InvalidRequest, NotSupported
from ..model.paths import INTERFACES
from .kinds import kind_of_interface
from .names import called, pci_address

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

NAME_IT = "name a network function by interface name, altname, MAC or PCI address"


def find_interface(kernel: Kernel, text: str) -> str:
    """The interface that a name, an altname, a MAC or a PCI address means.

    A PCI function may have several: mlx5 keeps the representors of its VFs beside the PF's own.

    :raises DeviceNotFound: nothing answers to it.
    :raises InvalidRequest: more than one interface answers to it.
    :raises NotSupported: what answers to it is no network card, or has no interface in this network namespace.
    """
    address = pci_address(text)
    found = sorted(_of_function(kernel, address) if address else _called(kernel, text))
    if len(found) > 1:
        raise InvalidRequest(
            f"pf: {text!r} means more than one interface", why=", ".join(found), remedy="name it by interface name"
        )
    if found:
        return found[0]
    if address and kernel.pci.exists(address):
        raise _without_interface(kernel, address)
    raise DeviceNotFound(
        f"pf: nothing on this host is called {text!r}",
        why=f"its network cards are {', '.join(card['ifname'] for card in _cards(kernel)) or 'none'}",
        remedy=NAME_IT,
    )


def _cards(kernel: Kernel) -> list[dict[str, t.Any]]:
    """Interfaces with a device behind them: no bond, VLAN or bridge, which carry the MAC of a card."""
    return [e for e in kernel.link.interfaces() if kernel.interfaces.has_device(e["ifname"])]


def _called(kernel: Kernel, text: str) -> set[str]:
    found = called(kernel.link.interfaces(), _cards(kernel), text)
    cards = {entry["ifname"] for entry in found if kernel.interfaces.has_device(entry["ifname"])}
    if found and not cards:
        name = found[0]["ifname"]
        raise NotSupported(
            f"pf: {text!r} is {kind_of_interface(kernel, found[0])}, no network card",
            why=f"there is no {INTERFACES}/{name}/device",
            remedy="name the card below it, for instance a port of the bond",
        )
    return cards


def _of_function(kernel: Kernel, address: str) -> set[str]:
    return {*kernel.pci.interfaces(address), *kernel.pci.virtio_interfaces(address)}


def _without_interface(kernel: Kernel, address: str) -> NotSupported:
    return NotSupported(
        f"pf: {address} has no interface in this network namespace",
        why=f"its driver is {kernel.pci.driver(address) or 'none'}",
        remedy=f"{NAME_IT}; what user space receives past the kernel is counted by user space, and for a VF often by "
        "its PF (`ip -s link show dev PF`)",
    )
