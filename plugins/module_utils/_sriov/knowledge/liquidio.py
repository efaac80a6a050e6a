# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver LiquidIO."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver, VfDriver
from .vf_support import LINK_SPEED, NO_RATES, NO_TABLE, ONLY_8021Q, VfSupport

COUNTERS = ("rx-{}-packets",)  # lio_ethtool.c lio_get_strings, lio_vf_get_strings, oct_droq_stats_strings

DRIVER = Driver(
    "LiquidIO",
    cards="Cavium (Marvell) LiquidIO II",
    folders=("drivers/net/ethernet/cavium/liquidio",),
    vf_change=NO_CHANGE,
    # lio_main.c liquidio_enable_sriov answers 0, also where lio_main.c octeon_enable_sriov failed
    gives_fewer="look at dmesg: the driver may have failed, and answers success all the same",
    rss=(),  # every function has queues of its own
    # lio_main.c liquidio_set_vf_vlan; lio_main.c liquidio_get_vf_config: the rate is that of the link
    vf_support=VfSupport(
        refuses={**NO_RATES, **NO_TABLE},
        values=ONLY_8021Q,
        absent={"max_tx_rate": LINK_SPEED},
    ),
    vf_driver=VfDriver("LiquidIO_VF", queue_counters=COUNTERS),
    queue_counters=COUNTERS,
)
