# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options of flow rules to rules in their normal form."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

from .._sriov.errors import InvalidRequest
from .._sriov.model.desired import DesiredRules
from .._sriov.model.flow import DROP, decode_action, encode_action, flow_rule
from .._sriov.model.mac import parse_mac

if t.TYPE_CHECKING:
    from .._sriov.faults import Faults
    from .._sriov.model.flow import FlowRule

Params = t.Dict[str, t.Any]
Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

FLOW_TYPES = ("tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6", "ether")
PORTS = ("src_port", "dst_port")
ADDRESSES = ("src_ip", "dst_ip")
VLAN_MASK = 0x0FFF  # the id alone: a priority in the tag makes no other VLAN
DESTINATION = ("vf", "queue", "drop", "action")

RULE_OPTIONS: dict[str, dict[str, t.Any]] = {
    "flow_type": {"type": "str", "required": True, "choices": list(FLOW_TYPES)},
    "src_ip": {"type": "str"},
    "dst_ip": {"type": "str"},
    "src_port": {"type": "int"},
    "dst_port": {"type": "int"},
    "vlan": {"type": "int"},
    "proto": {"type": "int"},
    "src_mac": {"type": "str"},
    "dst_mac": {"type": "str"},
    "location": {"type": "int"},
    "vf": {"type": "int"},
    "queue": {"type": "int"},
    "drop": {"type": "bool"},
    "action": {"type": "int"},
}
RULES: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": RULE_OPTIONS,
    "mutually_exclusive": [("vf", "drop", "action"), ("queue", "drop", "action")],
}


def desired_rules(
    rules: list[Params], place: str, faults: Faults, absent: bool = False, exclusive: bool = False
) -> DesiredRules:
    """The rules that shall be there, or shall not. What no kernel takes is gathered, and left out.

    :param place: what stands before `rules` where the options are named: "pfs[0].".
    """
    names: list[str] = []
    made: list[FlowRule] = []
    for number, options in ((number, each) for number, each in enumerate(rules) if each is not None):
        name = f"{place}rules[{number}]"
        before = len(faults.found)
        with faults.gathered():
            rule = _rule(name, {**dict.fromkeys(RULE_OPTIONS), **options}, absent, faults)
            if len(faults.found) == before:
                names.append(name)
                made.append(rule)
    faults.add(*_twice(names, made))
    return DesiredRules(tuple(made), tuple(names), absent, exclusive)


def without_vfs(rules: DesiredRules) -> DesiredRules:
    """Beside no VFs: rules into some of them are left over from the time when there were."""
    pairs = list(zip(rules.names, rules.rules))
    leftover = tuple(rule for _name, rule in pairs if rule.into_vf)
    kept = [(name, rule) for name, rule in pairs if not rule.into_vf]
    names, left = tuple(name for name, _rule in kept), tuple(rule for _name, rule in kept)
    return replace(rules, rules=left, names=names, leftover=leftover)


def _twice(names: list[str], rules: list[FlowRule]) -> t.Iterator[InvalidRequest]:
    """Two rules for one flow or one location."""
    flows: dict[t.Any, tuple[str, FlowRule]] = {}
    places: dict[int, str] = {}
    for name, rule in zip(names, rules):
        first, other = flows.setdefault(rule.flow, (name, rule))
        if first != name:
            yield InvalidRequest(
                f"{name}: the same flow as {first}",
                why=f"{first}: {other}; {name}: {rule}",
                remedy="name each flow once",
            )
        if rule.location is not None and places.setdefault(rule.location, name) != name:
            yield InvalidRequest(
                f"{name}: location {rule.location} is also that of {places[rule.location]}",
                remedy="name each location once",
            )


def _rule(name: str, options: Params, absent: bool, faults: Faults) -> FlowRule:
    """:raises InvalidRequest: where it leads cannot be told; faults of its fields are gathered."""
    fields: dict[str, tuple[int, int]] = {}
    for field in (*ADDRESSES, *PORTS, "vlan", "proto", "src_mac", "dst_mac"):
        if options[field] is not None:
            with faults.gathered():
                field_name, value, mask = _field(name, field, options[field], options["flow_type"])
                fields[field_name] = (value, mask)
    location = options["location"]
    if location is not None and not 0 <= location < 1 << 31:
        why, remedy = "it is not between 0 and 2147483647", "leave it out, or give a number"
        faults.add(_invalid(name, "location", location, why, remedy))
    return flow_rule(options["flow_type"], fields, _cookie(name, options, absent), location)


