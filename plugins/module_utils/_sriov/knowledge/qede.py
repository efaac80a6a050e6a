# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""qede: QLogic FastLinQ."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "qede",
    dpdk="net_qede",
    # qede_ethtool.c qede_get_strings_stats_rxq; what a program took is apart (qede_fp.c qede_rx_xdp).
    queue_counters=("{}: rcv_pkts", "{}: xdp_no_pass"),
)
