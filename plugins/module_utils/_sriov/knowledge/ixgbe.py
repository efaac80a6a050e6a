# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver ixgbe; its VFs have ixgbevf."""

from __future__ import annotations

import typing as t

from ..model.mac import ZERO
from .driver import LINK_AWAY, NUM_VFS, QUEUE, Driver, KernelRange, RssStep, Steering, VfDriver, Xdp
from .intel_hash import HASH_FIELDS, HASH_FUNCTIONS
from .judge import LAB, Judge
from .vf_support import ANY_RATE, NO_LEAST, ONLY_8021Q, Rates, VfSupport

if t.TYPE_CHECKING:
    from ..model.flow import FlowRule
    from .driver import Mask


def mask_of(rule: FlowRule) -> Mask:
    """The fields that count and their masks, the L4 type among them, as ixgbe compares them between rules.

    ixgbe_ethtool.c ixgbe_add_ethtool_fdir_entry: tcp4, udp4 and sctp4 mask the flow type, ip4 does not.
    """
    l4 = (("flow_type", int(rule.flow_type not in ("ip4", "ip6", "ether"))),)
    return (*l4, *((name, mask) for name, _value, mask in rule.match))


def mask_hint(rule: FlowRule, other: FlowRule) -> str:
    """Of two rules only one of which compares the L4 protocol, or that compare different parts of a VLAN tag."""
    if mask_of(rule)[0] != mask_of(other)[0]:
        return ". ip4 does not look at the L4 protocol, tcp4, udp4 and sctp4 do"
    vlans = [dict(mask_of(each)).get("vlan") for each in (rule, other)]
    if None in vlans or vlans[0] == vlans[1]:
        return ""
    return (
        ". `vlan` alone compares the id of the VLAN; the ethtool program the whole tag, as masks: {vlan: 0xffff} does"
    )


