# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver fm10k."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver
from .vf_support import NO_CHECK, NO_LEAST, NO_LINK_STATE, NO_PRIORITY, NO_TABLE, NO_TRUST, ONLY_8021Q, Rates, VfSupport

DRIVER = Driver(
    "fm10k",
    cards="Intel FM10000",
    folders=("drivers/net/ethernet/intel/fm10k",),
    vf_change=NO_CHANGE,  # fm10k_iov.c fm10k_iov_configure
    rss=(),  # every function has queues of its own
    # fm10k_iov.c fm10k_ndo_set_vf_bw leaves the least rate out; fm10k_iov.c fm10k_ndo_set_vf_vlan
    vf_support=VfSupport(
        refuses={**NO_LEAST, **NO_TABLE, **NO_TRUST, **NO_CHECK, **NO_PRIORITY, **NO_LINK_STATE},
        values=ONLY_8021Q,
        rates=Rates(1, 100000),  # fm10k_type.h FM10K_VF_TC_MIN, FM10K_VF_TC_MAX
    ),
    dpdk="net_fm10k",
    queue_counters=("rx_queue_{}_packets",),  # fm10k_ethtool.c fm10k_get_stat_strings
)
