# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver igc."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "igc",
    cards="Intel i225 and i226",
    folders=("drivers/net/ethernet/intel/igc",),
    dpdk="net_igc",
    netmap=True,
    queue_counters=("rx_queue_{}_packets",),  # igc_ethtool.c igc_ethtool_get_strings
)
