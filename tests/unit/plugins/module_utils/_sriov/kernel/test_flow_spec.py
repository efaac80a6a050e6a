# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""struct ethtool_rx_flow_spec: its places against ctypes, which knows the compiler's alignment, and the way back."""

from __future__ import annotations

import ctypes
from ctypes import c_uint8, c_uint16, c_uint32

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.flow_spec import (
    EXT,
    FLOW_EXT,
    FLOW_MAC_EXT,
    FLOW_RSS,
    FLOW_TYPES,
    LAYOUTS,
    MAC_EXT,
    U64_ALIGNMENT,
    RawSpec,
    decode,
    encode,
    spec_struct,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP, flow_rule
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.support import flows
from hypothesis import given
from hypothesis import strategies as st

FULL = {bits: (1 << bits) - 1 for bits in (8, 16, 32, 48, 64, 128)}


class Spec32(ctypes.Structure):
    """struct ethtool_rx_flow_spec on i386, where 64-bit numbers are aligned to 4 bytes."""

    _pack_ = 4
    _fields_ = simabi.RxFlowSpec._fields_


class AhEspIp4(ctypes.BigEndianStructure):
    _fields_ = [("ip4src", c_uint32), ("ip4dst", c_uint32), ("spi", c_uint32), ("tos", c_uint8)]


class TcpIp6(ctypes.BigEndianStructure):
    _fields_ = [
        ("ip6src", c_uint32 * 4),
        ("ip6dst", c_uint32 * 4),
        ("psrc", c_uint16),
        ("pdst", c_uint16),
        ("tclass", c_uint8),
    ]


class AhEspIp6(ctypes.BigEndianStructure):
    _fields_ = [("ip6src", c_uint32 * 4), ("ip6dst", c_uint32 * 4), ("spi", c_uint32), ("tclass", c_uint8)]


class UserIp6(ctypes.BigEndianStructure):
    _fields_ = [
        ("ip6src", c_uint32 * 4),
        ("ip6dst", c_uint32 * 4),
        ("l4_4_bytes", c_uint32),
        ("tclass", c_uint8),
        ("l4_proto", c_uint8),
    ]


def test_the_alignment_is_this_machines():
    class Probe(ctypes.Structure):
        _fields_ = [("first", c_uint32), ("second", ctypes.c_uint64)]

    assert Probe.second.offset == U64_ALIGNMENT


@pytest.mark.parametrize(
    ("alignment", "structure", "size", "cookie", "location"),
    [
        pytest.param(8, simabi.RxFlowSpec, 168, 152, 160, id="64 bits"),
        pytest.param(4, Spec32, 160, 148, 156, id="i386"),
    ],
)
def test_the_specification_has_the_kernels_places(alignment, structure, size, cookie, location):
    assert (structure.ring_cookie.offset, structure.location.offset) == (cookie, location)
    assert spec_struct(alignment).size == ctypes.sizeof(structure) == size
    raw = RawSpec(0x01020304, b"\x11" * 52, b"\x22" * 20, b"\x33" * 52, b"\x44" * 20, 0x5566778899AABBCC, 0xDDEEFF00)
    packed = spec_struct(alignment).pack(*raw)
    view = structure.from_buffer_copy(packed)
    assert (view.flow_type, view.ring_cookie, view.location) == (raw.flow_type, raw.ring_cookie, raw.location)
    assert (bytes(view.h_u), bytes(view.h_ext), bytes(view.m_u), bytes(view.m_ext)) == raw[1:5]
    assert RawSpec(*spec_struct(alignment).unpack(packed)) == raw


# include/uapi/linux/ethtool.h
NUMBERS = {
    **{"tcp4": 0x01, "udp4": 0x02, "sctp4": 0x03, "tcp6": 0x05, "udp6": 0x06, "sctp6": 0x07},
    **{"ah4": 0x09, "esp4": 0x0A, "ah6": 0x0B, "esp6": 0x0C, "ip4": 0x0D, "ip6": 0x0E, "ether": 0x12},
}


@pytest.mark.parametrize(("flow_type", "number"), NUMBERS.items())
def test_a_flow_type_has_the_kernels_number(flow_type, number):
    assert encode(flow_rule(flow_type, {}, 0, 0)).flow_type == number
    assert decode(encode(flow_rule(flow_type, {}, 0, 0))).flow_type == flow_type


PLACES4 = {"src_ip": "ip4src", "dst_ip": "ip4dst", "tos": "tos"}
PLACES6 = {"src_ip": "ip6src", "dst_ip": "ip6dst", "tclass": "tclass"}
PORTS = {"src_port": "psrc", "dst_port": "pdst"}
STRUCTURES = [
    *((name, simabi.TcpIp4, {**PLACES4, **PORTS}) for name in ("tcp4", "udp4", "sctp4")),
    *((name, TcpIp6, {**PLACES6, **PORTS}) for name in ("tcp6", "udp6", "sctp6")),
    *((name, AhEspIp4, {**PLACES4, "spi": "spi"}) for name in ("ah4", "esp4")),
    *((name, AhEspIp6, {**PLACES6, "spi": "spi"}) for name in ("ah6", "esp6")),
    ("ip4", simabi.UserIp4, {**PLACES4, "l4_bytes": "l4_4_bytes", "proto": "proto"}),
    ("ip6", UserIp6, {**PLACES6, "l4_bytes": "l4_4_bytes", "proto": "l4_proto"}),
    ("ether", simabi.EthHdr, {"dst_mac": "h_dest", "src_mac": "h_source", "ether_type": "h_proto"}),
]


@pytest.mark.parametrize(("flow_type", "structure", "members"), STRUCTURES, ids=[row[0] for row in STRUCTURES])
def test_a_flow_types_fields_have_the_kernels_places(flow_type, structure, members):
    found = {
        name: (getattr(structure, member).offset, getattr(structure, member).size) for name, member in members.items()
    }
    assert LAYOUTS[flow_type] == found
    assert set(FLOW_TYPES) == set(LAYOUTS) == set(flows.FIELDS)


def test_the_extension_has_the_kernels_places():
    ext = simabi.FlowExt
    assert ctypes.sizeof(ext) == 20
    assert {name: offset for name, (offset, _size) in EXT.items()} == {
        "vlan_etype": ext.vlan_etype.offset,
        "vlan": ext.vlan_tci.offset,
        "user_def": ext.data.offset,
    }
    assert MAC_EXT["dst_mac"] == (ext.h_dest.offset, ext.h_dest.size)


@given(flows.rules(), st.none() | st.integers(0, 2**32 - 1))
def test_a_rule_comes_back_as_it_went(rule, context):
    rule = flow_rule(rule.flow_type, {n: (v, m) for n, v, m in rule.match}, rule.cookie, rule.location, context)
    assert decode(encode(rule), context or 0) == rule


@given(flows.rules())
def test_what_is_packed_is_what_is_unpacked(rule):
    for alignment in (4, 8):
        packed = spec_struct(alignment).pack(*encode(rule))
        assert RawSpec(*spec_struct(alignment).unpack(packed)) == encode(rule)


@given(flows.rules())
def test_value_bits_outside_the_mask_are_never_sent(rule):
    raw = encode(rule)
    h_u = raw.h_u if rule.flow_type != "ip4" else raw.h_u[:13] + b"\0" + raw.h_u[14:]
    for values, masks in ((h_u, raw.m_u), (raw.h_ext, raw.m_ext)):
        assert all(value & ~mask == 0 for value, mask in zip(values, masks, strict=True))


def test_a_rule_lies_where_the_kernel_reads_it():
    """The rule of the DPDK how-to on flow bifurcation, read through ctypes."""
    rule = flow_rule("tcp4", {"dst_ip": (0xC0A8FE1E, FULL[32]), "dst_port": (80, FULL[16])}, 4294967296, 2043)
    view = simabi.RxFlowSpec.from_buffer_copy(spec_struct(8).pack(*encode(rule)))
    assert (view.flow_type, view.ring_cookie, view.location) == (simabi.TCP_V4, 1 << 32, 2043)
    value, mask = simabi.TcpIp4.from_buffer(view.h_u), simabi.TcpIp4.from_buffer(view.m_u)
    assert (value.ip4src, value.ip4dst, value.psrc, value.pdst, value.tos) == (0, 0xC0A8FE1E, 0, 80, 0)
    assert (mask.ip4src, mask.ip4dst, mask.psrc, mask.pdst, mask.tos) == (0, FULL[32], 0, FULL[16], 0)
    assert bytes(view.h_ext) == bytes(view.m_ext) == bytes(20)


def test_ip4_says_its_version_and_nothing_of_its_mask():
    raw = encode(flow_rule("ip4", {}, 1, 0))
    view = simabi.UserIp4.from_buffer_copy(raw.h_u)
    assert (view.ip_ver, view.proto) == (simabi.ETH_RX_NFC_IP4, 0)
    assert raw.m_u == bytes(52)


@pytest.mark.parametrize(
    ("flow_type", "fields", "context", "flags"),
    [
        pytest.param("tcp4", {"dst_port": (1, FULL[16])}, None, 0, id="none"),
        pytest.param("tcp4", {"vlan": (5, 0x0FFF)}, None, FLOW_EXT, id="VLAN"),
        pytest.param("tcp4", {"vlan_etype": (5, FULL[16])}, None, FLOW_EXT, id="EtherType of the VLAN"),
        pytest.param("tcp4", {"user_def": (5, FULL[64])}, None, FLOW_EXT, id="user-def"),
        pytest.param("tcp4", {"dst_mac": (5, FULL[48])}, None, FLOW_MAC_EXT, id="MAC"),
        pytest.param("ether", {"dst_mac": (5, FULL[48])}, None, 0, id="a MAC is no extension of Ethernet"),
        pytest.param("ether", {"vlan": (5, 0x0FFF)}, None, FLOW_EXT, id="a VLAN is"),
        pytest.param("tcp4", {}, 0, FLOW_RSS, id="the default RSS context"),
        pytest.param(
            "udp6",
            {"dst_mac": (5, FULL[48]), "vlan": (5, 0x0FFF)},
            3,
            FLOW_EXT | FLOW_MAC_EXT | FLOW_RSS,
            id="all of them",
        ),
    ],
)
def test_extensions_are_flags_of_the_flow_type(flow_type, fields, context, flags):
    rule = flow_rule(flow_type, fields, 1, 0, context)
    assert encode(rule).flow_type == FLOW_TYPES[flow_type] | flags


EMPTY = RawSpec(1, bytes(52), bytes(20), bytes(52), bytes(20), DROP, 7)
PORT_80 = bytes(10) + b"\x00\x50" + bytes(40)
PORT_MASK = bytes(10) + b"\xff\xff" + bytes(40)
JUNK = b"\xa5" * 20


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        pytest.param(EMPTY, flow_rule("tcp4", {}, DROP, 7), id="nothing"),
        pytest.param(
            EMPTY._replace(flow_type=1 | FLOW_EXT, h_u=PORT_80, m_u=PORT_MASK),
            flow_rule("tcp4", {"dst_port": (80, FULL[16])}, DROP, 7),
            id="as ixgbe tells: always with an extension, masked out",
        ),
        pytest.param(
            EMPTY._replace(h_ext=JUNK, m_ext=JUNK), flow_rule("tcp4", {}, DROP, 7), id="an extension that is none"
        ),
        pytest.param(EMPTY._replace(h_u=PORT_80), flow_rule("tcp4", {}, DROP, 7), id="a value without a mask"),
        pytest.param(
            EMPTY._replace(flow_type=13, h_u=bytes(13) + b"\x01\x11" + bytes(37), m_u=bytes(14) + b"\xff" + bytes(37)),
            flow_rule("udp4", {}, DROP, 7),
            id="ip4 with a protocol that has a name",
        ),
        pytest.param(
            EMPTY._replace(flow_type=18 | FLOW_MAC_EXT, h_ext=JUNK, m_ext=JUNK),
            flow_rule("ether", {}, DROP, 7),
            id="Ethernet has its MAC elsewhere",
        ),
        pytest.param(
            EMPTY._replace(flow_type=4, h_u=PORT_80, m_u=PORT_MASK),
            flow_rule("type4", {}, DROP, 7),
            id="an unknown type",
        ),
    ],
)
def test_a_rule_is_read_in_its_normal_form(raw, rule):
    assert decode(raw) == rule


@pytest.mark.parametrize(("flag", "context"), [(FLOW_RSS, 9), (0, None)])
def test_a_context_counts_where_the_rule_says_so(flag, context):
    assert decode(EMPTY._replace(flow_type=1 | flag), 9).context == context


def test_where_masks_are_not_told_the_fields_say_what_is_compared():
    """All of each that is not zero; the extension has its own masks (i40e tells those)."""
    asked = flow_rule("udp4", {"dst_ip": (5, 0xFFFFFFFF), "dst_port": (53, 0xFFFF), "vlan": (7, 0xFFF)}, 1, 0)
    told = encode(asked)._replace(m_u=bytes(52))
    assert decode(told, masks_told=False) == asked
    assert decode(told).match == (("vlan", 7, 0xFFF),)
    more = encode(asked)._replace(m_u=b"\xff" * 52)
    assert decode(more, masks_told=False) == asked
