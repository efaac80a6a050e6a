# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a flow rule matches: options of its fields, and of their masks, to values and masks as the kernel has them."""

from __future__ import annotations

import ipaddress
import typing as t

from .._sriov.errors import InvalidRequest
from .._sriov.model.flow import VLAN_ID, field_bits, is_prefix, number_words
from .._sriov.model.mac import parse_mac

if t.TYPE_CHECKING:
    from .._sriov.faults import Faults

Params = t.Dict[str, t.Any]
Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

PORTS = ("src_port", "dst_port")
ADDRESSES = ("src_ip", "dst_ip")
MACS = ("src_mac", "dst_mac")
FIELD_OPTIONS: dict[str, dict[str, t.Any]] = {
    "src_ip": {"type": "str"},
    "dst_ip": {"type": "str"},
    "src_port": {"type": "int"},
    "dst_port": {"type": "int"},
    "vlan": {"type": "int"},
    "proto": {"type": "int"},
    "src_mac": {"type": "str"},
    "dst_mac": {"type": "str"},
}


def rule_fields(name: str, options: Params, faults: Faults) -> dict[str, tuple[int, int]]:
    """Field -> (value, mask), without those of which something is wrong: that is gathered.

    :param name: how the options call the rule: "rules[0]".
    """
    masks = {field: mask for field, mask in (options["masks"] or {}).items() if mask is not None}
    fields: dict[str, tuple[int, int]] = {}
    for field in FIELD_OPTIONS:
        given, masked = options[field], field in masks
        if masked and given is None:
            remedy = f"give {field} too, or leave out its mask"
            faults.add(InvalidRequest(f"{name}.masks.{field}: without {field}", remedy=remedy))
        if given is None:
            continue
        with faults.gathered():
            found, value, mask = _field(name, field, given, options["flow_type"], masked)
            if masked:
                mask = _mask(name, field, masks[field], (options["flow_type"], found, given, value))
            fields[found] = (value, mask)
    return fields


def _mask(name: str, field: str, given: t.Any, masked: tuple[str, str, t.Any, int]) -> int:
    """The bits of a field that must match: 1 where one does.

    :param masked: the flow type, the field as the kernel calls it, its value as given and as a number.
    :raises InvalidRequest: it is none, says what can be said without it, or leaves out a bit of the value.
    """
    flow_type, found, text, value = masked
    place, bits = f"{name}.masks", field_bits(flow_type, found)
    mask = _mask_number(place, field, given, flow_type)
    if not 0 <= mask < 1 << bits:
        most = number_words(flow_type, found, (1 << bits) - 1, hexadecimal=True)
        raise invalid(place, field, given, f"{field} has {bits} bits", f"give at most {most}")
    if not mask:
        raise invalid(place, field, given, "no bit would have to match", f"leave out {field} and its mask")
    if field in ADDRESSES and "/" in text:
        raise invalid(place, field, given, f"{text} is a network, which says its mask", "leave out one of them")
    if field in ADDRESSES and is_prefix(mask, bits):
        prefix = bin(mask).count("1")
        remedy = f"write {field}: {text}/{prefix} without a mask" if prefix < bits else "leave out the mask"
        raise invalid(place, field, given, f"it is the prefix /{prefix}", remedy)
    if value & ~mask:
        words, left = (number_words(flow_type, found, number, hexadecimal=True) for number in (mask, value & mask))
        raise invalid(name, field, text, f"bits outside of its mask {words} are set", f"write {left}, or another mask")
    return mask


def _mask_number(place: str, field: str, given: t.Any, flow_type: str) -> int:
    if field in MACS:
        return _mac(place, field, given, "mask")
    if field not in ADDRESSES:
        return int(given)
    example = "0.0.0.3" if flow_type.endswith("4") else "::3"
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        why, remedy = "it is no mask in the form of an address", f'write it as in "{example}"'
        raise invalid(place, field, repr(given), why, remedy) from None
    if str(address.version) != flow_type[-1]:
        why = f"it is a mask of IPv{address.version}, and flow type {flow_type} is not"
        raise invalid(place, field, given, why, f'write it as in "{example}"')
    return int(address)


