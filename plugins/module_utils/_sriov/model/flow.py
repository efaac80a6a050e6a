# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Flow rules (ethtool's ntuple): what they match and where they send. Pure, and the same on controller and host.

include/uapi/linux/ethtool.h: a rule's action is a 64-bit "ring cookie", whose low 32 bits are a queue inside a function
and whose bits 39:32 name the function: 0 the PF, N + 1 its VF N (ETHTOOL_RX_FLOW_SPEC_RING_VF).
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address

if t.TYPE_CHECKING:
    from collections.abc import Mapping

DROP = (1 << 64) - 1  # RX_CLS_FLOW_DISC, `action -1`
WAKE = (1 << 64) - 2  # RX_CLS_FLOW_WAKE, `action -2`
VF_SHIFT = 32
MAX_VF = 254  # VF N is N + 1 in eight bits; 255 would wrap round to the PF
MAX_QUEUE = (1 << 32) - 1
VLAN_ID = 0x0FFF  # of a VLAN tag the id alone: a priority makes no other VLAN

Match = t.Tuple[str, int, int]
"""A field, its value and its mask: bits that are 1 must match, as in the kernel (ethtool(8) inverts them)."""

# The words of ethtool(8), in the order in which it prints them.
ETHTOOL_WORDS = {
    "src_ip": "src-ip",
    "dst_ip": "dst-ip",
    "tos": "tos",
    "tclass": "tclass",
    "proto": "l4proto",
    "src_port": "src-port",
    "dst_port": "dst-port",
    "spi": "spi",
    "l4_bytes": "l4data",
    "src_mac": "src",
    "dst_mac": "dst-mac",
    "ether_type": "proto",
    "vlan_etype": "vlan-etype",
    "vlan": "vlan",
    "user_def": "user-def",
}
FIELD_ORDER = {name: number for number, name in enumerate(ETHTOOL_WORDS)}
# One rule has two names: ixgbe gives "ip4 l4proto 6" back as "tcp4" (ixgbe_ethtool.c ixgbe_flowspec_to_flow_type).
L4_PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}


class Destination(t.NamedTuple):
    """Where a rule sends its frames, decoded from its cookie."""

    kind: str  # "queue" (of the PF) | "vf" | "drop" | "wake"
    vf: int | None = None
    queue: int | None = None

    def __str__(self) -> str:
        if self.kind == "vf":
            return f"VF {self.vf} queue {self.queue}"
        return f"queue {self.queue}" if self.kind == "queue" else {"drop": "drop", "wake": "wake-on-LAN"}[self.kind]


def encode_action(vf: int | None, queue: int = 0) -> int:
    """The 64-bit action: (VF 0, queue 0) is 4294967296; None for the VF means the PF.

    :raises ValueError: a VF outside 0 to 254 or a queue outside 0 to 2^32 - 1.
    """
    if not 0 <= queue <= MAX_QUEUE:
        raise ValueError(f"queue {queue} is not between 0 and {MAX_QUEUE}")
    if vf is None:
        return queue
    if not 0 <= vf <= MAX_VF:
        raise ValueError(f"VF {vf} is not between 0 and {MAX_VF}")
    return (vf + 1) << VF_SHIFT | queue


def decode_action(cookie: int) -> Destination:
    """What a 64-bit action means; -1, ethtool's word for drop, is as good as 2^64 - 1.

    :raises ValueError: bits 63:40 are set, which no driver reads, or it is no 64-bit number.
    """
    if cookie in (-1, DROP):
        return Destination("drop")
    if cookie in (-2, WAKE):
        return Destination("wake")
    if not 0 <= cookie < 1 << 40:
        raise ValueError(f"{cookie} sets bits above the VF's (39:32): no driver reads them")
    vf, queue = (cookie >> VF_SHIFT) - 1, cookie & MAX_QUEUE
    return Destination("queue", None, queue) if vf < 0 else Destination("vf", vf, queue)


