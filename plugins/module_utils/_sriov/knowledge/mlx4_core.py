# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver mlx4_core; its VFs have the same driver."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, Driver, Steering, Xdp
from .vf_support import NO_LEAST, NO_TABLE, NO_TRUST, Rates, VfSupport

DRIVER = Driver(
    "mlx4_core",
    cards="Mellanox ConnectX to ConnectX-3",
    folders=("drivers/net/ethernet/mellanox/mlx4",),
    rss=(),  # every function has queues of its own
    creates_vfs=False,  # mlx4/main.c mlx4_driver has no sriov_configure; mlx4/main.c __mlx4_init_one
    how_else="set num_vfs of module mlx4_core (modprobe.d), and load it anew: that is for every card of this driver",
    # mlx4/en_netdev.c mlx4_en_set_features leaves it to aRFS; mlx4/en_ethtool.c mlx4_en_set_rxnfc looks at the
    # steering mode alone.
    ntuple_resets=False,
    ntuple_needed=False,
    # mlx4/en_ethtool.c mlx4_en_validate_flow, mlx4_en_set_rxnfc
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "ip4"),
        no_vf="mlx4_en_set_rxnfc takes queues of the PF only",
        whole=ADDRESSES_AND_PORTS,
    ),
    # mlx4/cmd.c mlx4_set_vf_rate, mlx4_get_vf_config: a VLAN of 4095 (MLX4_VGT) is none, and VFs without one have no
    # rate.
    vf_support=VfSupport(
        refuses={**NO_LEAST, **NO_TABLE, **NO_TRUST},
        rates=Rates(needs_vlan=True),
        absent={"vlan": 4095},
    ),
    xdp=Xdp((6, 1), None, "mlx4/en_netdev.c mlx4_xdp"),
    dpdk="net_mlx4",
    bifurcated=True,  # DPDK guide, mlx4
    verbs="mlx4_ib",
    # en_ethtool.c mlx4_en_get_strings; what a program took is not in "packets" (en_rx.c mlx4_en_process_rx_cq).
    queue_counters=("rx{}_packets", "rx{}_xdp_drop", "rx{}_xdp_redirect", "rx{}_xdp_tx"),
)
