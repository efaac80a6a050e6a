# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""mlx4_core: Mellanox ConnectX to ConnectX-3; its VFs have the same driver."""

from __future__ import annotations

from .driver import ADDRESSES_AND_PORTS, Driver, Steering, Xdp

DRIVER = Driver(
    "mlx4_core",
    folders=("drivers/net/ethernet/mellanox/mlx4",),
    rss=(),  # every function has queues of its own
    # mlx4/en_netdev.c mlx4_en_set_features leaves it to aRFS; mlx4_en_set_rxnfc looks at the steering mode alone.
    ntuple_resets=False,
    ntuple_needed=False,
    # mlx4/en_ethtool.c mlx4_en_validate_flow, mlx4_en_set_rxnfc
    steering=Steering(
        flow_types=("ether", "tcp4", "udp4", "ip4"),
        no_vf="mlx4_en_set_rxnfc takes queues of the PF only",
        whole=ADDRESSES_AND_PORTS,
    ),
    xdp=Xdp((6, 1), None, "mlx4/en_netdev.c mlx4_xdp"),
    dpdk="net_mlx4",
    bifurcated=True,  # DPDK guide, mlx4
    # en_ethtool.c mlx4_en_get_strings; what a program took is not in "packets" (en_rx.c mlx4_en_process_rx_cq).
    queue_counters=("rx{}_packets", "rx{}_xdp_drop", "rx{}_xdp_redirect", "rx{}_xdp_tx"),
)
