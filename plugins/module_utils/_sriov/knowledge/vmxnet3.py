# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver vmxnet3. It has one name for the counters of all queues."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "vmxnet3",
    cards="VMware's virtual NIC",
    folders=("drivers/net/vmxnet3",),
    dpdk="net_vmxnet3",
    netmap=True,
    # vmxnet3_ethtool.c vmxnet3_rq_dev_stats, vmxnet3_get_stats64: the interface's number is the sum of the same.
    packet_counters=("  ucast pkts rx", "  mcast pkts rx", "  bcast pkts rx"),
)
