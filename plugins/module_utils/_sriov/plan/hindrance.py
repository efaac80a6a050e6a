# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What keeps a device from a driver for kernel bypass: the plan refuses by it, and module info quotes it. Pure."""

from __future__ import annotations

import typing as t

from ..knowledge import index
from ..knowledge.bypass_drivers import HARMLESS_GROUP_DRIVERS, bypass_to
from ..model.consent import BIFURCATED

if t.TYPE_CHECKING:
    from ..knowledge.bypass_drivers import BypassDriver
    from ..model.host import Device, Host


class Hindrance(t.NamedTuple):
    """Why not, and what can be done about it.

    :param what: what cannot be, where it is not the binding itself: "no_iommu: cannot be used".
    :param consent: the word of model.consent by which it is none.
    """

    why: str
    remedy: str
    what: str = ""
    consent: str = ""


def hindrances(
    device: Device,
    driver: BypassDriver,
    host: Host,
    no_iommu: bool = False,
    targets: t.Mapping[str, str | None] | None = None,
) -> t.Iterator[Hindrance]:
    """None of them where the device could be bound to the driver.

    :param device: also one that is yet to be created (planned).
    :param no_iommu: it may do without an IOMMU group.
    :param targets: drivers that other devices get at the same time, by PCI address.
    """
    if index.driver(device.driver or device.default_driver).bifurcated:
        yield Hindrance(
            f"DPDK drives this NIC beside its kernel driver {device.default_driver or device.driver}",
            f"leave the device with the kernel driver; allow: [{BIFURCATED}] if your application is not DPDK",
            consent=BIFURCATED,
        )
    if driver.needs_intx and device.physfn is not None:
        yield Hindrance("a VF has no legacy interrupt (INTx), and this driver serves no other", "use vfio-pci")
    without = driver.iommu and no_iommu and not has_group(device, host)
    if (driver.locked_out or without) and host.lockdown != "none":
        yield Hindrance(
            f"the kernel is locked down ({host.lockdown})",
            "use vfio-pci with the IOMMU on, or boot without Secure Boot's lockdown",
            "" if driver.locked_out else "no_iommu: cannot be used",
        )
    if driver.iommu:
        yield from _iommu(device, host, no_iommu, targets or {})


def has_group(device: Device, host: Host) -> bool:
    """A VF that is yet to be created gets a group from an IOMMU that is on; which one is not known."""
    return device.iommu_group is not None or (device.planned and host.iommu)


def _iommu(device: Device, host: Host, no_iommu: bool, targets: t.Mapping[str, str | None]) -> t.Iterator[Hindrance]:
    if not has_group(device, host):
        if not no_iommu:
            yield Hindrance(
                "the device is in no IOMMU group" + ("" if host.iommu else ": the IOMMU is off"),
                "turn VT-d or AMD-Vi on in the firmware setup and boot with intel_iommu=on iommu=pt (Intel); "
                "no_iommu: true gives up the protection of memory",
            )
        elif host.noiommu_mode is None:
            yield Hindrance(
                "it was built without CONFIG_VFIO_NOIOMMU",
                "turn the IOMMU on",
                "no_iommu: this kernel has no such mode",
            )
    if device.iommu_group is None:
        return
    blocking = [
        f"{member.label} ({member.driver})"
        for member in host.group_members(device.iommu_group)
        if member.address != device.address and not _harmless(member, targets.get(member.address, member.driver), host)
    ]
    if blocking:
        yield Hindrance(
            f"IOMMU group {device.iommu_group} also holds {', '.join(blocking)}: a group is given away whole",
            "bind those too, or to none; put the NIC into a slot whose ports have ACS",
        )


def _harmless(member: Device, driver: str | None, host: Host) -> bool:
    """Drivers of vfio do not make the kernel claim a device's DMA, whichever they are (driver_managed_dma)."""
    bypass = bypass_to(member, driver, host)
    return driver is None or driver in HARMLESS_GROUP_DRIVERS or bool(bypass and bypass.iommu)
