# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What `ip -j` prints, as lists of dictionaries whose parts have the types that are read; else Garbled.

iproute2 garbles its JSON where a part of it prints past the writer (ip6erspan tunnels, up to 5.9), and names may hold
what its writer does not escape: the kernel forbids only "/", ":" and white space in the name of an interface
(net/core/dev.c dev_valid_name). What other network namespaces hold, others have chosen.
"""

from __future__ import annotations

import json
import re
import typing as t

Entry = t.Dict[str, t.Any]

# Of an interface, and of its VFs; other parts nobody reads.
TYPES: dict[str, type] = {
    "ifindex": int,
    "ifname": str,
    "flags": list,
    "mtu": int,
    "min_mtu": int,
    "max_mtu": int,
    "address": str,
    "permaddr": str,
    "altnames": list,
    "addr_info": list,
    "linkinfo": dict,
    "xdp": dict,
    "vfinfo_list": list,
    "master": str,
    "link": str,
    "parentdev": str,
    "phys_port_name": str,
}
ROUTE_TYPES: dict[str, type] = {"dev": str, "nexthops": list}
ADDRESS_TYPES: dict[str, type] = {"local": str, "prefixlen": int, "scope": str}
VF_TYPES: dict[str, type] = {"vf": int, "vlan_list": list, "rate": dict}
ONCE = {*TYPES, *ROUTE_TYPES, *ADDRESS_TYPES, *VF_TYPES}
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Garbled(ValueError):
    """It is no JSON, or not what is expected of it; says why."""


def interfaces(text: str) -> list[Entry]:
    """`ip -j link show`, `ip -j address show`.

    :raises Garbled: a part that somebody reads is not as it should be.
    """
    return [_interface(entry) for entry in _entries(text)]


def routes(text: str) -> list[Entry]:
    """`ip -j route`.

    :raises Garbled: as interfaces().
    """
    found = [_typed(entry, ROUTE_TYPES) for entry in _entries(text)]
    return [{**route, "nexthops": _parts(route, "nexthops", {"dev": str})} for route in found]


def _entries(text: str) -> list[Entry]:
    """iproute2 prints an empty object for what it skips, and nothing at all for an empty list."""
    try:
        found = json.loads(_unescaped(text).strip() or "[]", object_pairs_hook=_object, strict=False)
    except (ValueError, RecursionError) as error:
        raise Garbled(str(error)) from None
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise Garbled("it is no list of objects")
    return [entry for entry in found if entry]


def _unescaped(text: str) -> str:
    """iproute2 (lib/json_writer.c jsonw_puts) escapes apostrophes, which JSON does not know."""
    return ESCAPED.sub(lambda match: "'" if match.group(1) == "'" else match.group(0), text)


def _object(pairs: list[tuple[str, t.Any]]) -> Entry:
    found: Entry = {}
    for key, value in pairs:
        if key in ONCE and found.get(key, value) != value:
            raise Garbled(f"{key} is there twice")
        found[key] = value
    return found


def _interface(entry: Entry) -> Entry:
    found = _typed(entry, TYPES)
    if not found.get("ifname"):
        raise Garbled("an interface has no name")
    for name in ("flags", "altnames"):
        if not all(isinstance(word, str) for word in found.get(name, ())):
            raise Garbled(f"{name} of {found['ifname']} are no words")
    if "addr_info" in found:
        found["addr_info"] = _parts(found, "addr_info", ADDRESS_TYPES)
        if any(part.get("scope") == "global" and not {"local", "prefixlen"} <= {*part} for part in found["addr_info"]):
            raise Garbled(f"an address of {found['ifname']} is missing")
    if "vfinfo_list" in found:
        found["vfinfo_list"] = [_vf(part) for part in _parts(found, "vfinfo_list", VF_TYPES)]
    return found


def _vf(entry: Entry) -> Entry:
    return {**entry, "vlan_list": _parts(entry, "vlan_list", {})} if "vlan_list" in entry else entry


def _parts(entry: Entry, name: str, types: t.Mapping[str, type]) -> list[Entry]:
    parts = entry.get(name, [])
    if not all(isinstance(part, dict) for part in parts):
        raise Garbled(f"{name} is no list of objects")
    return [_typed(part, types) for part in parts]


def _typed(entry: Entry, types: t.Mapping[str, type]) -> Entry:
    """What is null is left out."""
    found = {name: value for name, value in entry.items() if value is not None}
    for name, kind in types.items():
        if name in found and (not isinstance(found[name], kind) or isinstance(found[name], bool)):
            raise Garbled(f"{name} is {str(found[name])[:40]!r}")
    return found
