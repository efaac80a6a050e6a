# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""ena: Amazon's Elastic Network Adapter."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "ena",
    folders=("drivers/net/ethernet/amazon/ena",),
    rss=(),  # every function has queues of its own
    dpdk="net_ena",
    queue_counters=("queue_{}_rx_cnt",),  # ena_ethtool.c ena_queue_strings
)
