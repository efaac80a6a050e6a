# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""rvu_nicpf: Marvell OcteonTX2 and CN10K (octeontx2)."""

from __future__ import annotations

from .driver import RULE, Driver

DRIVER = Driver(
    "rvu_nicpf",
    folders=("drivers/net/ethernet/marvell/octeontx2/nic",),
    rss=(),  # every function has queues of its own
    queue_counters=("rxq{}: frames",),  # otx2_ethtool.c otx2_get_qset_strings
    causes={
        # otx2_ethtool.c otx2_set_rxnfc; otx2_flows.c otx2_add_flow. Numbers above 700 are answers of the admin
        # function: drivers/net/ethernet/marvell/octeontx2/af/mbox.h NPC_FLOW_NO_NIXLF, NPC_FLOW_VF_NOT_INIT.
        RULE: {
            "709": "the VF has no queues yet: bind its driver first",
            "712": "the VF is not set up: bind its driver, and set its interface up, first",
            "EOPNOTSUPP": "ntuple filters are off, the PF is down, or tc flower has the filters",
        },
    },
)
