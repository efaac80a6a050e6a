# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver hns3."""

from __future__ import annotations

from .driver import NO_CHANGE, Driver, Steering
from .vf_support import NO_LEAST, NO_TABLE, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "hns3",
    cards="HiSilicon Kunpeng",
    folders=("drivers/net/ethernet/hisilicon/hns3", "drivers/net/ethernet/hisilicon/hns3/hns3pf"),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # hns3_enet.c hns3_pci_sriov_configure
    ntuple_resets=False,  # hns3_enet.c hns3_nic_set_features; hclge_main.c hclge_enable_fd
    # hclge_main.c hclge_init_fd_config: the key has the destination function (DST_VPORT), and there the rule's VF
    # (hclge_main.c hclge_fd_convert_meta_data); what a rule does names a queue only (hclge_main.c hclge_fd_ad_config).
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6"),
        compares_zero=False,  # hclge_main.c hclge_fd_check_tcpip4_tuple, hclge_fd_check_tcpip6_tuple: unused_tuple
        no_vf="a rule for a VF matches only frames that are the VF's already, and picks their queue",
    ),
    # hclge_main.c hclge_set_vf_rate, hclge_set_vf_vlan_filter
    vf_support=VfSupport(refuses={**NO_LEAST, **NO_TABLE}, values=ONLY_8021Q),
    dpdk="net_hns3",
    queue_counters=("rxq{}_packets",),  # hns3_ethtool.c hns3_get_strings_tqps
)
