# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""idpf: Intel, the driver of Infrastructure Data Path Functions."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "idpf",
    folders=("drivers/net/ethernet/intel/idpf",),
    rss=(),  # every function has queues of its own
    queue_counters=("rx_q-{}_pkts",),  # idpf_ethtool.c __idpf_add_qstat_strings [from 6.12 on]
)
