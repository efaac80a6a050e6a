# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Interfaces of a PCI function as the model has them."""

from __future__ import annotations

import typing as t

from ..model.host import Master, Netdev
from .ports import is_own

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

    Entry = t.Dict[str, t.Any]

XDP_SKB = 2  # include/uapi/linux/if_link.h XDP_ATTACHED_SKB


def netdevs_of(kernel: Kernel, interfaces: list[Entry], address: str) -> tuple[Netdev, ...]:
    """Those of a function in this network namespace, but for what stands for something else (representors).

    :param interfaces: as Link.interfaces() gives them.
    """
    names = kernel.pci.interfaces(address)
    own = (entry for entry in interfaces if entry["ifname"] in names and is_own(entry))
    return tuple(_netdev(kernel, interfaces, entry) for entry in own)


def _netdev(kernel: Kernel, interfaces: list[Entry], entry: Entry) -> Netdev:
    name, flags, mac = entry["ifname"], entry.get("flags", []), entry.get("address", "")
    return Netdev(
        name=name,
        ifindex=entry.get("ifindex", 0),
        mac=mac,
        perm_mac=str(entry.get("permaddr", mac)),
        altnames=tuple(entry.get("altnames", ())),
        up="UP" in flags,
        carrier="LOWER_UP" in flags,
        mtu=entry.get("mtu", 0),
        xdp=entry.get("xdp", {}).get("mode", XDP_SKB) != XDP_SKB,
        xdp_generic=entry.get("xdp", {}).get("mode") == XDP_SKB,
        xdp_number=_program(entry).get("id", 0),
        xdp_name=_program(entry).get("name", ""),
        num_tc=kernel.interfaces.traffic_classes(name),
        min_mtu=entry.get("min_mtu", 0),
        max_mtu=entry.get("max_mtu", 0),
        master=_master(interfaces, entry),
    )


def _program(entry: Entry) -> Entry:
    return entry.get("xdp", {}).get("prog") or {}


def _master(interfaces: list[Entry], entry: Entry) -> Master | None:
    found = next((each for each in interfaces if each["ifname"] == entry.get("master", "")), None)
    if found is None:
        return None
    kind = found.get("linkinfo", {}).get("info_kind", "")
    before = entry.get("linkinfo", {}).get("info_slave_data", {}).get("perm_hwaddr")
    return Master(kind, found.get("address", ""), found.get("mtu", 0), before)
