# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""include/uapi/linux/ethtool.h as ctypes: the compiler's own alignment, and nothing shared with the code under test."""

from __future__ import annotations

import ctypes
from ctypes import c_char, c_uint8, c_uint16, c_uint32, c_uint64

# ETHTOOL_*
GDRVINFO, GSTRINGS, GSTATS, GPERMADDR = 0x03, 0x1B, 0x1D, 0x20
GRXFH, SRXFH = 0x29, 0x2A
GRXRINGS, GRXCLSRLCNT, GRXCLSRULE, GRXCLSRLALL, SRXCLSRLDEL, SRXCLSRLINS = range(0x2D, 0x33)
GSSET_INFO, SRXFHINDIR, GFEATURES, SFEATURES, GCHANNELS, SCHANNELS = 0x37, 0x39, 0x3A, 0x3B, 0x3C, 0x3D
GRSSH, SRSSH, INDIR_NO_CHANGE = 0x46, 0x47, 0xFFFFFFFF
GRINGPARAM, SRINGPARAM = 0x10, 0x11
SS_STATS, SS_FEATURES = 1, 4
GSTRING_LEN = 32

TCP_V4, UDP_V4, SCTP_V4, IP_USER, ETHER = 1, 2, 3, 0x0D, 0x12
TCP_V6, UDP_V6, SCTP_V6, IPV6_USER = 5, 6, 7, 0x0E
UNION = 52  # bytes of union ethtool_flow_union
FLOW_EXT, FLOW_MAC_EXT, FLOW_RSS = 0x80000000, 0x40000000, 0x20000000
ETH_RX_NFC_IP4 = 1
RX_CLS_FLOW_DISC, RX_CLS_FLOW_WAKE = 0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFE
RX_CLS_LOC_SPECIAL, RX_CLS_LOC_ANY = 0x80000000, 0xFFFFFFFF
ETH_RSS_HASH_TOP = 1


class Ringparam(ctypes.Structure):
    _fields_ = [
        ("cmd", c_uint32),
        ("rx_max_pending", c_uint32),
        ("rx_mini_max_pending", c_uint32),
        ("rx_jumbo_max_pending", c_uint32),
        ("tx_max_pending", c_uint32),
        ("rx_pending", c_uint32),
        ("rx_mini_pending", c_uint32),
        ("rx_jumbo_pending", c_uint32),
        ("tx_pending", c_uint32),
    ]


class TcpIp4(ctypes.BigEndianStructure):
    _fields_ = [
        ("ip4src", c_uint32),
        ("ip4dst", c_uint32),
        ("psrc", c_uint16),
        ("pdst", c_uint16),
        ("tos", c_uint8),
    ]


class UserIp4(ctypes.BigEndianStructure):
    _fields_ = [
        ("ip4src", c_uint32),
        ("ip4dst", c_uint32),
        ("l4_4_bytes", c_uint32),
        ("tos", c_uint8),
        ("ip_ver", c_uint8),
        ("proto", c_uint8),
    ]


class EthHdr(ctypes.BigEndianStructure):
    _fields_ = [("h_dest", c_uint8 * 6), ("h_source", c_uint8 * 6), ("h_proto", c_uint16)]


class FlowExt(ctypes.BigEndianStructure):
    _fields_ = [
        ("padding", c_uint8 * 2),
        ("h_dest", c_uint8 * 6),
        ("vlan_etype", c_uint16),
        ("vlan_tci", c_uint16),
        ("data", c_uint32 * 2),
    ]


class RxFlowSpec(ctypes.Structure):
    _fields_ = [
        ("flow_type", c_uint32),
        ("h_u", c_uint8 * 52),
        ("h_ext", FlowExt),
        ("m_u", c_uint8 * 52),
        ("m_ext", FlowExt),
        ("ring_cookie", c_uint64),
        ("location", c_uint32),
    ]


class Rxnfc(ctypes.Structure):
    """:attribute rule_cnt: and rss_context, a union."""

    _fields_ = [
        ("cmd", c_uint32),
        ("flow_type", c_uint32),
        ("data", c_uint64),
        ("fs", RxFlowSpec),
        ("rule_cnt", c_uint32),
        ("rule_locs", c_uint32 * 0),
    ]


