# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""bnxt_en: Broadcom NetXtreme-C and NetXtreme-E."""

from __future__ import annotations

from .driver import RULE, Driver, Xdp

DRIVER = Driver(
    "bnxt_en",
    xdp=Xdp((6, 1), None, "bnxt_xdp.c bnxt_xdp_set"),
    dpdk="net_bnxt",
    # bnxt_ethtool.c bnxt_ring_rx_stats_str
    queue_counters=("[{}]: rx_ucast_packets", "[{}]: rx_mcast_packets", "[{}]: rx_bcast_packets"),
    causes={
        RULE: {"ENOTSUPP": "the firmware is too old for such rules: update it"},
    },
)
