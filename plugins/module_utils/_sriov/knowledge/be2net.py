# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver be2net."""

from __future__ import annotations

from .driver import LINK_AWAY, Driver
from .vf_support import A_LIMIT, NO_LEAST, NO_TABLE, NO_TRUST, ONLY_8021Q, Rates, VfSupport

DRIVER = Driver(
    "be2net",
    cards="Emulex OneConnect",
    folders=("drivers/net/ethernet/emulex/benet",),
    vf_change=LINK_AWAY,  # be_main.c be_pci_sriov_configure; be_main.c be_update_queues makes its interface anew
    gives_fewer="look at dmesg: be_vf_setup may have failed",
    # be_main.c be_set_vf_vlan, be_set_vf_tx_rate (multiples of 1 % of the link with Skyhawk)
    vf_support=VfSupport(
        refuses={**NO_LEAST, **NO_TABLE, **NO_TRUST},
        values=ONLY_8021Q,
        rates=Rates(100, needs_link=A_LIMIT, within_link=True),
    ),
    queue_counters=("rxq{}: rx_pkts",),  # be_ethtool.c be_get_stat_strings
)
