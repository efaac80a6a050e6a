# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""bnxt_en: Broadcom NetXtreme-C and NetXtreme-E."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, RULE, Driver, Steering, Xdp

DRIVER = Driver(
    "bnxt_en",
    folders=("drivers/net/ethernet/broadcom/bnxt",),
    # bnxt_ethtool.c bnxt_srxclsrlins [from 6.12 on]: a location other than RX_CLS_LOC_ANY is EINVAL. Linux 6.1 has no
    # rules of it.
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "ip4", "tcp6", "udp6", "ip6"),
        fields=(*ADDRESSES_AND_PORTS, "proto", "src_mac", "dst_mac", "ether_type"),
        no_vf="bnxt_add_ntuple_cls_rule takes none",
        places=True,
    ),
    xdp=Xdp((6, 1), None, "bnxt_xdp.c bnxt_xdp_set"),
    dpdk="net_bnxt",
    # bnxt_ethtool.c bnxt_ring_rx_stats_str
    queue_counters=("[{}]: rx_ucast_packets", "[{}]: rx_mcast_packets", "[{}]: rx_bcast_packets"),
    causes={
        RULE: {"ENOTSUPP": "the firmware is too old for such rules: update it"},
    },
)
