# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver sfc_ef100."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver
from .vf_support import NOTHING, VfSupport

DRIVER = Driver(
    "sfc_ef100",
    cards="AMD (Xilinx) Alveo SN1000, of module sfc",
    folders=(
        "drivers/net/ethernet/sfc/ef100.c",
        "drivers/net/ethernet/sfc/ef100_netdev.c",
        "drivers/net/ethernet/sfc/ef100_sriov.c",
        "drivers/net/ethernet/sfc/ef100_ethtool.c",
    ),
    vf_change=NO_CHANGE,  # sfc/ef100_sriov.c efx_ef100_sriov_configure
    rss=(),  # every function has queues of its own
    # sfc/ef100_netdev.c ef100_netdev_ops: `devlink port function set … hw_addr` gives them their addresses
    vf_support=VfSupport(refuses=NOTHING),
    dpdk="net_sfc_efx",
    queue_counters=("rx-{}.rx_packets",),  # drivers/net/ethernet/sfc/ethtool_common.c efx_describe_per_queue_stats
)
