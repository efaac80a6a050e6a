# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options of flow rules to rules in their normal form."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .._sriov.errors import InvalidRequest
from .._sriov.model.desired import DesiredRules
from .._sriov.model.flow import DROP, decode_action, encode_action, flow_rule
from .rule_fields import FIELD_OPTIONS, invalid, rule_fields

if t.TYPE_CHECKING:
    from .._sriov.faults import Faults
    from .._sriov.model.flow import FlowRule

Params = t.Dict[str, t.Any]

FLOW_TYPES = ("tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6", "ether")
DESTINATION = ("vf", "queue", "drop", "action", "context")
MOST_CONTEXT = (1 << 32) - 2  # one more means a new one (ETH_RXFH_CONTEXT_ALLOC)

RULE_OPTIONS: dict[str, dict[str, t.Any]] = {
    "flow_type": {"type": "str", "required": True, "choices": list(FLOW_TYPES)},
    **FIELD_OPTIONS,
    "masks": {"type": "dict", "options": FIELD_OPTIONS},
    "location": {"type": "int"},
    "vf": {"type": "int"},
    "queue": {"type": "int"},
    "drop": {"type": "bool"},
    "action": {"type": "int"},
    "context": {"type": "int"},
}
RULES: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": RULE_OPTIONS,
    "mutually_exclusive": [
        ("vf", "drop", "action"),
        ("queue", "drop", "action"),
        *((other, "context") for other in ("vf", "drop", "action")),
    ],
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
    fields = rule_fields(name, options, faults)
    location = options["location"]
    if location is not None and not 0 <= location < 1 << 31:
        why, remedy = "it is not between 0 and 2147483647", "leave it out, or give a number"
        faults.add(invalid(name, "location", location, why, remedy))
    context = options["context"]
    if context is not None and not 0 <= context <= MOST_CONTEXT:
        faults.add(
            invalid(name, "context", context, f"it is not between 0 and {MOST_CONTEXT}", "give the number that it has")
        )
    return flow_rule(options["flow_type"], fields, _cookie(name, options, absent), location, context)


def _cookie(name: str, options: Params, absent: bool) -> int | None:
    vf, queue, drop, action, context = (options[word] for word in DESTINATION)
    if drop:
        return DROP
    if action is not None:
        try:
            decode_action(action)
            return int(action) % (1 << 64)  # -1 is ethtool's word for drop
        except ValueError as error:
            raise invalid(name, "action", action, str(error), "give vf and queue, queue, or drop") from None
    if vf is None and queue is None and context is None:
        if absent:
            return None
        remedy = "give vf, queue, drop, action or context"
        raise InvalidRequest(f"{name}: where its frames shall go is not said", remedy=remedy)
    try:
        return encode_action(vf, queue or 0)
    except ValueError as error:
        word = "queue" if str(error).startswith("queue") else "vf"
        raise invalid(name, word, options[word], str(error), "give one that the action can carry") from None