# ixgbe_ethtool.c ixgbe_add_ethtool_fdir_entry, ixgbe_flowspec_to_flow_type; ixgbe_82599.c
# ixgbe_fdir_write_perfect_filter_82599, ixgbe_fdir_set_input_mask_82599; ixgbe_type.h IXGBE_FDIR_DROP_QUEUE.
STEERING = Steering(
    flow_types=("tcp4", "udp4", "sctp4", "ip4"),
    fields=("src_ip", "dst_ip", "src_port", "dst_port", "vlan", "vlan_etype", "user_def"),
    masks={"vlan": (0x0FFF, 0xE000, 0xEFFF, 0x1FFF, 0xF000, 0xFFFF)},  # bit 12 is not looked at
    whole=("vlan_etype",),
    contexts=False,
    to_vf=QUEUE,
    mask_of=mask_of,
    mask_hint=mask_hint,
    drop_queue=127,
    vf_queues_from_group=True,
    replaces=True,
)
# ixgbe_sriov.c ixgbe_ndo_set_vf_vlan, ixgbe_ndo_set_vf_bw, ixgbe_set_vf_rate_limit, ixgbe_ndo_set_vf_link_state,
# ixgbe_ndo_set_vf_rss_query_en, ixgbe_set_vf_lpe.
VFS = VfSupport(
    refuses=NO_LEAST,
    values={**ONLY_8021Q, "link_state": ("auto", "disable")},
    # ixgbe_sriov.c ixgbe_ndo_set_vf_bw: EINVAL without a link, and unless its speed is exactly 10 Gbit/s: whatever the
    # rate, also 0
    rates=Rates(11, 10000, needs_link=ANY_RATE, speed=10000),
    starts={"spoofchk": True, "mac": ZERO},  # ixgbe_sriov.c __ixgbe_enable_sriov
    jumbo_after_pf=True,
)
# Queues: ixgbe_lib.c ixgbe_set_sriov_queues (4 queues in 32 pools, 2 in 64), ixgbe.h IXGBE_MAX_RSS_INDICES.
# VFs: ixgbe_sriov.c ixgbe_pci_sriov_enable (limits by traffic classes; XDP).
# Commits 924708081629, d0bcacd0a130. MTU: ixgbe.h IXGBE_RXBUFFER_3K less its headers. CPUs: ixgbe.h MAX_XDP_QUEUES
# [before 5.16]; since commit 4fe815850bdc twice ixgbe.h IXGBE_MAX_XDP_QS [from 5.16 on], whose index out of bounds was
# mended by commit c23ae5091a8b.
XDP = Xdp(
    (4, 12),
    (4, 20),
    "ixgbe_main.c ixgbe_xdp_setup",
    max_mtu=3050,
    max_cpus=((KernelRange(before=(5, 16)), 64), (KernelRange(since=(5, 16)), 128)),
    panics_above=((KernelRange((5, 16), (6, 4)), 64),),
    refuses_classes=True,
    refuses_lro=True,
)
COMMON = Driver(
    "ixgbe",
    cards="Intel 82598, 82599 and X540",
    judged=(Judge(LAB, "82599", ((6, 1), (6, 12))),),
    folders=("drivers/net/ethernet/intel/ixgbe",),
    vf_change=LINK_AWAY,  # ixgbe_main.c ixgbe_sriov_reinit
    rss=(RssStep(0, 16), RssStep(1, 4, pool=True), RssStep(32, 2, pool=True)),
    vf_limits=((1, 63), (4, 31), (8, 15)),
    macvlans_cost_vfs=True,  # ixgbe_sriov.c ixgbe_pci_sriov_enable: num_rx_pools, which is fwd_bitmask's weight
    xdp_excludes_vfs=True,
    keeps_channels=True,
    most_channels=63,  # ixgbe.h IXGBE_MAX_FDIR_INDICES
    rss_with_classes=1,
    table_known=True,  # ixgbe_main.c ixgbe_setup_reta
    reopens=True,  # ixgbe_main.c ixgbe_setup_tc, ixgbe_close, ixgbe_fdir_filter_exit, ixgbe_setup_reta
    hash_functions=HASH_FUNCTIONS,  # ixgbe_ethtool.c ixgbe_set_rxfh, which takes any key
    hash_fields=HASH_FIELDS,
    table="shared",  # one RETA and key for all pools: ixgbe_main.c ixgbe_setup_reta
    steering=STEERING,
    vf_support=VFS,
    # ixgbevf.h IXGBEVF_MAX_RSS_QUEUES; ixgbevf/ethtool.c ixgbevf_get_strings. ixgbevf_main.c ixgbevf_probe: an 82599's
    # VF that has agreed on no mailbox API has ETH_DATA_LEN + ETH_FCS_LEN.
    vf_driver=VfDriver(
        "ixgbevf",
        ("drivers/net/ethernet/intel/ixgbevf",),
        queues=2,
        queue_counters=("rx_queue_{}_packets",),
        deaf_mtu=1504,
        no_af_xdp="ixgbevf runs XDP programs, and loses what they redirect (ixgbevf_main.c ixgbevf_run_xdp)",
        dpdk="net_ixgbe_vf",
        pf_ring=True,
        netmap=True,
    ),
    xdp=XDP,
    dpdk="net_ixgbe",
    snabb=("8086:10fb", "8086:151c", "8086:1528", "8086:154d"),
    pf_ring=True,
    netmap=True,
    queue_counters=("rx_queue_{}_packets",),  # ixgbe_ethtool.c ixgbe_get_strings
    causes={
        NUM_VFS: {  # ixgbe_sriov.c ixgbe_pci_sriov_enable: num_rx_pools counts macvlans
            "EPERM": "traffic classes (DCB) leave fewer VFs, and each macvlan that the card carries (l2-fwd-offload) "
            "costs one",
        },
    },
)
# X550 and later have 63 RSS queues without VFs (ixgbe.h IXGBE_MAX_RSS_INDICES_X550) and the same pools with them.
# With VFs they look into tables of the pools (ixgbe_main.c ixgbe_setup_vfreta), which ixgbe_set_rxfh does not write
# (ixgbe_main.c ixgbe_store_reta).
X550 = COMMON._replace(
    chip="X550 and later",
    cards="Intel X550, X553 and E610",
    judged=(),
    rss=(RssStep(0, 63), *(COMMON.rss or ())[1:]),
    table="unreached",
    table_sizes=((0, 512), (1, 64)),
    vf_support=VFS._replace(refuses={**VFS.refuses, "query_rss": "X550 and later tell VFs no RSS table"}),
)
# ixgbe_type.h IXGBE_DEV_ID_X550*; ixgbe_type.h IXGBE_DEV_ID_E610* [from 6.15 on]
X550_AND_LATER = (
    *("1563", "15d1", "15aa", "15ab", "15ac", "15ad", "15ae", "15b0", "15c2", "15c3", "15c4", "15c6", "15c7"),
    *("15c8", "15ca", "15cc", "15ce", "15e4", "15e5", "57ae", "57af", "57b0", "57b1", "57b2"),
)

DRIVER = COMMON._replace(chips={f"8086:{device}": X550 for device in X550_AND_LATER})
