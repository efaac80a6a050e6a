# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver i40e; its VFs have iavf."""

from __future__ import annotations

import typing as t

from .driver import ADDRESSES_AND_PORTS, NUM_VFS, PF_RESET, QUEUE, RULE, Driver, Steering, Xdp
from .iavf import IAVF
from .vf_support import NO_LEAST, NO_TABLE, ONLY_8021Q, Rates, VfSupport

if t.TYPE_CHECKING:
    from ..model.flow import FlowRule
    from .driver import Mask

FLEX_OFFSET = 0xFFFF0000  # i40e_ethtool.c I40E_USERDEF_FLEX_OFFSET: where in the payload the word of user-def is


def mask_of(rule: FlowRule) -> Mask:
    """The set of fields, which the card keeps for each flow type (i40e_ethtool.c i40e_check_fdir_input_set)."""
    fields = ((name, value & FLEX_OFFSET if name == "user_def" else mask) for name, value, mask in rule.match)
    return tuple(fields)


# i40e_ethtool.c i40e_add_fdir_ethtool, i40e_check_fdir_input_set. With another mask vlan is left out in silence.
STEERING = Steering(
    flow_types=("tcp4", "udp4", "sctp4", "ip4", "tcp6", "udp6", "sctp6", "ip6"),
    fields=(*ADDRESSES_AND_PORTS, "vlan", "vlan_etype", "user_def"),
    masks={"vlan": (0xFFFF,)},
    to_vf=QUEUE,
    # Documentation/networking/device_drivers/ethernet/intel/i40e.rst: "these filters will not break internal routing
    # rules, and will not route traffic that otherwise would not have been sent to the specified Virtual Function."
    unproven="the kernel's own document on i40e says that such rules move no frames which the VF would not get anyway",
    whole=ADDRESSES_AND_PORTS,
    mask_of=mask_of,
    # i40e_ethtool.c i40e_get_ethtool_fdir_entry: I40E_L3_V6_SRC_MASK has the bits of I40E_L3_SRC_MASK, and ports of
    # IPv6 are written where IPv4 has them: with a source address every mask of IPv4 is told as set, and of IPv6 that of
    # no port ever.
    masks_told=False,
    mask_per_type=True,
)
DRIVER = Driver(
    "i40e",
    cards="Intel X710, XL710, XXV710 and X722",
    folders=("drivers/net/ethernet/intel/i40e",),
    table_known=True,  # i40e_main.c i40e_fill_rss_lut
    rss=(),  # every VF has queues of its own; the PF keeps its group
    vf_change=PF_RESET,  # i40e_virtchnl_pf.c i40e_pci_sriov_configure: I40E_PF_RESET_AND_REBUILD_FLAG
    steering=STEERING,
    # i40e_virtchnl_pf.c i40e_ndo_set_vf_bw, i40e_ndo_set_vf_port_vlan; i40e_main.c i40e_set_bw_limit (50 Mbit/s
    # a credit)
    vf_support=VfSupport(
        refuses={**NO_LEAST, **NO_TABLE},
        values=ONLY_8021Q,
        rates=Rates(50, step=50, within_link=True),
        starts={"spoofchk": True},  # i40e_virtchnl_pf.c i40e_alloc_vfs
    ),
    vf_queues=(4, 16),  # i40e.h I40E_DEFAULT_QUEUES_PER_VF; i40e.h I40E_MAX_VF_QUEUES where it asks for more
    vf_driver=IAVF,
    xdp=Xdp((4, 13), (4, 20), "i40e_main.c i40e_xdp"),  # commits 0c8493d90b6b, 0a714186d3c0
    dpdk="net_i40e",
    pf_ring=True,
    netmap=True,
    queue_counters=("rx-{}.packets",),  # i40e_ethtool.c i40e_gstrings_queue_stats
    causes={
        NUM_VFS: {  # i40e_virtchnl_pf.c i40e_pci_sriov_configure, i40e_pci_sriov_enable
            "EAGAIN": "something asked for the VFs at the same time (a monitor's `ip link show`): run again",
            "EPERM": "the firmware gives this port fewer VFs, or a diagnostic test runs",
            "EINVAL": "a guest holds VFs",
        },
        RULE: {  # i40e_ethtool.c i40e_add_fdir_ethtool, i40e_check_fdir_input_set, i40e_disallow_matching_filters
            "ENOSPC": "flow director is off until rules go: remove some that are not needed",
            "EOPNOTSUPP": "the driver has one set of fields for each flow type (dmesg says), or ntuple filters are off",
            "EINVAL": "the driver has a rule for this flow already (dmesg says), or fewer locations than that",
        },
    },
)
