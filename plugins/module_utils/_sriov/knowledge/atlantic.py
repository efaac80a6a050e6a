# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver atlantic."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "atlantic",
    cards="Marvell (Aquantia) AQtion",
    folders=("drivers/net/ethernet/aquantia/atlantic",),
    dpdk="net_atlantic",
)
