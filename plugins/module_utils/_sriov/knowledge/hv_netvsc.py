# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver hv_netvsc."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "hv_netvsc",
    cards="Hyper-V's virtual NIC",
    folders=("drivers/net/hyperv",),
    # netvsc_drv.c netvsc_get_strings; what a program dropped is not in "packets": netvsc_drv.c netvsc_recv_callback.
    queue_counters=("rx_queue_{}_packets", "rx_queue_{}_xdp_drop"),
    packet_counters=("vf_rx_packets",),  # that came by its VF: netvsc_drv.c netvsc_vf_handle_frame
)
