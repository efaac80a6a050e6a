# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""hns3: HiSilicon Kunpeng."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "hns3",
    folders=("drivers/net/ethernet/hisilicon/hns3", "drivers/net/ethernet/hisilicon/hns3/hns3pf"),
    rss=(),  # every function has queues of its own
    dpdk="net_hns3",
    queue_counters=("rxq{}_packets",),  # hns3_ethtool.c hns3_get_strings_tqps
)
