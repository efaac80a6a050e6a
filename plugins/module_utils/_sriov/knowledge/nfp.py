# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver nfp."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, Driver, Steering, VfDriver
from .vf_support import NO_TABLE, Rates, VfSupport

DRIVER = Driver(
    "nfp",
    cards="Netronome (Corigine)",
    folders=("drivers/net/ethernet/netronome/nfp",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # nfp_main.c nfp_pcie_sriov_enable
    # The firmware counts (nfp_net_ctrl.h NFP_NET_CFG_CTRL_FLOW_STEER [from 6.12 on]), there is no such feature.
    ntuple_resets=False,
    ntuple_needed=False,
    # nfp_net_ethtool.c nfp_net_fs_add, nfp_net_fs_check_existing [from 6.12 on]; vNICs of other applications have no
    # rules
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6"),
        no_vf="nfp_net_fs_add takes queues of the PF only",
    ),
    # nfp_net_sriov.c nfp_app_set_vf_rate
    vf_support=VfSupport(refuses=NO_TABLE, rates=Rates(most=65534)),
    # nfp_net_common.c nfp_net_netdev_init: both have the same ethtool_ops.
    vf_driver=VfDriver("nfp_netvf", queue_counters=("rvec_{}_rx_pkts",), dpdk="net_nfp_vf"),
    dpdk="net_nfp",
    queue_counters=("rvec_{}_rx_pkts",),  # nfp_net_ethtool.c nfp_vnic_get_sw_stats_strings
    causes={
        NUM_VFS: {  # nfp_main.c nfp_pcie_sriov_enable
            "EINVAL": "the firmware gives fewer VFs",
            "ENOENT": "the firmware has no application yet: look at dmesg",
        },
    },
)
