# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""From what an operator writes to the devices that are meant."""

from __future__ import annotations

import re
import typing as t

from ..errors import DeviceNotFound, InvalidRequest, NotSupported
from .host import PCI_DEVICES, virtual_functions

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

PCI_ADDRESS = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
MAC_ADDRESS = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


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
    if not kernel.sysfs.exists(f"{PCI_DEVICES}/{address}"):
        raise DeviceNotFound(
            f"devices: there is no PCI device {address} on this host",
            remedy="`ls /sys/bus/pci/devices` lists them; a VF is there only after its PF has created it",
        )
    return address


def find_pf(kernel: Kernel, text: str) -> str:
    """The address of the PF that a netdev name, an altname, a MAC or a PCI address means.

    :raises DeviceNotFound: nothing answers to it.
    :raises InvalidRequest: it is a VF, or more than one device answers to it.
    :raises NotSupported: the device cannot have VFs.
    """
    candidates = sorted(_candidates(kernel, text))
    pfs = [address for address in candidates if kernel.sysfs.exists(f"{PCI_DEVICES}/{address}/sriov_numvfs")]
    if len(pfs) == 1:
        return pfs[0]
    if len(pfs) > 1:
        raise InvalidRequest(
            f"pf: {text!r} means more than one device", why=", ".join(pfs), remedy="name it by PCI address"
        )
    if not candidates:
        raise DeviceNotFound(
            f"pf: nothing on this host is called {text!r}",
            why=f"its SR-IOV devices are {', '.join(_all_pfs(kernel)) or 'none'}",
            remedy="name a PF by interface name, altname, MAC or PCI address",
        )
    raise _not_a_pf(kernel, text, candidates[0])


def _not_a_pf(kernel: Kernel, text: str, address: str) -> InvalidRequest | NotSupported:
    physfn = kernel.sysfs.link_name(f"{PCI_DEVICES}/{address}/physfn")
    if physfn:
        index = virtual_functions(kernel.sysfs, physfn).get(address)
        return InvalidRequest(
            f"pf: {text!r} is a VF, not a PF",
            why=f"{address} is VF {index} of {describe(kernel, physfn)}",
            remedy=f"name its PF: pf: {physfn}",
        )
    return NotSupported(
        f"pf: {text!r} ({address}) cannot have VFs",
        why="it has no SR-IOV capability in PCI configuration space (no sriov_totalvfs)",
        remedy="name a PF of an SR-IOV NIC; if it is one, turn SR-IOV on in the firmware setup of host and NIC",
    )


def describe(kernel: Kernel, address: str) -> str:
    """ "enp1s0 (0000:01:00.0)"."""
    names = kernel.sysfs.names(f"{PCI_DEVICES}/{address}/net")
    return f"{names[0]} ({address})" if names else address


def _candidates(kernel: Kernel, text: str) -> set[str]:
    address = pci_address(text)
    if address:
        return {address} if kernel.sysfs.exists(f"{PCI_DEVICES}/{address}") else set()
    entries = [(entry, _behind(kernel, entry["ifname"])) for entry in kernel.link.interfaces()]
    return named([(entry, device) for entry, device in entries if device], text.strip())


def _behind(kernel: Kernel, interface: str) -> str | None:
    """The PCI device of an interface; None for a bond, a VLAN, a virtio NIC."""
    device = kernel.sysfs.link_name(f"/sys/class/net/{interface}/device")
    return device if device and kernel.sysfs.exists(f"{PCI_DEVICES}/{device}") else None


def named(entries: list[tuple[dict[str, t.Any], str]], text: str) -> set[str]:
    """Devices by interface name or altname; by MAC the permanent one first, as the ports of a bond share the other."""
    if MAC_ADDRESS.fullmatch(text.lower()):
        permanent = {device for e, device in entries if e.get("permaddr", e.get("address")) == text.lower()}
        return permanent or {device for e, device in entries if e.get("address") == text.lower()}
    return {device for e, device in entries if text in (e["ifname"], *e.get("altnames", ()))}


def _all_pfs(kernel: Kernel) -> list[str]:
    addresses = kernel.sysfs.names(PCI_DEVICES)
    return [describe(kernel, a) for a in addresses if kernel.sysfs.exists(f"{PCI_DEVICES}/{a}/sriov_numvfs")]