def _cookie(name: str, options: Params, absent: bool) -> int | None:
    vf, queue, drop, action = (options[word] for word in DESTINATION)
    if drop:
        return DROP
    if action is not None:
        try:
            decode_action(action)
            return int(action) % (1 << 64)  # -1 is ethtool's word for drop
        except ValueError as error:
            raise _invalid(name, "action", action, str(error), "give vf and queue, queue, or drop") from None
    if vf is None and queue is None:
        if absent:
            return None
        raise InvalidRequest(f"{name}: where its frames shall go is not said", remedy="give vf, queue, drop or action")
    try:
        return encode_action(vf, queue or 0)
    except ValueError as error:
        word = "queue" if str(error).startswith("queue") else "vf"
        raise _invalid(name, word, options[word], str(error), "give one that the action can carry") from None


def _field(name: str, field: str, value: t.Any, flow_type: str) -> tuple[str, int, int]:
    if field in ADDRESSES:
        return _address(name, field, value, flow_type)
    if field in PORTS:
        if not flow_type.startswith(("tcp", "udp", "sctp")):
            raise _invalid(name, field, value, f"flow type {flow_type} has no ports", "use tcp4, udp4 or sctp4")
        return field, _within(name, field, value, 0, 65535), 0xFFFF
    if field == "vlan":
        return field, _within(name, field, value, 0, 4094), VLAN_MASK
    if field == "proto":
        if flow_type == "ether":
            return "ether_type", _within(name, field, value, 0, 65535), 0xFFFF
        if flow_type not in ("ip4", "ip6"):
            raise _invalid(name, field, value, f"flow type {flow_type} says it already", "use ip4, ip6 or ether")
        return field, _within(name, field, value, 0, 255), 0xFF
    if field == "src_mac" and flow_type != "ether":
        raise _invalid(name, field, value, f"flow type {flow_type} has none", "use ether")
    try:
        return field, int(parse_mac(value).replace(":", ""), 16), (1 << 48) - 1
    except ValueError:
        remedy = 'write it as in "02:00:00:00:00:01", in quotes'
        raise _invalid(name, field, repr(value), "it is no MAC address", remedy) from None


def _address(name: str, field: str, value: str, flow_type: str) -> tuple[str, int, int]:
    """An address, or a network in prefix notation: what an operator may have meant otherwise is not guessed at."""
    if flow_type == "ether":
        raise _invalid(name, field, value, "flow type ether has no IP addresses", "use ip4 or ip6")
    text, slash, length = value.partition("/")
    text, zone, _interface = text.partition("%")
    try:
        address = ipaddress.ip_address(text)
        prefix = _prefix(name, field, value, address, length) if slash else address.max_prefixlen
    except ValueError:
        raise _invalid(
            name, field, repr(value), "it is no IP address or network", 'write it as in "192.0.2.0/24"'
        ) from None
    if zone:
        raise _invalid(name, field, value, "no packet has the interface behind %", "leave out what begins with %")
    if str(address.version) != flow_type[-1]:
        raise _invalid(
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
        raise _invalid(name, field, value, f"{mask} is no prefix", 'write the length of one, as in "192.0.2.0/24"')
    host = "" if network.network_address == address else f", or {address} for the host alone"
    raise _invalid(name, field, value, f"mask {mask} is the prefix /{prefix}", f"write {network}{host}")


def _within(name: str, field: str, value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise _invalid(name, field, value, f"it is not between {least} and {most}", f"give {least} to {most}")
    return value


def _invalid(name: str, field: str, value: t.Any, why: str, remedy: str) -> InvalidRequest:
    return InvalidRequest(f"{name}.{field}: {value}", why=why, remedy=remedy)
