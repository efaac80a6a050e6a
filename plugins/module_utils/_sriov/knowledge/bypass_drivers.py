# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Drivers that hand a device to user space, as data: a new one is one entry in BYPASS_DRIVERS.

Drivers of vfio for one kind of device (mlx5_vfio_pci, xe_vfio_pci, a vendor's own) are no entries: the kernel shows
what they are (Device.vfio, Fit.vfio).
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..model.host import Device, Host


class BypassDriver(t.NamedTuple):
    """A driver that hands a device to user space.

    :param iommu: binds through an IOMMU group (vfio).
    :param needs_intx: serves interrupts by legacy INTx only, which a VF does not have.
    :param locked_out: does not work, or is not loadable, under kernel lockdown.
    """

    name: str
    iommu: bool = False
    needs_intx: bool = False
    locked_out: bool = False


BYPASS_DRIVERS = {
    driver.name: driver
    for driver in (
        BypassDriver("vfio-pci", iommu=True),
        # VFs have no INTx: drivers/pci/probe.c pci_read_irq; DPDK's guide names igb_uio or vfio for them.
        BypassDriver("uio_pci_generic", needs_intx=True, locked_out=True),
        BypassDriver("igb_uio", locked_out=True),
    )
}

# They are for any device, and match none by themselves: they keep it from other drivers. drivers/pci/pci-stub.c
# stub_driver; drivers/pci/pci-pf-stub.c pf_stub_driver; drivers/xen/xen-pciback/pci_stub.c xen_pcibk_pci_driver.
PF_STUB = "pci-pf-stub"  # has a PF for the sake of its VFs: it creates them, and gives no interface
STUB_DRIVERS = frozenset({"pci-stub", PF_STUB, "pciback"})

# They may stay in an IOMMU group that user space takes (drivers/iommu/iommu.c iommu_device_use_default_domain).
HARMLESS_GROUP_DRIVERS = frozenset({"vfio-pci", "pci-stub", "pcieport"})

WITHOUT_INTERFACE = frozenset({*BYPASS_DRIVERS, *STUB_DRIVERS})


def bypass_driver(name: str | None, vfio: bool = False) -> BypassDriver | None:
    """What is known of a driver for user space; None of any other.

    :param vfio: it is one of vfio.
    """
    known = BYPASS_DRIVERS.get(name or "")
    return known or (BypassDriver(name, iommu=True) if vfio and name else None)


def bypass_of(device: Device) -> BypassDriver | None:
    """The driver that a device has, if that hands it to user space."""
    return bypass_driver(device.driver, device.vfio)


def bypass_to(device: Device, name: str | None, host: Host) -> BypassDriver | None:
    """bypass_of() once the device has the driver of this name."""
    if name is None or name == device.driver:
        return bypass_of(device) if name else None
    return bypass_driver(name, host.fit(device, name).vfio)
