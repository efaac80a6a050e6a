# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver mlx5_core; its VFs have the same driver."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, NO_CHANGE, RULE, Driver, Steering, Xdp
from .vf_support import NO_TABLE, ONLY_8021Q, VfSupport

DRIVER = Driver(
    "mlx5_core",
    cards="NVIDIA (Mellanox) ConnectX-4 and later",
    folders=("drivers/net/ethernet/mellanox/mlx5/core", "drivers/net/ethernet/mellanox/mlx5/core/en"),
    table_known=True,  # en/rqt.c mlx5e_rss_params_indir_init_uniform
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # sriov.c mlx5_core_sriov_configure
    # en_main.c set_feature_arfs: ntuple is that of aRFS. en_fs_ethtool.c mlx5e_ethtool_set_rxnfc does not look at it.
    ntuple_resets=False,
    ntuple_needed=False,
    # en_fs_ethtool.c validate_flow
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "ip4", "tcp6", "udp6", "ip6"),
        fields=(*ADDRESSES_AND_PORTS, "proto", "src_mac", "dst_mac", "ether_type", "vlan"),
        masks={"vlan": (0x0FFF,)},
        no_vf="validate_flow takes queues of the PF only",
    ),
    # en_main.c mlx5e_set_vf_vlan, mlx5e_set_vf_rate; drivers/net/ethernet/mellanox/mlx5/core/esw/legacy.c
    # mlx5_eswitch_set_vport_vlan
    vf_support=VfSupport(refuses=NO_TABLE, values=ONLY_8021Q),
    # Commits 86994156c736, db05815b36cb.
    xdp=Xdp((4, 9), (5, 3), "mlx5/core/en_main.c mlx5e_xdp_set", refuses_lro=True),
    dpdk="net_mlx5",
    bifurcated=True,  # DPDK guide, mlx5
    verbs="mlx5_ib",
    snabb=("15b3:1013", "15b3:1017", "15b3:1019", "15b3:101d", "15b3:1021"),
    netmap=True,  # of NVIDIA's own driver, mlx5
    # en_stats.c rq_stats_desc, rq_xdpsq_stats_desc, xskrq_stats_desc: an AF_XDP socket has a ring of its own beside the
    # queue's. What a program took is in none of the "packets" (en/xdp.c mlx5e_xdp_handle).
    queue_counters=(
        "rx{}_packets",
        "rx{}_xdp_drop",
        "rx{}_xdp_redirect",
        "rx{}_xdp_tx_xmit",
        "rx{}_xsk_packets",
        "rx{}_xsk_xdp_drop",
        "rx{}_xsk_xdp_redirect",
    ),
    packet_counters=("ptp_rq0_packets",),  # en_stats.c ptp_rq_stats_desc
    causes={
        RULE: {  # mlx5/core/en_fs_ethtool.c validate_flow, mlx5e_ethtool_flow_replace
            "ENOTSUPP": "the driver has no rules of this flow type (sctp)",
            "ENOSPC": "the location is beyond the driver's 1024, or ten sets of fields are in use",
        },
    },
)
