# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver fsl_enetc."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver, Steering, VfDriver
from .vf_support import NO_LINK_STATE, NO_RATES, NO_TABLE, NO_TRUST, ONLY_8021Q, VfSupport

# enetc_ethtool.c rx_ring_stats: "Rx ring %2d frames"
COUNTERS = ("Rx ring  {} frames", "Rx ring {} frames")

DRIVER = Driver(
    "fsl_enetc",
    cards="NXP ENETC (LS1028A)",
    folders=("drivers/net/ethernet/freescale/enetc",),
    vf_change=NO_CHANGE,  # enetc_pf.c enetc_sriov_configure
    rss=(),  # every function has queues of its own
    # enetc_ethtool.c enetc_set_cls_entry, enetc_set_rxnfc
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "sctp4", "ip4"),
        no_vf="enetc_set_rxnfc takes queues of the PF only",
    ),
    # enetc_pf.c enetc_ndev_ops: no ndo_get_vf_config, so nothing is ever told of a VF
    vf_support=VfSupport(
        refuses={**NO_RATES, **NO_TABLE, **NO_TRUST, **NO_LINK_STATE},
        values=ONLY_8021Q,
        untold=("mac", "vlan", "qos", "vlan_proto", "spoofchk"),
    ),
    vf_driver=VfDriver("fsl_enetc_vf", queue_counters=COUNTERS, dpdk="net_enetc"),
    dpdk="net_enetc",
    queue_counters=COUNTERS,
)
