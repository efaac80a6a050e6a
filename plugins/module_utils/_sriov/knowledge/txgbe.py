# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver txgbe."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "txgbe",
    cards="Wangxun, 10 Gbit/s",
    folders=("drivers/net/ethernet/wangxun/txgbe", "drivers/net/ethernet/wangxun/libwx"),
    dpdk="net_txgbe",
    queue_counters=("rx_queue_{}_packets",),  # wx_ethtool.c wx_get_strings [from 6.12 on]
)
