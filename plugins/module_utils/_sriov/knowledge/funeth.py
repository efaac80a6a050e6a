# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver funeth."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver
from .vf_support import NO_LEAST, NO_LINK_STATE, NO_TABLE, NO_TRUST, VfSupport

DRIVER = Driver(
    "funeth",
    cards="Fungible",
    folders=("drivers/net/ethernet/fungible/funeth",),
    vf_change=NO_CHANGE,  # funeth_main.c funeth_sriov_configure
    rss=(),  # every function has queues of its own
    # funeth_main.c fun_netdev_ops: spoofchk is told, and there is no ndo to set it, nor one for link_state
    vf_support=VfSupport(
        refuses={**NO_LEAST, **NO_TABLE, **NO_TRUST, **NO_LINK_STATE, "spoofchk": "it has nothing to set it by"}
    ),
    queue_counters=("rx_pkts[{}]",),  # funeth_ethtool.c fun_get_strings
)
