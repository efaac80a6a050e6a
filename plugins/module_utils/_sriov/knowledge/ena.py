# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver ena."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver
from .vf_support import NOTHING, VfSupport

DRIVER = Driver(
    "ena",
    cards="Amazon's Elastic Network Adapter",
    folders=("drivers/net/ethernet/amazon/ena",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # ena_netdev.c ena_pci_driver: drivers/pci/iov.c pci_sriov_configure_simple
    vf_support=VfSupport(refuses=NOTHING),  # ena_netdev.c ena_netdev_ops
    dpdk="net_ena",
    queue_counters=("queue_{}_rx_cnt",),  # ena_ethtool.c ena_queue_strings
)
