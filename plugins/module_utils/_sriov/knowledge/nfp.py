# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""nfp: Netronome (Corigine)."""

from __future__ import annotations

from .driver import Driver, VfDriver

DRIVER = Driver(
    "nfp",
    folders=("drivers/net/ethernet/netronome/nfp",),
    rss=(),  # every function has queues of its own
    # nfp_net_common.c nfp_net_netdev_init: both have the same ethtool_ops.
    vf_driver=VfDriver("nfp_netvf", queue_counters=("rvec_{}_rx_pkts",), dpdk="net_nfp_vf"),
    dpdk="net_nfp",
    queue_counters=("rvec_{}_rx_pkts",),  # nfp_net_ethtool.c nfp_vnic_get_sw_stats_strings
)
