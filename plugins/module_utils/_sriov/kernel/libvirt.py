# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What libvirt's domains and networks want of PCI functions when they start: /etc/libvirt/qemu.

https://libvirt.org/formatdomain.html and https://libvirt.org/formatnetwork.html, <hostdev>, <interface type='hostdev'>
and 'direct', <forward mode='hostdev'>. A domain that runs has its functions open, which is seen in /proc.
"""

from __future__ import annotations

import typing as t

from ..model.holders import Claim
from ..model.paths import LIBVIRT

if t.TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .sysfs import Sysfs

LARGEST = 1 << 20  # bytes of a file
# Elements below whose <source> or in which the functions and interfaces are.
OF_DOMAINS = (".//hostdev/source", ".//interface[@type='hostdev']/source", ".//interface[@type='direct']/source")
OF_NETWORKS = ("./forward",)


class Libvirt:
    """Reads the files: its own commands may not be there, and would start it."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs

    def claims(self) -> list[Claim]:
        """Of all that are defined, whether they run or not."""
        places = ((LIBVIRT, "domain", OF_DOMAINS), (f"{LIBVIRT}/networks", "network", OF_NETWORKS))
        return [
            claim
            for folder, kind, elements in places
            for name in self._sysfs.names(folder)
            if name.endswith(".xml")
            for claim in self._claims(f"{folder}/{name}", kind, elements)
        ]

    def _claims(self, path: str, kind: str, elements: tuple[str, ...]) -> t.Iterator[Claim]:
        from xml.etree import ElementTree  # only here: most hosts have no such file, and reading it takes a while

        text = self._sysfs.read_bytes(path, LARGEST)
        try:
            root = ElementTree.fromstring(text)
        except (ElementTree.ParseError, ValueError):
            yield Claim(path)
            return
        owner = f"libvirt {kind} {root.findtext('name', '').strip() or path}"
        for element in (found for way in elements for found in root.findall(way)):
            yield from _wanted(owner, element)


def _wanted(owner: str, element: Element) -> t.Iterator[Claim]:
    for address in element.findall("address"):
        function = _pci_address(address)
        if function:
            yield Claim(owner, function=function)
    if element.get("dev"):
        yield Claim(owner, interface=element.get("dev"))
    for child in element.findall("interface"):
        yield Claim(owner, interface=child.get("dev"))
    for child in element.findall("pf"):
        yield Claim(owner, pf=child.get("dev"))


def _pci_address(address: Element) -> str | None:
    """Of four numbers, in hexadecimal or not; None for another bus."""
    if address.get("type", "pci") != "pci":
        return None
    try:
        numbers = [int(address.get(name, "0"), 0) for name in ("domain", "bus", "slot", "function")]
    except ValueError:
        return None
    return "{:04x}:{:02x}:{:02x}.{:x}".format(*numbers)
