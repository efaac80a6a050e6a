# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""iavf: the VFs of i40e and of ice."""

from __future__ import annotations

from .driver import VfDriver

IAVF = VfDriver(
    "iavf",
    ("drivers/net/ethernet/intel/iavf",),
    queue_counters=("rx-{}.packets",),  # iavf_ethtool.c iavf_gstrings_queue_stats
    no_af_xdp="iavf runs no XDP programs, up to Linux 6.12 (iavf_main.c iavf_netdev_ops)",
    dpdk="net_iavf",
    snabb=("8086:154c", "8086:1889"),
    pf_ring=True,
)
