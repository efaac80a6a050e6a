# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver rvu_nicpf."""

from __future__ import annotations

from .driver import NO_CHANGE, QUEUE, RULE, Driver, Steering, VfDriver
from .vf_support import NO_CHECK, NO_LINK_STATE, NO_PRIORITY, NO_RATES, NO_TABLE, ONLY_8021Q, VfSupport

COUNTERS = ("rxq{}: frames",)  # otx2_ethtool.c otx2_get_qset_strings, also of VFs

DRIVER = Driver(
    "rvu_nicpf",
    cards="Marvell OcteonTX2 and CN10K (octeontx2)",
    folders=("drivers/net/ethernet/marvell/octeontx2/nic",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # nic/otx2_pf.c otx2_sriov_enable
    ntuple_resets=False,  # nic/otx2_common.c otx2_handle_ntuple_tc_features: off removes the rules
    # otx2_flows.c otx2_prepare_flow_request, otx2_add_flow_msg;
    # drivers/net/ethernet/marvell/octeontx2/af/rvu_npc_fs.c npc_update_rx_entry: the frames of the port go to the
    # function that the rule names, whatever their address.
    steering=Steering(
        flow_types=(
            *("ether", "tcp4", "udp4", "sctp4", "ah4", "esp4", "ip4", "tcp6", "udp6", "sctp6", "ah6", "esp6", "ip6"),
        ),
        to_vf=QUEUE,
        checks_vf_queue=False,
        vf_driver_first=True,
    ),
    # nic/otx2_pf.c otx2_netdev_ops, otx2_set_vf_vlan
    vf_support=VfSupport(
        refuses={**NO_RATES, **NO_TABLE, **NO_CHECK, **NO_PRIORITY, **NO_LINK_STATE}, values=ONLY_8021Q
    ),
    vf_driver=VfDriver("rvu_nicvf", queue_counters=COUNTERS, dpdk="net_cnxk"),
    dpdk="net_cnxk",
    queue_counters=COUNTERS,
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
