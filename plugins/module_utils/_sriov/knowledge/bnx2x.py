# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""bnx2x: Broadcom NetXtreme II, 10 Gbit/s."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "bnx2x",
    folders=("drivers/net/ethernet/broadcom/bnx2x",),
    dpdk="net_bnx2x",
    # bnx2x_ethtool.c bnx2x_q_stats_arr
    queue_counters=("[{}]: rx_ucast_packets", "[{}]: rx_mcast_packets", "[{}]: rx_bcast_packets"),
)
