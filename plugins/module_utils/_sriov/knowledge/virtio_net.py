# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver virtio_net."""

from __future__ import annotations

from .driver import Driver

DRIVER = Driver(
    "virtio_net",
    cards="the NIC of virtual machines, above virtio-pci",
    folders=("drivers/net/virtio_net.c",),
    netmap=True,
    queue_counters=("rx_queue_{}_packets",),  # virtio_net.c virtnet_get_strings: 6.1 has them; 6.12: by netlink only
)
