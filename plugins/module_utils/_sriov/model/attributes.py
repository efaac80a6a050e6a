# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a PF's driver enforces on a VF: `ip link show` and `ip link set dev PF vf N …`. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields, replace

# What a VF starts with: a driver that does not tell an attribute, or does not know it, has it so.
DEFAULTS: dict[str, t.Any] = {
    "min_tx_rate": 0,
    "max_tx_rate": 0,
    "link_state": "auto",
    "query_rss": False,
    "vlan_proto": "802.1Q",
}


@dataclass(frozen=True)
class VfAttributes:
    """Observed, None means that the driver does not tell; in a desired state, "leave as it is".

    Words and values are iproute2's; rates in Mbit/s, 0 for no limit; vlan 0 for none.
    """

    mac: str | None = None
    vlan: int | None = None
    qos: int | None = None
    vlan_proto: str | None = None  # 802.1Q | 802.1ad
    spoofchk: bool | None = None
    trust: bool | None = None
    min_tx_rate: int | None = None
    max_tx_rate: int | None = None
    link_state: str | None = None  # auto | enable | disable
    query_rss: bool | None = None

    def words(self) -> dict[str, t.Any]:
        """The attributes that are set, by name, in the order in which the kernel applies them."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in pairs if value is not None}

    def merged(self, desired: VfAttributes) -> VfAttributes:
        """These, with what a desired state sets."""
        return replace(self, **desired.words())

    def missing(self, observed: VfAttributes) -> VfAttributes:
        """The part of this desired state that the observed attributes do not meet."""
        met = [name for name, value in self.words().items() if getattr(observed, name) == value]
        return replace(self, **dict.fromkeys(met))


def parse_vf(entry: dict[str, t.Any]) -> VfAttributes:
    """One object of vfinfo_list in `ip -j -d link show` (iproute2, ip/ipaddress.c print_vfinfo).

    iproute2 before 5.3 says "mac" for "address"; an empty object in vlan_list is VLAN 0; what the driver does not
    report is not printed.
    """
    vlan = (entry.get("vlan_list") or [entry])[0]
    rate = entry.get("rate", {})
    return VfAttributes(
        mac=entry.get("address", entry.get("mac")),
        vlan=vlan.get("vlan", 0),
        qos=vlan.get("qos", 0),
        vlan_proto=vlan.get("protocol", "802.1Q"),
        spoofchk=entry.get("spoofchk"),
        trust=entry.get("trust"),
        min_tx_rate=rate.get("min_tx", 0),
        max_tx_rate=rate.get("max_tx", entry.get("tx_rate", 0)),
        link_state=entry.get("link_state"),
        query_rss=entry.get("query_rss_en"),
    )


def ip_words(vf: int, change: VfAttributes) -> list[str]:
    """What follows `ip link set dev PF`: VLAN, priority and protocol go together, so a change must have all of them."""
    words = ["vf", str(vf)]
    if change.mac is not None:
        words += ["mac", change.mac]
    if change.vlan is not None:
        words += ["vlan", str(change.vlan), "qos", str(change.qos or 0), "proto", change.vlan_proto or "802.1Q"]
    for name, value in (("max_tx_rate", change.max_tx_rate), ("min_tx_rate", change.min_tx_rate)):
        words += [] if value is None else [name, str(value)]
    words += [] if change.spoofchk is None else ["spoofchk", _switch(change.spoofchk)]
    words += [] if change.link_state is None else ["state", change.link_state]
    words += [] if change.query_rss is None else ["query_rss", _switch(change.query_rss)]
    return words + ([] if change.trust is None else ["trust", _switch(change.trust)])


def with_companions(change: VfAttributes, wanted: VfAttributes) -> VfAttributes:
    """A change with the attributes that iproute2 writes together: VLAN with priority and protocol, both rates.

    :param wanted: the attributes after the change, where they are known.
    """
    groups = (("vlan", "qos", "vlan_proto"), ("min_tx_rate", "max_tx_rate"))
    touched = [group for group in groups if any(getattr(change, name) is not None for name in group)]
    extra: dict[str, t.Any] = {name: getattr(wanted, name) for group in touched for name in group}
    return replace(change, **extra)


def attribute_words(change: VfAttributes, before: VfAttributes) -> str:
    """ "mac 02:00:00:00:00:01, trust on (was off)"; not what is only written along with others."""
    changed = change.missing(before).words()
    return ", ".join(_words(name, value, getattr(before, name)) for name, value in changed.items())


def _words(name: str, value: t.Any, before: t.Any) -> str:
    was = "" if before is None or before == value else f" (was {shown(before)})"
    return f"{name} {shown(value)}{was}"


def shown(value: t.Any) -> str:
    return _switch(value) if isinstance(value, bool) else str(value)


def _switch(value: bool) -> str:
    return "on" if value else "off"
