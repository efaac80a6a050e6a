# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver mana."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "mana",
    cards="Microsoft Azure Network Adapter",
    folders=("drivers/net/ethernet/microsoft/mana",),
    dpdk="net_mana",
    bifurcated=True,  # DPDK guide, mana: mana and mana_ib stay
    verbs="mana_ib",
    # mana_ethtool.c mana_get_strings; "packets" has what was sent back or redirected (mana_en.c mana_rx_skb).
    queue_counters=("rx_{}_packets", "rx_{}_xdp_drop"),
)
