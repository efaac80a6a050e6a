# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver e1000e."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "e1000e",
    cards="Intel, 1 Gbit/s, PCI Express",
    folders=("drivers/net/ethernet/intel/e1000e",),
    dpdk="net_e1000_em",
    snabb=("8086:10d3", "8086:105e"),
    pf_ring=True,
    netmap=True,
)
