# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a flow rule compares: struct ethtool_rx_flow_spec by name (include/uapi/linux/ethtool.h)."""

from __future__ import annotations

from .. import abi as simabi

NAMES = {
    **{1: "tcp4", 2: "udp4", 3: "sctp4", 5: "tcp6", 6: "udp6", 7: "sctp6", 9: "ah4", 10: "esp4", 11: "ah6", 12: "esp6"},
    **{0x0D: "ip4", 0x0E: "ip6", 0x12: "ether"},
}
PORTS4 = {"src_ip": (0, 4), "dst_ip": (4, 8), "src_port": (8, 10), "dst_port": (10, 12), "tos": (12, 13)}
PORTS6 = {"src_ip": (0, 16), "dst_ip": (16, 32), "src_port": (32, 34), "dst_port": (34, 36), "tclass": (36, 37)}
SPI4 = {"src_ip": (0, 4), "dst_ip": (4, 8), "spi": (8, 12), "tos": (12, 13)}
SPI6 = {"src_ip": (0, 16), "dst_ip": (16, 32), "spi": (32, 36), "tclass": (36, 37)}
ALONE = {
    "ip4": {"src_ip": (0, 4), "dst_ip": (4, 8), "l4_bytes": (8, 12), "tos": (12, 13), "proto": (14, 15)},
    "ip6": {"src_ip": (0, 16), "dst_ip": (16, 32), "l4_bytes": (32, 36), "tclass": (36, 37), "proto": (37, 38)},
    "ether": {"dst_mac": (0, 6), "src_mac": (6, 12), "ether_type": (12, 14)},
}
EXTENSION = {"vlan_etype": (8, 10), "vlan": (10, 12), "user_def": (12, 20)}


def flow_type(spec):
    """Its word; a number where it is none of these."""
    number = spec.flow_type & ~(simabi.FLOW_EXT | simabi.FLOW_MAC_EXT | simabi.FLOW_RSS)
    return NAMES.get(number, number)


def layout(name):
    if name in ALONE:
        return ALONE[name]
    spi = name[:-1] in ("ah", "esp")
    return {"4": SPI4 if spi else PORTS4, "6": SPI6 if spi else PORTS6}[name[-1]]


def compared(spec):
    """Field -> mask, for those that have one."""
    found = {}
    for name, (start, end) in layout(flow_type(spec)).items():
        found[name] = bytes(spec.m_u)[start:end]
    extension = bytes(spec.m_ext)
    if spec.flow_type & simabi.FLOW_EXT:
        found.update({name: extension[start:end] for name, (start, end) in EXTENSION.items()})
    if spec.flow_type & simabi.FLOW_MAC_EXT:
        found["dst_mac beside IP"] = extension[2:8]
    return {name: mask for name, mask in found.items() if any(mask)}


def without(spec, names):
    """The rule as if it did not compare these."""
    for name in names:
        start, end = layout(flow_type(spec)).get(name, (0, 0))
        spec.h_u[start:end] = spec.m_u[start:end] = bytes(end - start)


def values(spec):
    """What it compares with what, whatever its action and place."""
    told = simabi.RxFlowSpec.from_buffer_copy(bytes(spec))
    told.ring_cookie = told.location = 0
    return bytes(told).hex()
