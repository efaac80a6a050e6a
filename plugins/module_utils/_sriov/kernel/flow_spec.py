# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A flow rule as the kernel writes it: struct ethtool_rx_flow_spec (include/uapi/linux/ethtool.h). Pure."""

from __future__ import annotations

import struct
import typing as t

from ..model.flow import FlowRule, field_bits, flow_rule

# On i386 a 64-bit number is aligned to 4 bytes, elsewhere to 8: struct ethtool_rx_flow_spec has a hole or none.
U64_ALIGNMENT = struct.calcsize("@IQ") - 8
FLOW_EXT, FLOW_MAC_EXT, FLOW_RSS = 1 << 31, 1 << 30, 1 << 29
FLOW_TYPES = {
    **{"tcp4": 1, "udp4": 2, "sctp4": 3, "tcp6": 5, "udp6": 6, "sctp6": 7, "ah4": 9, "esp4": 10, "ah6": 11},
    **{"esp6": 12, "ip4": 13, "ip6": 14, "ether": 18},
}
FLOW_NAMES = {number: name for name, number in FLOW_TYPES.items()}
UNION_SIZE, EXT_SIZE = 52, 20
IP_VERSION = (13, b"\x01")  # usrip4_spec.ip_ver must be ETH_RX_NFC_IP4, and has no mask

Layout = t.Dict[str, t.Tuple[int, int]]
"""Field -> (offset, size); all of them big-endian."""

_IP4: Layout = {"src_ip": (0, 4), "dst_ip": (4, 4)}
_IP6: Layout = {"src_ip": (0, 16), "dst_ip": (16, 16)}
_PORTS4: Layout = {**_IP4, "src_port": (8, 2), "dst_port": (10, 2), "tos": (12, 1)}  # ethtool_tcpip4_spec
_SPI4: Layout = {**_IP4, "spi": (8, 4), "tos": (12, 1)}  # ethtool_ah_espip4_spec
_USER4: Layout = {**_IP4, "l4_bytes": (8, 4), "tos": (12, 1), "proto": (14, 1)}  # ethtool_usrip4_spec
_PORTS6: Layout = {**_IP6, "src_port": (32, 2), "dst_port": (34, 2), "tclass": (36, 1)}  # ethtool_tcpip6_spec
_SPI6: Layout = {**_IP6, "spi": (32, 4), "tclass": (36, 1)}  # ethtool_ah_espip6_spec
_USER6: Layout = {**_IP6, "l4_bytes": (32, 4), "tclass": (36, 1), "proto": (37, 1)}  # ethtool_usrip6_spec
_ETHER: Layout = {"dst_mac": (0, 6), "src_mac": (6, 6), "ether_type": (12, 2)}  # struct ethhdr
LAYOUTS: dict[str, Layout] = {
    **dict.fromkeys(("tcp4", "udp4", "sctp4"), _PORTS4),
    **dict.fromkeys(("ah4", "esp4"), _SPI4),
    **dict.fromkeys(("tcp6", "udp6", "sctp6"), _PORTS6),
    **dict.fromkeys(("ah6", "esp6"), _SPI6),
    **{"ip4": _USER4, "ip6": _USER6, "ether": _ETHER},
}
EXT: Layout = {"vlan_etype": (8, 2), "vlan": (10, 2), "user_def": (12, 8)}  # struct ethtool_flow_ext
MAC_EXT: Layout = {"dst_mac": (2, 6)}


class RawSpec(t.NamedTuple):
    """struct ethtool_rx_flow_spec, field by field."""

    flow_type: int
    h_u: bytes
    h_ext: bytes
    m_u: bytes
    m_ext: bytes
    ring_cookie: int
    location: int


def spec_struct(u64_alignment: int = U64_ALIGNMENT) -> struct.Struct:
    """The packed form: 168 bytes where 64-bit numbers are aligned to 8 bytes, 160 where to 4."""
    hole, tail = (4, 4) if u64_alignment == 8 else (0, 0)
    return struct.Struct(f"=I{UNION_SIZE}s{EXT_SIZE}s{UNION_SIZE}s{EXT_SIZE}s{hole}xQI{tail}x")


def encode(rule: FlowRule) -> RawSpec:
    """The rule for ETHTOOL_SRXCLSRLINS; its location must be set."""
    own, ext = LAYOUTS[rule.flow_type], dict(EXT)
    if "dst_mac" not in own:
        ext.update(MAC_EXT)
    h_u, m_u = _pack(rule, own, UNION_SIZE)
    h_ext, m_ext = _pack(rule, ext, EXT_SIZE)
    if rule.flow_type == "ip4":
        h_u = h_u[: IP_VERSION[0]] + IP_VERSION[1] + h_u[IP_VERSION[0] + 1 :]
    names = {name for name, _value, _mask in rule.match} - set(own)
    flags = (FLOW_EXT if names & set(EXT) else 0) | (FLOW_MAC_EXT if "dst_mac" in names else 0)
    flags |= 0 if rule.context is None else FLOW_RSS
    return RawSpec(
        FLOW_TYPES[rule.flow_type] | flags, h_u, h_ext, m_u, m_ext, t.cast(int, rule.cookie), t.cast(int, rule.location)
    )


def decode(raw: RawSpec, context: int = 0, masks_told: bool = True) -> FlowRule:
    """The rule that the kernel tells by ETHTOOL_GRXCLSRULE, in its normal form.

    :param context: rss_context of the same answer; counts where the rule says FLOW_RSS.
    :param masks_told: if not, all bits of a field count that is not zero, whatever mask is told; those of an extension
        are right.
    """
    number = raw.flow_type & ~(FLOW_EXT | FLOW_MAC_EXT | FLOW_RSS)
    name = FLOW_NAMES.get(number, f"type{number}")
    fields = _unpack(LAYOUTS.get(name, {}), raw.h_u, raw.m_u)
    if not masks_told:
        fields = {
            field: (value, (1 << field_bits(name, field)) - 1 if value else 0) for field, (value, _m) in fields.items()
        }
    if raw.flow_type & FLOW_EXT:
        fields.update(_unpack(EXT, raw.h_ext, raw.m_ext))
    if raw.flow_type & FLOW_MAC_EXT and name != "ether":
        fields.update(_unpack(MAC_EXT, raw.h_ext, raw.m_ext))
    return flow_rule(name, fields, raw.ring_cookie, raw.location, context if raw.flow_type & FLOW_RSS else None)


def _pack(rule: FlowRule, layout: Layout, size: int) -> tuple[bytes, bytes]:
    values, masks = bytearray(size), bytearray(size)
    for name, value, mask in rule.match:
        if name in layout:
            offset, length = layout[name]
            values[offset : offset + length] = value.to_bytes(length, "big")
            masks[offset : offset + length] = mask.to_bytes(length, "big")
    return bytes(values), bytes(masks)


def _unpack(layout: Layout, values: bytes, masks: bytes) -> dict[str, tuple[int, int]]:
    return {
        name: (
            int.from_bytes(values[offset : offset + length], "big"),
            int.from_bytes(masks[offset : offset + length], "big"),
        )
        for name, (offset, length) in layout.items()
    }
