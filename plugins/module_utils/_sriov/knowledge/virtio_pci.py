# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Driver virtio-pci."""

from __future__ import annotations

from .driver import NO_CHANGE, NUM_VFS, Driver
from .vf_support import NOTHING, VfSupport

DRIVER = Driver(
    "virtio-pci",
    cards="virtio over PCI, below virtio_net",
    folders=("drivers/virtio/virtio_pci_common.c",),
    rss=(),  # every function has queues of its own
    vf_change=NO_CHANGE,  # drivers/virtio/virtio_pci_common.c virtio_pci_sriov_configure
    vf_support=VfSupport(refuses=NOTHING),  # drivers/net/virtio_net.c virtnet_netdev
    dpdk="net_virtio",
    causes={
        NUM_VFS: {  # virtio_pci_common.c virtio_pci_sriov_configure
            "EBUSY": "the device is not ready: its driver has not started it",
            "EINVAL": "the device has not offered VFs (VIRTIO_F_SR_IOV): see the hypervisor's options for it",
        },
    },
)
