# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver sfc."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, NO_CHANGE, Driver, Steering, Xdp
from .vf_support import NO_PRIORITY, NO_RATES, NO_TABLE, NO_TRUST, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "sfc",
    cards="Solarflare (AMD)",
    folders=("drivers/net/ethernet/sfc",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # sfc/ef10_sriov.c efx_ef10_pci_sriov_enable
    ntuple_resets=False,  # sfc/efx_common.c efx_set_features: off removes the rules
    # sfc/ethtool_common.c efx_ethtool_set_class_rule: a location other than RX_CLS_LOC_ANY is EINVAL
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "ip4", "tcp6", "udp6", "ip6"),
        no_vf="efx_ethtool_set_class_rule takes queues of the PF only",
        whole=ADDRESSES_AND_PORTS,
        places=True,
    ),
    # sfc/ef10_sriov.c efx_ef10_sriov_set_vf_vlan, efx_ef10_sriov_get_vf_config
    vf_support=VfSupport(
        refuses={**NO_RATES, **NO_TABLE, **NO_TRUST, **NO_PRIORITY},
        values=ONLY_8021Q,
        untold=("spoofchk",),
    ),
    xdp=Xdp((6, 1), None, "sfc/efx.c efx_xdp"),
    dpdk="net_sfc_efx",
    snabb=("1924:0903",),
    ef_vi=True,  # sfc_char comes with a driver of this name
    # sfc/ethtool_common.c efx_describe_per_queue_stats. The number is the channel's, which is the queue's unless
    # channels were set aside.
    queue_counters=("rx-{}.rx_packets",),
)
