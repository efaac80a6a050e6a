# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a VF has that is new, so that what somebody has set of it can be told. Pure."""

from __future__ import annotations

import typing as t

from ..model.attributes import DEFAULTS, VfAttributes
from ..model.mac import ZERO, is_infiniband
from .bypass_drivers import bypass_of
from .queues import driver_of

if t.TYPE_CHECKING:
    from ..model.host import Device, Pf

STARTS = {**DEFAULTS, "vlan": 0, "qos": 0, "trust": False}  # with every driver; see also VfSupport.starts


def starts_of(pf: Pf) -> dict[str, t.Any]:
    """Attributes of a new VF, as far as they are known; an address of its own it has none."""
    return {**STARTS, **driver_of(pf).vf_support.starts}


def set_attributes(pf: Pf, vf: Device) -> dict[str, t.Any]:
    """What somebody has set: not what a new VF starts with, nor an address that a driver made up."""
    starts = starts_of(pf)
    found = {word: value for word, value in (vf.attributes or VfAttributes()).words().items() if word != "mac"}
    found = {word: value for word, value in found.items() if word not in starts or value != starts[word]}
    mac = given_address(pf, vf)
    return {"mac": mac, **found} if mac else found


def given_address(pf: Pf, vf: Device) -> str | None:
    """The MAC address that the administrator has given a VF, as far as it can be told from one that its driver made up.

    The PF's driver tells either. But the kernel keeps the address that a driver found at its PF as the permanent one of
    the interface, and none for a random one (net/core/dev.c register_netdevice). Where another is told
    by now, the administrator has given it, unless the interface has it too: then its user has.
    """
    told = vf.attributes.mac if vf.attributes else None
    if told in (None, ZERO) or any(is_infiniband(netdev.mac) for netdev in pf.device.netdevs):
        return None
    bearer = next((netdev for netdev in vf.netdevs if netdev.mac == told), None)
    if bearer is None or bypass_of(vf):
        return told
    before = bearer.master.before if bearer.master else None  # a bond has given the port its own
    return before or bearer.perm_mac or None
