# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Model objects as module results: plain dictionaries with the words of DESIGN."""

from __future__ import annotations

import typing as t

from ._knowledge import pf_driver, rss_group

if t.TYPE_CHECKING:
    from ._model import Device, Pf


def pf_view(pf: Pf) -> dict[str, t.Any]:
    """A PF with its VFs."""
    netdev = pf.device.netdev
    driver = pf_driver(pf.device.driver, pf.device.vendor, pf.device.device)
    return {
        "name": netdev.name if netdev else None,
        "pci_address": pf.device.address,
        "driver": pf.device.driver,
        "mac": netdev.mac if netdev else None,
        "up": netdev.up if netdev else None,
        "carrier": netdev.carrier if netdev else None,
        "num_vfs": pf.num_vfs,
        "total_vfs": pf.total_vfs,
        "drivers_autoprobe": pf.drivers_autoprobe,
        "rss_queues": rss_group(driver, pf.num_vfs, netdev.combined_channels) if netdev else None,
        "iommu_group": pf.device.iommu_group,
        "numa_node": pf.device.numa_node,
        "holders": [holder.text for holder in pf.device.holders],
        "vfs": [device_view(vf) for vf in pf.vfs],
    }


def device_view(device: Device) -> dict[str, t.Any]:
    """One PCI function."""
    return {
        "pci_address": device.address,
        "pf": device.physfn,
        "vf": device.vf,
        "driver": device.driver,
        "driver_override": device.driver_override,
        "default_driver": device.default_driver,
        "name": device.netdev.name if device.netdev else None,
        "mac": device.netdev.mac if device.netdev else None,
        "iommu_group": device.iommu_group,
        "numa_node": device.numa_node,
        "dev_node": device.dev_node,
        "owner": device.dev_owner,
        "group": device.dev_group,
        "mode": None if device.dev_mode is None else f"{device.dev_mode:04o}",
        "holders": [holder.text for holder in device.holders],
    }