class Rxfh(ctypes.Structure):
    _fields_ = [
        ("cmd", c_uint32),
        ("rss_context", c_uint32),
        ("indir_size", c_uint32),
        ("key_size", c_uint32),
        ("hfunc", c_uint8),
        ("input_xfrm", c_uint8),
        ("rsvd8", c_uint8 * 2),
        ("rsvd32", c_uint32),
    ]


class Channels(ctypes.Structure):
    _fields_ = [
        (name, c_uint32)
        for name in (
            *("cmd", "max_rx", "max_tx", "max_other", "max_combined"),
            *("rx_count", "tx_count", "other_count", "combined_count"),
        )
    ]


class SsetInfo(ctypes.Structure):
    _fields_ = [("cmd", c_uint32), ("reserved", c_uint32), ("sset_mask", c_uint64), ("data", c_uint32 * 0)]


class Gstrings(ctypes.Structure):
    _fields_ = [("cmd", c_uint32), ("string_set", c_uint32), ("len", c_uint32)]


class Sized(ctypes.Structure):
    """What ethtool_gfeatures, ethtool_sfeatures, ethtool_stats, ethtool_perm_addr and ethtool_rxfh_indir begin with."""

    _fields_ = [("cmd", c_uint32), ("size", c_uint32)]


class GetFeatures(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("available", "requested", "active", "never_changed")]


class SetFeatures(ctypes.Structure):
    _fields_ = [("valid", c_uint32), ("requested", c_uint32)]


class Drvinfo(ctypes.Structure):
    _fields_ = [
        ("cmd", c_uint32),
        ("driver", c_char * 32),
        ("version", c_char * 32),
        ("fw_version", c_char * 32),
        ("bus_info", c_char * 32),
        ("erom_version", c_char * 32),
        ("reserved2", c_char * 12),
        *((name, c_uint32) for name in ("n_priv_flags", "n_stats", "testinfo_len", "eedump_len", "regdump_len")),
    ]


# net/ethtool/common.c netdev_features_strings of Linux 6.12, in the order of the bits; "-": a bit without a name.
FEATURE_BITS = """
tx-scatter-gather tx-checksum-ipv4 - tx-checksum-ip-generic tx-checksum-ipv6 highdma tx-scatter-gather-fraglist
tx-vlan-hw-insert rx-vlan-hw-parse rx-vlan-filter vlan-challenged tx-generic-segmentation - - rx-gro rx-lro
tx-tcp-segmentation tx-gso-robust tx-tcp-ecn-segmentation tx-tcp-mangleid-segmentation tx-tcp6-segmentation
tx-fcoe-segmentation tx-gre-segmentation tx-gre-csum-segmentation tx-ipxip4-segmentation tx-ipxip6-segmentation
tx-udp_tnl-segmentation tx-udp_tnl-csum-segmentation tx-gso-partial tx-tunnel-remcsum-segmentation
tx-sctp-segmentation tx-esp-segmentation - tx-udp-segmentation tx-gso-list tx-checksum-fcoe-crc tx-checksum-sctp -
rx-ntuple-filter rx-hashing rx-checksum tx-nocache-copy loopback rx-fcs rx-all tx-vlan-stag-hw-insert
rx-vlan-stag-hw-parse rx-vlan-stag-filter l2-fwd-offload hw-tc-offload esp-hw-offload esp-tx-csum-hw-offload
rx-udp_tunnel-port-offload tls-hw-tx-offload tls-hw-rx-offload rx-gro-hw tls-hw-record rx-gro-list macsec-hw-offload
rx-udp-gro-forwarding hsr-tag-ins-offload hsr-tag-rm-offload hsr-fwd-offload hsr-dup-offload
"""
FEATURES = tuple("" if word == "-" else word for word in FEATURE_BITS.split())
NEVER_CHANGED = "vlan-challenged"


def ring(cookie):
    """ethtool_get_flow_spec_ring()."""
    return cookie & 0xFFFFFFFF


def ring_vf(cookie):
    """ethtool_get_flow_spec_ring_vf(): 0 is the PF."""
    return cookie >> 32 & 0xFF
