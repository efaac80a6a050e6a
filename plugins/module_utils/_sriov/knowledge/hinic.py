# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver hinic."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, Driver
from .vf_support import A_LIMIT, NO_TABLE, ONLY_8021Q, Rates, VfSupport

DRIVER = Driver(
    "hinic",
    cards="Huawei",
    folders=("drivers/net/ethernet/huawei/hinic",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # hinic_sriov.c hinic_pci_sriov_configure
    # hinic_sriov.c hinic_ndo_set_vf_bw, hinic_ndo_set_vf_vlan
    vf_support=VfSupport(refuses=NO_TABLE, values=ONLY_8021Q, rates=Rates(needs_link=A_LIMIT, within_link=True)),
    dpdk="net_hinic",
    queue_counters=("rxq{}_pkts",),  # hinic_ethtool.c hinic_rx_queue_stats
    causes={
        NUM_VFS: {  # hinic_sriov.c hinic_pci_sriov_enable
            "EPERM": "another change of the VFs is under way: run again",
            "EBUSY": "the device is being removed",
        },
    },
)
