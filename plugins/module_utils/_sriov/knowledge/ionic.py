# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver ionic."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, Driver
from .vf_support import NO_LEAST, NO_PRIORITY, NO_TABLE, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "ionic",
    cards="AMD Pensando",
    folders=("drivers/net/ethernet/pensando/ionic",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # ionic_bus_pci.c ionic_sriov_configure
    # ionic_lif.c ionic_set_vf_vlan, ionic_set_vf_rate
    vf_support=VfSupport(refuses={**NO_LEAST, **NO_TABLE, **NO_PRIORITY}, values=ONLY_8021Q),
    dpdk="net_ionic",
    queue_counters=("rx_{}_pkts",),  # ionic_stats.c ionic_sw_stats_get_rx_strings
    causes={
        NUM_VFS: {"EBUSY": "the firmware is in reset: run again"},  # ionic_bus_pci.c ionic_sriov_configure
    },
)
