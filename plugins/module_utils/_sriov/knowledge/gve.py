# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver gve. It counts no packets of a queue."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "gve",
    cards="Google's virtual NIC",
    folders=("drivers/net/ethernet/google/gve",),
    dpdk="net_gve",
)