@dataclass(frozen=True)
class FlowRule:
    """A rule in its one normal form: made by flow_rule(), compared by flow and target.

    :param match: fields in the order of ETHTOOL_WORDS, values masked, fields with an empty mask left out.
    :param cookie: the action; None in a desired state that removes the flow wherever it goes.
    :param location: None in a desired state that leaves the place to us.
    :param context: number of the RSS context that spreads the frames (FLOW_RSS), 0 being the PF's own RSS table; the
        queue of the cookie, mostly 0, is added to those of its table.
    """

    flow_type: str
    match: tuple[Match, ...] = ()
    cookie: int | None = None
    location: int | None = None
    context: int | None = None

    @property
    def flow(self) -> tuple[str, tuple[Match, ...]]:
        """What is matched: two rules of one flow contradict or repeat each other."""
        return self.flow_type, self.match

    @property
    def target(self) -> tuple[int | None, int | None]:
        """All that says where it leads: two rules for one flow contradict each other by it."""
        return self.cookie, self.context

    @property
    def destination(self) -> Destination | None:
        """None where the cookie is none that can be read."""
        try:
            return None if self.cookie is None else decode_action(self.cookie)
        except ValueError:
            return None

    @property
    def is_wide(self) -> bool:
        """Whether it matches every frame of its kind: it names a protocol at most."""
        return all(name in ("proto", "ether_type") for name, _value, _mask in self.match)

    @property
    def into_vf(self) -> bool:
        return self.destination is not None and self.destination.vf is not None

    def equals(self, other: FlowRule) -> bool:
        """The same frames to the same place, whatever the locations."""
        return (self.flow, self.target) == (other.flow, other.target)

    def at(self, location: int | None) -> FlowRule:
        return replace(self, location=location)

    def __str__(self) -> str:
        """ "tcp4 dst-ip 192.0.2.1 dst-port 80 to VF 0 queue 0", "udp4 dst-port 53 to RSS context 1"."""
        if self.cookie in (None, DROP):  # a context leads nowhere then, and is a part of the rule all the same
            drop = "" if self.cookie is None else " drop"
            return f"{flow_words(self)}{drop}" + ("" if self.context is None else f", RSS context {self.context}")
        place = self.destination or f"action {self.cookie}"
        if self.context is not None:
            place = f"RSS context {self.context}" if not self.cookie else f"{place} of RSS context {self.context}"
        return f"{flow_words(self)} to {place}"


def flow_rule(
    flow_type: str,
    fields: Mapping[str, tuple[int, int]],
    cookie: int | None = None,
    location: int | None = None,
    context: int | None = None,
) -> FlowRule:
    """A rule in its normal form.

    :param fields: name -> (value, mask); the kernel ignores value bits outside the mask, and ixgbe clears them.
    """
    masked = {name: (value & mask, mask) for name, (value, mask) in fields.items() if mask}
    l4 = L4_PROTOCOLS.get(masked.get("proto", (0, 0))[0]) if masked.get("proto", (0, 0))[1] == 0xFF else None
    if l4 and flow_type in ("ip4", "ip6") and "l4_bytes" not in masked:
        del masked["proto"]
        flow_type = l4 + flow_type[-1]
    match = tuple((name, *masked[name]) for name in sorted(masked, key=FIELD_ORDER.__getitem__))
    return FlowRule(flow_type, match, cookie, location, context)


def flow_words(rule: FlowRule) -> str:
    """The flow as ethtool(8) takes it: "tcp4 dst-ip 192.0.2.1 dst-port 80"; masks inverted, as there."""
    return " ".join([rule.flow_type, *(word for match in rule.match for word in _match_words(rule, match))])


def ethtool_words(rule: FlowRule) -> str:
    """What follows `ethtool -N DEV flow-type` for this rule."""
    action = "-1" if rule.cookie == DROP else str(rule.cookie)
    place = [] if rule.location is None else ["loc", str(rule.location)]
    context = [] if rule.context is None else ["context", str(rule.context)]
    return " ".join([flow_words(rule), *context, "action", action, *place])


def _match_words(rule: FlowRule, match: Match) -> list[str]:
    name, value, mask = match
    word = "dst" if (rule.flow_type, name) == ("ether", "dst_mac") else ETHTOOL_WORDS[name]
    full = (1 << field_bits(rule.flow_type, name)) - 1
    inverted = [] if mask == full else ["m", number_words(rule.flow_type, name, full & ~mask, hexadecimal=True)]
    return [word, number_words(rule.flow_type, name, value), *inverted]


def number_words(flow_type: str, name: str, value: int, hexadecimal: bool = False) -> str:
    """A field's value, or mask, as ethtool(8) writes it."""
    if name in ("src_ip", "dst_ip"):
        return str(IPv6Address(value) if flow_type.endswith("6") else IPv4Address(value))
    if name in ("src_mac", "dst_mac"):
        return value.to_bytes(6, "big").hex(":")
    return hex(value) if hexadecimal or name in ("ether_type", "vlan_etype", "user_def", "l4_bytes") else str(value)


def field_bits(flow_type: str, name: str) -> int:
    """How many bits a field has."""
    if name in ("src_ip", "dst_ip"):
        return 128 if flow_type.endswith("6") else 32
    sizes = {"tos": 8, "tclass": 8, "proto": 8, "spi": 32, "l4_bytes": 32, "src_mac": 48, "dst_mac": 48, "user_def": 64}
    return sizes.get(name, 16)


def is_prefix(mask: int, bits: int) -> bool:
    """Whether the ones of a mask are the first of so many bits: what an address says as "/24"."""
    rest = (1 << bits) - 1 - mask
    return rest & (rest + 1) == 0


def own_masks(rule: FlowRule) -> dict[str, int]:
    """Masks other than those that fields have where none is given: all bits, of a VLAN tag its id.

    Networks have none: their address says it.
    """
    found = {}
    for name, _value, mask in rule.match:
        bits = field_bits(rule.flow_type, name)
        usual = is_prefix(mask, bits) if name in ("src_ip", "dst_ip") else mask == (1 << bits) - 1
        if (mask != VLAN_ID) if name == "vlan" else not usual:
            found[name] = mask
    return found
