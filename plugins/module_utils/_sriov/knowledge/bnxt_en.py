# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver bnxt_en."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, BY_MAC, NO_CHANGE, RULE, Driver, Steering, Xdp
from .vf_support import NO_TABLE, Rates, VfSupport

# bnxt_ethtool.c bnxt_srxclsrlins [from 6.12 on]: a location other than RX_CLS_LOC_ANY is EINVAL. bnxt_ethtool.c
# bnxt_add_ntuple_cls_rule [from 6.12 on]: EOPNOTSUPP for a VF, a VLAN and a user-def. Linux 6.1 has no rules of it.
STEERING = Steering(
    flow_types=("tcp4", "udp4", "ip4", "tcp6", "udp6", "ip6"),
    fields=(*ADDRESSES_AND_PORTS, "proto"),
    ip_protocols=(1, 58, 255),  # ICMP and ICMPv6, if the firmware can, or any other than TCP and UDP (IPPROTO_RAW)
    no_vf="bnxt_add_ntuple_cls_rule takes none, and its chips from P5 on have no rules by MAC",
    places=True,
)
COMMON = Driver(
    "bnxt_en",
    cards="Broadcom NetXtreme-C and -E",
    folders=("drivers/net/ethernet/broadcom/bnxt",),
    # bnxt_sriov.c bnxt_sriov_configure: 0 while the PF is down or the firmware in reset, and what is answered is not
    # handed on (bnxt_sriov.c bnxt_sriov_enable).
    vf_change=NO_CHANGE,
    needs_up=True,
    gives_fewer="give the PF fewer channels (ethtool -L): its VFs have what it leaves of rings, and look at dmesg",
    # bnxt.c bnxt_set_features: closed and opened without the link (bnxt.c bnxt_close_nic, bnxt_open_nic), which VFs do
    # not notice
    ntuple_resets=False,
    steering=STEERING,
    # bnxt_sriov.c bnxt_set_vf_bw; bnxt_sriov.c bnxt_set_vf_vlan keeps the protocol that there is where VLAN and
    # priority stay, and bnxt_sriov.c bnxt_get_vf_config never tells it.
    vf_support=VfSupport(
        refuses={**NO_TABLE, "vlan_proto": "it tells every VLAN as 802.1Q"},
        rates=Rates(within_link=True),
    ),
    xdp=Xdp((6, 1), None, "bnxt_xdp.c bnxt_xdp_set"),
    dpdk="net_bnxt",
    # bnxt_ethtool.c bnxt_ring_rx_stats_str
    queue_counters=("[{}]: rx_ucast_packets", "[{}]: rx_mcast_packets", "[{}]: rx_bcast_packets"),
    causes={
        RULE: {
            "ENOTSUPP": "the firmware is too old for such rules: update it",
            "EAGAIN": "the PF is down: set it up first",
            "EPERM": "ntuple filters are off: the driver turns them off by itself where VFs or channels take too much",
        },
    },
)
# bnxt_ethtool.c bnxt_add_l2_cls_rule [from 6.12 on]: source MAC and ether_type are ignored in silence, and so is a
# queue beside a VF.
P4 = COMMON._replace(
    chip="BCM573xx and BCM574xx",
    cards="Broadcom BCM573xx and BCM574xx",
    steering=STEERING._replace(
        flow_types=("ether", *(STEERING.flow_types or ())),
        fields=(*(STEERING.fields or ()), "dst_mac"),
        whole=("dst_mac",),
        to_vf=BY_MAC,
    ),
)
# bnxt.c bnxt_pci_tbl, and bnxt.h BNXT_CHIP_P5_PLUS [from 6.12 on] of the others
UP_TO_P4 = (
    *("16c8", "16c9", "16ca", "16d0", "16d1", "16d2", "16d3", "16d4", "16d5", "16ce", "16cf", "16df", "16d6", "16d7"),
    *("16d8", "16d9", "16e2", "16e3", "1614", "16f1", "16cd", "d802", "d804", "16f0", "1604", "1605", "16c0", "16cc"),
    *("16de", "16e7", "16e8", "16ea", "16eb", "16ec", "16ed", "16ee", "16ef"),
)

DRIVER = COMMON._replace(chips={f"14e4:{device}": P4 for device in UP_TO_P4})
