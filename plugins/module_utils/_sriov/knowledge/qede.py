# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver qede."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, NO_CHANGE, NUM_VFS, RULE, VF_RSS, Driver, Steering, fields_of
from .vf_support import LINK_SPEED, NO_PRIORITY, NO_TABLE, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "qede",
    cards="QLogic FastLinQ",
    folders=("drivers/net/ethernet/qlogic/qede", "drivers/net/ethernet/qlogic/qed"),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # qed_sriov.c qed_sriov_enable
    # qede_filter.c qede_set_features, qede_fix_features know nothing of it
    ntuple_resets=False,
    ntuple_needed=False,
    # qede_filter.c qede_add_cls_rule; of VFs: qed/qed_l2.c qed_ntuple_arfs_filter_config
    steering=Steering(
        flow_types=("tcp4", "udp4", "tcp6", "udp6"),
        fields=ADDRESSES_AND_PORTS,
        to_vf=VF_RSS,  # qed_ntuple_arfs_filter_config: QED_RFS_NTUPLE_QID_RSS
        whole=ADDRESSES_AND_PORTS,
        mask_of=fields_of,
        masks_told=False,  # qede_filter.c qede_get_cls_rule_entry fills none in
    ),
    # qede_main.c qede_set_vf_vlan; qed_sriov.c qed_get_vf_config: the rate of a VF without a limit is the link's
    vf_support=VfSupport(
        refuses={**NO_TABLE, **NO_PRIORITY},
        values=ONLY_8021Q,
        absent={"max_tx_rate": LINK_SPEED},
    ),
    dpdk="net_qede",
    # qede_ethtool.c qede_get_strings_stats_rxq; what a program took is apart (qede_fp.c qede_rx_xdp).
    queue_counters=("{}: rcv_pkts", "{}: xdp_no_pass"),
    causes={
        NUM_VFS: {  # qed_sriov.c qed_sriov_enable
            "EINVAL": "the card has fewer virtual ports than that: ask for fewer VFs",
            "EBUSY": "the card is busy: run again",
        },
        RULE: {  # qede_filter.c qede_add_cls_rule, qede_poll_arfs_filter_config
            "EINVAL": "all rules of the port compare the same: 5-tuples, or destination ports, or source addresses, or "
            "destination addresses; and a location holds one rule",
            "EIO": "the card took no such rule: there may be no such VF",
            "EPERM": "the driver has no memory for rules: look at dmesg",
        },
    },
)
