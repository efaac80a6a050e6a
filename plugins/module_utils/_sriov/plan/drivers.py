# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans which driver PCI functions have. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InUse, InvalidRequest, NotSupported
from ..knowledge import index
from ..knowledge.bypass_drivers import BYPASS_DRIVERS, HARMLESS_GROUP_DRIVERS, BypassDriver
from ..model.host import NodeSpec
from ..observe.management import SSH
from ..steps.pci import AllowNoIommu, Bind, ClearOverride, LoadModule, Plan, SetNode, Unbind

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.host import Device, DriverSpec, Host
    from ..steps.pci import Step


def plan_drivers(devices: Mapping[str, Device], specs: Sequence[DriverSpec], host: Host) -> Plan:
    """The steps that give each device the driver it shall have; none for those that have it.

    :param devices: every device that a spec names, by address.
    :raises SriovError: for the first device whose wish cannot be met; then nothing is planned for the others either.
    """
    targets = {spec.address: target_driver(devices[spec.address], spec) for spec in specs}
    for spec in specs:
        check_driver(devices[spec.address], spec, targets, host)
    _check_nodes(devices, specs)
    steps: list[Step] = []
    for spec in specs:
        steps += _device_steps(devices[spec.address], spec, targets[spec.address])
    return Plan(tuple([*_host_steps(devices, specs, targets, host), *steps]))


def target_driver(device: Device, spec: DriverSpec) -> str | None:
    """The driver's name; None for none.

    :raises NotSupported: driver: default, and this kernel has no driver for the device.
    """
    if spec.driver == "none":
        return None
    if spec.driver != "default":
        return spec.driver
    if device.default_driver is None:
        raise NotSupported(
            "driver: default: this kernel has no driver",
            device=device.label,
            why=f"no module's alias matches {device.vendor}:{device.device}",
            remedy="install the kernel's module package, or name a driver",
        )
    return device.default_driver


def predict_device(device: Device, spec: DriverSpec) -> Device:
    """The device as it would be after the plan."""
    target = target_driver(device, spec)
    if target == device.driver:
        override = None if spec.driver == "default" else device.driver_override
        return _with_node(replace(device, driver_override=override), spec.node)
    vfio = _uses_vfio(target)
    return _with_node(
        replace(
            device,
            driver=target,
            driver_override=None if target else device.driver_override,
            netdevs=(),  # what the driver will call them is not known before
            holders=(),
            dev_node=f"/dev/vfio/{device.iommu_group}" if vfio and device.iommu_group is not None else None,
            dev_owner=0 if vfio else None,
            dev_group=0 if vfio else None,
            dev_mode=0o600 if vfio else None,
        ),
        spec.node,
    )


def check_driver(device: Device, spec: DriverSpec, targets: Mapping[str, str | None], host: Host) -> None:
    """Every refusal for one device, before the first step."""
    target = targets[spec.address]
    bypass = BYPASS_DRIVERS.get(target or "")
    if spec.node != NodeSpec() and not (bypass and bypass.iommu):
        raise InvalidRequest(
            "owner, group and mode are of /dev/vfio/N",
            device=device.label,
            why=f"driver {spec.driver} has no such node",
            remedy="leave them out, or use driver: vfio-pci",
        )
    if target == device.driver:
        return
    if target is not None:
        _check_exists(target, host)
    if bypass is not None:
        _check_bypass(device, spec, bypass, targets, host)
    _check_pf(device, spec, target)
    _check_use(device, spec, target)


def _check_nodes(devices: Mapping[str, Device], specs: Sequence[DriverSpec]) -> None:
    """One IOMMU group has one node."""
    wishes: dict[int, DriverSpec] = {}
    for spec in specs:
        group = devices[spec.address].iommu_group
        if group is None or spec.node == NodeSpec():
            continue
        other = wishes.setdefault(group, spec)
        if other.node != spec.node:
            raise InvalidRequest(
                f"owner, group or mode of {other.address} and {spec.address} differ",
                why=f"both are in IOMMU group {group} and share /dev/vfio/{group}",
                remedy="give them the same",
            )


def _check_exists(target: str, host: Host) -> None:
    if target in host.drivers:
        return
    # modprobe takes either spelling of a module; a driver has one: vfio-pci, of module vfio_pci.
    other = target.replace("_", "-") if "_" in target else target.replace("-", "_")
    misspelt = other in host.drivers or other in BYPASS_DRIVERS
    if target in host.modules and not misspelt:
        return
    raise InvalidRequest(
        f"driver: there is no driver {target!r} on this host",
        why="the driver is called otherwise"
        if misspelt
        else "it is not registered in /sys/bus/pci/drivers and no kernel module has the name",
        remedy=f"write it {other!r}" if misspelt else "install its module for the running kernel, or name another",
    )


def _check_bypass(
    device: Device, spec: DriverSpec, bypass: BypassDriver, targets: Mapping[str, str | None], host: Host
) -> None:
    what = f"driver: cannot bind to {bypass.name}"
    if index.driver(device.driver or device.default_driver).bifurcated and not spec.force:
        raise NotSupported(
            what,
            device=device.label,
            why=f"DPDK drives this NIC beside its kernel driver {device.default_driver or device.driver}",
            remedy="leave the device with the kernel driver; force: true if your application is not DPDK",
        )
    if bypass.needs_intx and device.physfn is not None:
        raise NotSupported(
            what,
            device=device.label,
            why="a VF has no legacy interrupt (INTx), and this driver serves no other",
            remedy="use vfio-pci",
        )
    no_iommu = bypass.iommu and spec.no_iommu and not _grouped(device, host)
    if (bypass.locked_out or no_iommu) and host.lockdown != "none":
        raise NotSupported(
            what if bypass.locked_out else "no_iommu: cannot be used",
            device=device.label,
            why=f"the kernel is locked down ({host.lockdown})",
            remedy="use vfio-pci with the IOMMU on, or boot without Secure Boot's lockdown",
        )
    if bypass.iommu:
        _check_iommu(device, spec, what, targets, host)


