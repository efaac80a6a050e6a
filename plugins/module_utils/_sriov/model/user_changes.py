# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What the user of a VF has changed on it, which is no drift of what an operator has set. Pure.

A bond gives its address and its MTU to its ports; macvtap in mode passthru gives its guest's address to the interface
below it; a program that drives a trusted VF may take another. Where the VF is trusted, the PF's driver takes the new
address over and tells it as the VF's (ixgbe_sriov.c ixgbe_set_vf_mac, igb_main.c igb_set_vf_mac, i40e_virtchnl_pf.c
i40e_vc_add_mac_addr_msg): the PF's word does not tell who has set it. The permanent address of the VF's interface does:
it is the one that its driver found when it was loaded. ixgbevf and igbvf take the PF's word for it at each reset,
though (ixgbevf_reset), so of a port of a bond the address that it had before counts (drivers/net/bonding/bond_netlink.c
IFLA_BOND_SLAVE_PERM_HWADDR); where nothing tells that (team), the address of what it is a port of is believed.
"""

from __future__ import annotations

import typing as t

from .desired import DEFAULT
from .holders import MASTER, NETNS, PROCESS, UPPER, VFIO

if t.TYPE_CHECKING:
    from .desired import DesiredVf
    from .host import Device

GIVES_ITS_OWN = ("bond", "team")  # address and MTU, to its ports; a bridge takes theirs


def has_own_mac(vf: Device, desired: DesiredVf) -> bool:
    """Whether the VF's user has given it another address than the desired one, which it had before, and may keep it.

    One that shall not be trusted may not: the next look would not tell whose the address is.
    """
    mac, trusted = desired.attributes.mac, _is_trusted(vf) and desired.attributes.trust is not False
    if mac is None or not _stays(vf, desired):
        return False
    netdev = vf.netdev or vf.away
    if netdev is None:
        return trusted and is_driven_by_program(vf) and bool(vf.attributes and vf.attributes.mac != mac)
    if netdev.mac == mac:
        return False
    if netdev.master and netdev.master.before:
        return netdev.master.before == mac
    used = any(holder.kind in (MASTER, NETNS, UPPER) for holder in vf.holders)
    return (netdev.perm_mac == mac and (trusted or used)) or _is_of_master(vf, "mac")


def has_own_mtu(vf: Device, desired: DesiredVf) -> bool:
    """Whether it has the MTU of its bond."""
    return desired.mtu is not None and _stays(vf, desired) and _is_of_master(vf, "mtu")


def is_driven_by_program(vf: Device) -> bool:
    """Whether a program has the VF, and may give it any address: which it has had before, nothing tells."""
    is_open = any(holder.kind in (VFIO, PROCESS) for holder in vf.holders)
    return not (vf.netdev or vf.away) and is_open and _is_trusted(vf)


def _is_trusted(vf: Device) -> bool:
    return bool(vf.attributes and vf.attributes.trust)


def _stays(vf: Device, desired: DesiredVf) -> bool:
    """Another driver takes it from its user, and what that has changed goes with it."""
    target = vf.default_driver if desired.driver == DEFAULT else desired.driver
    return desired.driver is None or target == vf.driver


def _is_of_master(vf: Device, word: str) -> bool:
    master = vf.netdev.master if vf.netdev else None
    return bool(master and master.kind in GIVES_ITS_OWN and getattr(vf.netdev, word) == getattr(master, word))
