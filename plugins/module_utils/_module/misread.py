# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Names and addresses that YAML has read as a number, or as true or false, since they stand without quotes. Pure."""

from __future__ import annotations

import math
import typing as t

from .._sriov.errors import InvalidRequest
from .words import shown

DECIMAL_MAC, OCTAL_MAC = (10**11, 10**12), (8**9, 8**11)  # twelve digits; those that begin with 0 are octal


def pci_addresses(value: float) -> list[str]:
    """What may have been written: YAML 1.1 reads digits between colons in base 60, 0000:18:00.1 as 1080.1."""
    if isinstance(value, int) or not math.isfinite(value) or value < 0:
        return []
    rest, slot = divmod(value, 60)
    device, function = int(slot + 0.05), round(slot % 1 * 10) % 10
    domain, bus = divmod(int(rest), 60)
    if device > 19 or function > 7 or domain > 9999 or not _near(value, int(rest) * 60 + device + function / 10):
        return []
    short = [f"{int(rest)}:{device:02}.{function}"] if domain and rest < 100 else []
    return [f"{domain:04}:{bus:02}:{device:02}.{function}", *short]


def mac_addresses(value: float) -> list[str]:
    """What may have been written: 10:20:30:40:50:11 is in base 60, 020000000001 in base 8."""
    if not isinstance(value, int):
        return []
    groups = [value // 60**place % 60 for place in range(4, -1, -1)]
    first = value // 60**5
    found = [":".join(f"{group:02}" for group in (first, *groups))] if 10 <= first <= 99 else []
    found += [f"{value:012o}"] if OCTAL_MAC[0] <= value < OCTAL_MAC[1] else []
    return found + ([str(value)] if DECIMAL_MAC[0] <= value < DECIMAL_MAC[1] else [])


def _near(one: float, other: float) -> bool:
    return abs(one - other) < 1e-6


def _pf(value: float) -> list[str]:
    return pci_addresses(value) + mac_addresses(value)


# Options that are names or addresses, also as a list of them, and what a number given for one may have been.
NAMES: dict[str, t.Callable[[float], list[str]]] = {
    "pf": _pf,
    "devices": pci_addresses,
    "hash_key": lambda _value: [],
    **dict.fromkeys(("mac", "src_mac", "dst_mac"), mac_addresses),
}


def misread(place: str, name: str, value: t.Any) -> list[InvalidRequest]:
    """The faults of one option's value.

    :param place: of the option.
    :param name: its own.
    """
    if name not in NAMES:
        return []
    entries = [(f"{place}[{n}]", each) for n, each in enumerate(value)] if isinstance(value, list) else [(place, value)]
    return [_fault(where, each, NAMES[name]) for where, each in entries if isinstance(each, (int, float))]


def _fault(place: str, value: float, written: t.Callable[[float], list[str]]) -> InvalidRequest:
    remedy = "write it in quotes"
    if isinstance(value, bool):
        what = f"{place}: {shown(value)}, where a name or an address is expected"
        return InvalidRequest(
            what, why="YAML reads on, off, yes and no without quotes as true and false", remedy=remedy
        )
    found = " or ".join(written(value))
    if not found:
        what = f"{place}: {shown(value)} is a number, where a name or an address is expected"
        return InvalidRequest(what, remedy=remedy)
    why = f"YAML reads {found} without quotes as one"
    return InvalidRequest(f"{place}: {shown(value)} is a number", why=why, remedy=remedy)
