# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver sfc_siena."""

from __future__ import annotations

from .driver import Driver, Steering
from .vf_support import NO_LINK_STATE, NO_RATES, NO_TABLE, NO_TRUST, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "sfc_siena",
    cards="Solarflare SFC9000 (Siena)",
    folders=("drivers/net/ethernet/sfc/siena",),
    # siena_sriov.c efx_siena_sriov_configure answers 0 and does nothing; siena_sriov.c efx_siena_sriov_init has
    # parameter max_vfs
    creates_vfs=False,
    how_else="set max_vfs of module sfc-siena (modprobe.d), and load it anew: that is for every card of this driver",
    rss=(),  # every function has queues of its own
    ntuple_resets=False,  # siena/efx_common.c efx_siena_set_features: off removes the rules
    # siena/ethtool_common.c efx_ethtool_set_class_rule
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "ip4"),
        no_vf="efx_ethtool_set_class_rule takes queues of the PF only",
        places=True,
    ),
    vf_support=VfSupport(refuses={**NO_RATES, **NO_TABLE, **NO_TRUST, **NO_LINK_STATE}, values=ONLY_8021Q),
    queue_counters=("rx-{}.rx_packets",),  # siena/ethtool_common.c efx_describe_per_queue_stats
)
