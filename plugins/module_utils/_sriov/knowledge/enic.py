# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver enic."""

from __future__ import annotations

from .driver import Driver
from .vf_support import NOTHING, VfSupport

DRIVER = Driver(
    "enic",
    cards="Cisco VIC",
    folders=("drivers/net/ethernet/cisco/enic",),
    creates_vfs=False,  # enic_main.c enic_probe enables those that the adapter has
    how_else="set their number in the vNIC of the server profile (UCS Manager, CIMC)",
    # enic_main.c enic_netdev_dynamic_ops, enic_set_vf_mac: port profiles have all else; no ndo_get_vf_config
    vf_support=VfSupport(refuses={name: why for name, why in NOTHING.items() if name != "mac"}, untold=("mac",)),
    dpdk="net_enic",
)
