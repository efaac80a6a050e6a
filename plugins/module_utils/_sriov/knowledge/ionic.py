# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""ionic: AMD Pensando."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "ionic",
    folders=("drivers/net/ethernet/pensando/ionic",),
    rss=(),  # every function has queues of its own
    dpdk="net_ionic",
    queue_counters=("rx_{}_pkts",),  # ionic_stats.c ionic_sw_stats_get_rx_strings
)
