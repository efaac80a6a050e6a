# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver bnx2x."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, Driver
from .vf_support import NO_PRIORITY, NO_RATES, NO_TABLE, NO_TRUST, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "bnx2x",
    cards="Broadcom NetXtreme II, 10 Gbit/s",
    folders=("drivers/net/ethernet/broadcom/bnx2x",),
    vf_change=NO_CHANGE,
    needs_up=True,  # bnx2x_sriov.c bnx2x_sriov_configure: EINVAL while it is down
    gives_fewer="see the firmware setup of the NIC: bnx2x_sriov_configure gives no more than it has",
    # bnx2x_sriov.c bnx2x_get_vf_config: "always 10G for now"; bnx2x_sriov.c bnx2x_set_vf_vlan leaves the priority out
    vf_support=VfSupport(
        refuses={**NO_RATES, **NO_TABLE, **NO_TRUST, **NO_PRIORITY},
        values=ONLY_8021Q,
        absent={"max_tx_rate": 10000},
    ),
    dpdk="net_bnx2x",
    # bnx2x_ethtool.c bnx2x_q_stats_arr
    queue_counters=("[{}]: rx_ucast_packets", "[{}]: rx_mcast_packets", "[{}]: rx_bcast_packets"),
    causes={
        NUM_VFS: {"EINVAL": "the PF is down: set it up first"},  # bnx2x_sriov.c bnx2x_sriov_configure
    },
)