def _field(name: str, field: str, value: t.Any, flow_type: str, masked: bool) -> tuple[str, int, int]:
    """A field as the kernel calls it, its value, and the mask that it has where none is given.

    :param masked: one is given.
    """
    if field in ADDRESSES:
        return _address(name, field, value, flow_type)
    if field in PORTS:
        if not flow_type.startswith(("tcp", "udp", "sctp")):
            raise invalid(name, field, value, f"flow type {flow_type} has no ports", "use tcp4, udp4 or sctp4")
        return field, _within(name, field, value, 0, 65535), 0xFFFF
    if field == "vlan":
        return field, _within(name, field, value, 0, 0xFFFF if masked else 4094), VLAN_ID
    if field == "proto":
        if flow_type == "ether":
            return "ether_type", _within(name, field, value, 0, 65535), 0xFFFF
        if flow_type not in ("ip4", "ip6"):
            raise invalid(name, field, value, f"flow type {flow_type} says it already", "use ip4, ip6 or ether")
        return field, _within(name, field, value, 0, 255), 0xFF
    if field == "src_mac" and flow_type != "ether":
        raise invalid(name, field, value, f"flow type {flow_type} has none", "use ether")
    return field, _mac(name, field, value), (1 << 48) - 1


def _mac(place: str, field: str, value: str, noun: str = "MAC address") -> int:
    try:
        return int(parse_mac(value).replace(":", ""), 16)
    except ValueError:
        example = "02:00:00:00:00:01" if noun == "MAC address" else "ff:ff:ff:00:00:00"
        remedy = f'write it as in "{example}", in quotes'
        raise invalid(place, field, repr(value), f"it is no {noun}", remedy) from None


def _address(name: str, field: str, value: str, flow_type: str) -> tuple[str, int, int]:
    """An address, or a network in prefix notation: what an operator may have meant otherwise is not guessed at."""
    if flow_type == "ether":
        raise invalid(name, field, value, "flow type ether has no IP addresses", "use ip4 or ip6")
    text, slash, length = value.partition("/")
    text, zone, _interface = text.partition("%")
    try:
        address = ipaddress.ip_address(text)
        prefix = _prefix(name, field, value, address, length) if slash else address.max_prefixlen
    except ValueError:
        raise invalid(
            name, field, repr(value), "it is no IP address or network", 'write it as in "192.0.2.0/24"'
        ) from None
    if zone:
        raise invalid(name, field, value, "no packet has the interface behind %", "leave out what begins with %")
    if str(address.version) != flow_type[-1]:
        raise invalid(
            name,
            field,
            value,
            f"it is IPv{address.version}, and flow type {flow_type} is not",
            "use the other flow type",
        )
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    if network.network_address != address:
        raise InvalidRequest(
            f"{name}.{field}: {value} has host bits set",
            why=f"{network} is the network, {address} the host",
            remedy="write the one that is meant",
        )
    return field, int(address), int(network.netmask)


def _prefix(name: str, field: str, value: str, address: Address, length: str) -> int:
    """How many bits of an address count.

    ipaddress would take masks as well, netmasks and their opposites, and some for the one that are the other.

    :raises InvalidRequest: it is a mask; with what says the same as a prefix, if anything does.
    :raises ValueError: it is no length of a prefix.
    """
    if length.isascii() and length.isdigit() and int(length) <= address.max_prefixlen:
        return int(length)
    mask = ipaddress.ip_address(length)
    if mask.version != address.version:
        raise ValueError(length)
    prefix = bin(int(mask)).count("1")
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    if mask != network.netmask:
        raise invalid(name, field, value, f"{mask} is no prefix", 'write the length of one, as in "192.0.2.0/24"')
    host = "" if network.network_address == address else f", or {address} for the host alone"
    raise invalid(name, field, value, f"mask {mask} is the prefix /{prefix}", f"write {network}{host}")


def _within(name: str, field: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise invalid(name, field, value, f"it is not between {least} and {most}", f"give {least} to {most}")
    return value


def invalid(name: str, field: str, value: t.Any, why: str, remedy: str) -> InvalidRequest:
    return InvalidRequest(f"{name}.{field}: {value}", why=why, remedy=remedy)