def _check_iommu(device: Device, spec: DriverSpec, what: str, targets: Mapping[str, str | None], host: Host) -> None:
    if not _grouped(device, host):
        _check_no_iommu(device, spec, what, host)
    if device.iommu_group is None:
        return
    blocking = [
        f"{member.label} ({member.driver})"
        for member in host.group_members(device.iommu_group)
        if member.address != device.address and not _harmless(targets.get(member.address, member.driver))
    ]
    if blocking:
        raise NotSupported(
            what,
            device=device.label,
            why=f"IOMMU group {device.iommu_group} also holds {', '.join(blocking)}: a group is given away whole",
            remedy="bind those too, or to none; put the NIC into a slot whose ports have ACS",
        )


def _check_no_iommu(device: Device, spec: DriverSpec, what: str, host: Host) -> None:
    if not spec.no_iommu:
        raise NotSupported(
            what,
            device=device.label,
            why="the device is in no IOMMU group" + ("" if host.iommu else ": the IOMMU is off"),
            remedy="turn VT-d or AMD-Vi on in the firmware setup and boot with intel_iommu=on iommu=pt (Intel); "
            "no_iommu: true gives up the protection of memory",
        )
    if host.noiommu_mode is None:
        raise NotSupported(
            "no_iommu: this kernel has no such mode",
            device=device.label,
            why="it was built without CONFIG_VFIO_NOIOMMU",
            remedy="turn the IOMMU on",
        )


def _check_pf(device: Device, spec: DriverSpec, target: str | None) -> None:
    if device.num_vfs is None:
        return
    if device.num_vfs and device.driver is not None:
        raise InUse(
            f"driver: cannot take {device.driver} away",
            device=device.label,
            why=f"it is a PF, and its {device.num_vfs} VFs live on that driver",
            remedy="remove the VFs first (module pf, num_vfs: 0)",
            holders=[f"{device.num_vfs} VFs"],
        )
    if (target is None or target != device.default_driver) and not spec.force:
        raise InUse(
            f"driver: {target or 'none'} would take the PF from the kernel",
            device=device.label,
            why="it is a PF, and its interface would be gone",
            remedy="create VFs and give those away; force: true if you mean the PF itself",
        )


def _check_use(device: Device, spec: DriverSpec, target: str | None) -> None:
    carried = [holder.text for holder in device.holders if holder.kind == SSH]
    others = [holder.text for holder in device.holders if holder.kind != SSH]
    if carried or (others and not spec.force):
        raise InUse(
            f"driver: cannot change {device.driver} to {target or 'none'}",
            device=device.label,
            why="; ".join(carried or others),
            remedy="reach the host over another NIC" if carried else "release the device, or set force: true",
            holders=carried or others,
        )


def _host_steps(
    devices: Mapping[str, Device], specs: Sequence[DriverSpec], targets: Mapping[str, str | None], host: Host
) -> list[Step]:
    changing = [spec for spec in specs if targets[spec.address] not in (None, devices[spec.address].driver)]
    missing = {t.cast(str, targets[spec.address]) for spec in changing} - host.drivers
    steps: list[Step] = [LoadModule(name) for name in sorted(missing)]
    if any(_needs_no_iommu(devices[spec.address], spec, targets, host) for spec in changing):
        steps.append(AllowNoIommu())
    return steps


def _needs_no_iommu(device: Device, spec: DriverSpec, targets: Mapping[str, str | None], host: Host) -> bool:
    return _uses_vfio(targets[spec.address]) and not _grouped(device, host) and not host.noiommu_mode


def _grouped(device: Device, host: Host) -> bool:
    """A VF that is yet to be created gets a group from an IOMMU that is on; which one is not known."""
    return device.iommu_group is not None or (device.planned and host.iommu)


def _device_steps(device: Device, spec: DriverSpec, target: str | None) -> list[Step]:
    label = vf_label(device)
    steps: list[Step] = []
    if target != device.driver:
        if target is None:
            steps.append(Unbind(device.address, label, t.cast(str, device.driver), device.physfn, device.vf))
        else:
            steps.append(Bind(device.address, label, device.driver, target, device.physfn, device.vf))
    elif spec.driver == "default" and device.driver_override:
        steps.append(ClearOverride(device.address, label, device.driver_override))
    # A new node is as udev's rules make it, and another device of the group may have it already: set it in any case.
    if spec.node != NodeSpec() and (target != device.driver or device != _with_node(device, spec.node)):
        steps.append(SetNode(device.address, label, spec.node, device.physfn, device.vf))
    return steps


def vf_label(device: Device) -> str:
    """ "0000:01:10.0 (VF 0 of 0000:01:00.0)"."""
    return f"{device.address} (VF {device.vf} of {device.physfn})" if device.physfn else device.label


def _with_node(device: Device, node: NodeSpec) -> Device:
    return replace(
        device,
        dev_owner=device.dev_owner if node.owner is None else node.owner,
        dev_group=device.dev_group if node.group is None else node.group,
        dev_mode=device.dev_mode if node.mode is None else node.mode,
    )


def _uses_vfio(driver: str | None) -> bool:
    bypass = BYPASS_DRIVERS.get(driver or "")
    return bool(bypass and bypass.iommu)


def _harmless(driver: str | None) -> bool:
    return driver is None or driver in HARMLESS_GROUP_DRIVERS
