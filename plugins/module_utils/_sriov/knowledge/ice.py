# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver ice; its VFs have iavf."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, CHANNELS, NO_CHANGE, NUM_VFS, Driver, Steering, Xdp, fields_of
from .iavf import IAVF
from .vf_support import A_LIMIT, NO_TABLE, Rates, VfSupport

DRIVER = Driver(
    "ice",
    cards="Intel E810, E82x and E830",
    folders=("drivers/net/ethernet/intel/ice",),
    table_known=True,  # ice_main.c ice_fill_rss_lut
    rss=(),  # every VF has queues of its own; the PF keeps its group
    vf_change=NO_CHANGE,  # ice_sriov.c ice_pci_sriov_ena
    ntuple_resets=False,  # ice_main.c ice_set_features; ice_ethtool_fdir.c ice_vsi_manage_fdir
    # ice_ethtool_fdir.c ice_add_fdir_ethtool, ice_set_fdir_input_set ("Flow director filters are not supported on VF
    # queues"); ice_ethtool_fdir.c ice_fdir_set_hw_fltr_rule
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6"),
        no_vf="ice_add_fdir_ethtool takes no VF queue",
        whole=ADDRESSES_AND_PORTS,
        mask_of=fields_of,
        mask_per_type=True,
    ),
    # ice_sriov.c ice_set_vf_bw; ice_lib.c ice_set_max_bw_limit
    vf_support=VfSupport(
        refuses=NO_TABLE,
        rates=Rates(needs_link=A_LIMIT, within_link=True),
        starts={"spoofchk": True},  # ice_vf_lib.c ice_initialize_vf_entry [from 6.12 on]
    ),
    vf_queues=(16, 4, 2, 1),  # ice_sriov.c ice_set_per_vf_res: by the interrupts that are left for each VF
    vf_driver=IAVF,
    xdp=Xdp((5, 5), (5, 5), "ice_main.c ice_xdp"),  # commit 2d4238f55697
    dpdk="net_ice",
    pf_ring=True,
    netmap=True,
    queue_counters=("rx_queue_{}_packets",),  # ice_ethtool.c __ice_get_strings
    causes={
        NUM_VFS: {  # ice_sriov.c ice_check_sriov_allowed, ice_pci_sriov_ena, ice_set_per_vf_res
            "ENOSPC": "there are too few interrupts (MSI-X) or queues for so many VFs: ask for fewer, give the PF "
            "fewer channels, or unbind its RDMA driver (irdma), which has one for each CPU",
            "EOPNOTSUPP": "the driver is in safe mode (no DDP package: dmesg says), or the firmware has fewer VFs",
            "EBUSY": "the device is in reset, or a guest holds VFs: run again",
        },
        CHANNELS: {  # ice_ethtool.c ice_set_channels
            "EBUSY": "the RDMA driver (irdma) is bound to the NIC: unload it first",
            "EOPNOTSUPP": "the driver changes none while flow rules are there, or in safe mode: remove the rules first",
        },
    },
)
