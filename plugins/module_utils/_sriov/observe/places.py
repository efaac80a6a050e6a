# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Where the interface of a function is that has none in our network namespace."""

from __future__ import annotations

import typing as t

from ..knowledge.bypass_drivers import WITHOUT_INTERFACE
from ..model.holders import UNPLACED, Holder
from ..model.host import Netdev

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from .holders import Users

NOT_SEEN = Holder(
    UNPLACED, "its interface is not in this network namespace, and not every other one could be looked at"
)


class Place(t.NamedTuple):
    """:param holders: whoever has the interface.
    :param away: the interface in another namespace.
    :param orphan: it is in no network namespace, though it should be.
    """

    holders: tuple[Holder, ...] = ()
    away: Netdev | None = None
    orphan: bool = False


class Places:
    """Looks into the other network namespaces once, and only if asked for a function whose interface may be there."""

    def __init__(self, kernel: Kernel, users: Users) -> None:
        self._kernel = kernel
        self._users = users

    def of(self, address: str, driver: str | None, vfio: bool, is_vf: bool) -> Place:
        """:param address: of a function without an interface in our network namespace."""
        pci = self._kernel.pci
        if driver is None or driver in WITHOUT_INTERFACE or vfio or not pci.is_ethernet(address):
            return Place()
        if pci.is_given_away(address) or pci.virtio_interfaces(address) or self._users.has_vdpa(address):
            return Place()
        others = self._users.elsewhere
        if address in others.holders:
            return Place(tuple(others.holders[address]), _netdev(others.interfaces[address]))
        if not others.whole:
            return Place((NOT_SEEN,))
        return Place(orphan=is_vf and not pci.has_other_parts(address))


def _netdev(entry: dict[str, t.Any]) -> Netdev:
    """Of one in another namespace: what the kernel tells there, and not /sys, which has the interfaces of ours."""
    mac = entry.get("address", "")
    return Netdev(entry["ifname"], entry.get("ifindex", 0), mac, entry.get("permaddr", mac))
