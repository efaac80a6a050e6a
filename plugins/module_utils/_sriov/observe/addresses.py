# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which MAC addresses the host has already, and whose they are."""

from __future__ import annotations

import typing as t

from ..errors import SriovError
from ..kernel.link import vf_attributes
from ..model.host import Address
from ..model.mac import MAC_ADDRESS, ZERO
from .names import describe
from .ports import is_representor

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

    Entry = t.Dict[str, t.Any]

KEEPS = ("bridge", "openvswitch", "vrf")  # a port of these keeps its own address


def host_addresses(kernel: Kernel, interfaces: list[Entry]) -> tuple[tuple[Address, ...], dict[str, str]]:
    """Of interfaces with a device behind them, and of the VFs of PFs, by the PFs' word.

    What is stacked on an interface (a bond, a bridge, a VLAN) has its address legitimately.

    :param interfaces: as Link.interfaces() gives them.
    :returns: the addresses; and the PFs whose word of their VFs cannot be read, by PCI address, with the reason.
    """
    unread: dict[str, str] = {}
    kinds = {entry["ifname"]: entry.get("linkinfo", {}).get("info_kind") for entry in interfaces}
    found: list[Address] = []
    for entry in interfaces:
        name = entry["ifname"]
        if not kernel.interfaces.has_device(name) or is_representor(entry):
            continue
        function = kernel.interfaces.function(name)
        is_vf = function is not None and kernel.pci.physfn(function) is not None
        label = f"{name} ({function})" if function else name
        shared = "master" in entry and kinds.get(entry["master"]) not in KEEPS
        found.append(Address(_own(kernel, entry, shared, is_vf), label, function))
        if function and kernel.pci.can_have_vfs(function):
            try:
                found += _of_vfs(kernel, entry, function)
            except SriovError as error:
                unread[function] = f"those of the VFs of {describe(kernel, function)}: {str(error).rstrip('.')}"
    return tuple(each for each in found if MAC_ADDRESS.fullmatch(each.mac) and each.mac != ZERO), unread


def _own(kernel: Kernel, entry: Entry, shared: bool, is_vf: bool) -> str:
    """The address that it has; of a port that has its bond's, that in the card; "" of a VF there, which has none."""
    if not shared:
        return str(entry.get("address", ""))
    return "" if is_vf else str(entry.get("permaddr") or kernel.ethtool.permanent_mac(entry["ifname"]) or "")


def _of_vfs(kernel: Kernel, entry: Entry, pf: str) -> list[Address]:
    reported = vf_attributes([entry])
    if not reported and kernel.pci.virtual_functions(pf):
        reported = kernel.link.vf_attributes(entry["ifname"])  # an old iproute2 tells of VFs here only
    label = describe(kernel, pf)
    return [
        Address(each.mac, f"VF {index} of {label}", kernel.pci.virtual_function(pf, index))
        for index, each in reported.items()
        if each.mac
    ]
