# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans which driver PCI functions have. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.bypass_drivers import WITHOUT_INTERFACE, bypass_to
from ..model.check import check_driver_name, misnamed_driver
from ..model.desired import DEFAULT, NONE, Node
from ..model.host import ORPHAN
from ..model.paths import NO_IOMMU_PARAMETER, PCI_DRIVERS, PCI_PROBE, vfio_node
from ..steps.pci import AllowNoIommu, Bind, ClearOverride, LoadModule, SetNode, Unbind
from .guard import driver_changes, orphan_reloads
from .hindrance import has_group, hindrances
from .stage import Stage, function_label, heal

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.desired import DesiredDevice
    from ..model.host import Device, Host
    from ..steps.pci import Step
    from .hindrance import Hindrance


NO_IOMMU_STAYS = (
    "vfio's mode without an IOMMU is turned on, and nothing turns it off again (`echo N > "
    f"{NO_IOMMU_PARAMETER}` does): whoever has such a device open can write to all memory of this host"
)
NO_ACCESS = (None, None, None)  # there is no such node


def plan_modules(devices: Mapping[str, Device], desired: Sequence[DesiredDevice], host: Host) -> Stage:
    """What the host must have before devices get their drivers: a driver that is loaded takes devices that are free.

    :param devices: every device that is named, by address.
    :param desired: devices whose driver is known (has_target).
    :returns: with refusals for devices that cannot have their driver.
    """
    targets = {each.device: target_driver(devices[each.device], each) for each in desired}
    faults = Faults()
    for each in desired:
        faults.join(_refusals(devices[each.device], each, targets, host))
    faults.add(*_different_nodes(devices, desired))
    warnings = [words for each in desired for words in _not_known(devices[each.device], targets[each.device], host)]
    steps = _host_steps(devices, desired, targets, host)
    warnings += [words for each in desired for words in odd_mode(each.node.mode)]
    warnings += [NO_IOMMU_STAYS] if AllowNoIommu() in steps else []
    return Stage(steps, list(dict.fromkeys(warnings)), faults)


def plan_drivers(devices: Mapping[str, Device], desired: Sequence[DesiredDevice]) -> Stage:
    """The steps that give each device the driver it shall have; none for those that have it.

    :param devices: as they are once the modules are loaded; plan_modules() has passed what is desired of them.
    """
    pairs = [(devices[each.device], each, target_driver(devices[each.device], each)) for each in desired]
    changes = [step for pair in pairs for step in _driver_steps(pair[0], pair[2])]
    nodes = [step for pair in pairs for step in _node_steps(*pair)]
    return Stage([*changes, *nodes])


def target_driver(device: Device, desired: DesiredDevice) -> str | None:
    """The driver's name; None for none.

    :raises NotSupported: driver: default, and this kernel has no driver for the device, or nobody knows which.
    """
    if desired.driver == NONE:
        return None
    if desired.driver != DEFAULT:
        return desired.driver
    if device.default_driver is None and device.possible_drivers:
        raise NotSupported(
            "driver: default: it is not known which driver that is",
            device=device.label,
            why=f"the module that knows {device.ids} has {' and '.join(device.possible_drivers)}",
            remedy="load the module, if it is not loaded, and name the driver",
        )
    if device.default_driver is None:
        raise NotSupported(
            "driver: default: this kernel has no driver",
            device=device.label,
            why=f"no module's alias matches {device.vendor}:{device.device}",
            remedy="install the kernel's module package, or name a driver",
        )
    return device.default_driver


def _refusals(device: Device, desired: DesiredDevice, targets: Mapping[str, str | None], host: Host) -> Faults:
    """All that is in the way of one device's driver."""
    faults = Faults(desired.allow)
    target = targets[desired.device]
    bypass = bypass_to(device, target, host)
    with faults.gathered():
        if target not in (None, device.driver):
            check_exists(target, host)
            _check_fits(device, target, host)
    if desired.node != Node() and not (bypass and bypass.iommu) and not faults.found:
        what, why = f"owner, group and mode are of {vfio_node('N')}", f"driver {desired.driver} has no such node"
        remedy = "leave them out, or use driver: vfio-pci"
        faults.add(InvalidRequest(what, device=device.label, why=why, remedy=remedy))
    if target == device.driver:
        faults.add(*(orphan_reloads(device) if device.interface == ORPHAN else ()))
        return faults
    if bypass is not None:
        found = hindrances(device, bypass, host, desired.no_iommu, targets)
        faults.add(*(_hindered(each, device, bypass.name) for each in found))
    faults.add(*driver_changes(device, target))
    return faults


def _hindered(found: Hindrance, device: Device, driver: str) -> NotSupported:
    what = found.what or f"driver: cannot bind to {driver}"
    return NotSupported(what, device=device.label, why=found.why, remedy=found.remedy, consent=found.consent)


def _different_nodes(devices: Mapping[str, Device], desired: Sequence[DesiredDevice]) -> t.Iterator[InvalidRequest]:
    """One IOMMU group has one node."""
    nodes: dict[int, DesiredDevice] = {}
    for each in desired:
        group = devices[each.device].iommu_group
        if group is None or each.node == Node():
            continue
        other = nodes.setdefault(group, each)
        if other.node != each.node:
            yield InvalidRequest(
                f"owner, group or mode of {other.device} and {each.device} differ",
                why=f"both are in IOMMU group {group} and share {vfio_node(group)}",
                remedy="give them the same",
            )


def check_exists(target: str, host: Host) -> None:
    """:raises InvalidRequest: this kernel has no such driver."""
    if target in host.drivers:
        return
    check_driver_name(target)
    # modprobe takes either spelling of a module; a driver has one.
    other = target.replace("_", "-") if "_" in target else target.replace("-", "_")
    if other in host.drivers:
        raise misnamed_driver(target, other)
    if target not in host.modules:
        raise InvalidRequest(
            f"driver: there is no driver {target!r} on this host",
            why=f"it is not registered in {PCI_DRIVERS} and no kernel module has the name",
            remedy="install its module for the running kernel, or name another",
        )


def _check_fits(device: Device, target: str, host: Host) -> None:
    """driver_override makes a driver probe what it does not know: at best the kernel warns, at worst it is an oops.

    :raises InvalidRequest: it is not for the device, or nobody can tell.
    """
    fit = host.fit(device, target)
    if _is_plain(device, target) or (fit.matches and device.default_driver not in fit.others):
        return
    what, default = f"driver: {target} is not for this device", device.default_driver
    if host.fit(device, target).aliases:
        why = f"no alias of it matches {device.ids}, and it would be made to probe what it does not know"
        own = f"; the kernel's own driver for it is {default}" if default else ""
        raise InvalidRequest(
            what,
            device=device.label,
            why=why + own,
            remedy=f"write it default ({default}), or vfio-pci for a program" if default else "name another",
        )
    raise InvalidRequest(
        f"driver: it is not known whether {target} is for this device",
        device=device.label,
        why=f"no module's alias matches {device.ids}",
        remedy="run `depmod -a` if its module was put there by hand; the kernel gives a device without a driver the "
        f"one that matches: `echo ADDRESS > {PCI_PROBE}`",
    )


def _is_plain(device: Device, target: str | None) -> bool:
    """A driver that the device has, that the kernel would choose, or that is for any device."""
    return target in (None, device.driver, device.default_driver, *WITHOUT_INTERFACE)


def _not_known(device: Device, target: str | None, host: Host) -> t.Iterator[str]:
    if target is None or _is_plain(device, target):
        return
    fit = host.fit(device, target)
    if fit.matches and fit.others:
        yield (
            f"the module of driver {target} has {' and '.join(fit.others)} too: which of them is for {device.ids} is "
            "not known"
        )


def _host_steps(
    devices: Mapping[str, Device], desired: Sequence[DesiredDevice], targets: Mapping[str, str | None], host: Host
) -> list[Step]:
    changing = [each for each in desired if targets[each.device] not in (None, devices[each.device].driver)]
    missing = {t.cast(str, targets[each.device]) for each in changing} - host.drivers
    steps: list[Step] = [LoadModule(name) for name in sorted(missing)]
    if any(_needs_no_iommu(devices[each.device], targets[each.device], host) for each in changing):
        steps.append(AllowNoIommu())
    return steps


def _needs_no_iommu(device: Device, target: str | None, host: Host) -> bool:
    bypass = bypass_to(device, target, host)
    return bool(bypass and bypass.iommu) and not has_group(device, host) and not host.noiommu_mode


def odd_mode(mode: int | None) -> list[str]:
    """What a mode of a node allows, or does not, that may not be meant."""
    if mode is None:
        return []
    found = []
    if mode & 0o006:
        found.append(f"mode: {mode:04o} lets every user of this host open the device; name its group, and 0660")
    if mode & 0o7111:
        found.append(f"mode: {mode:04o} has bits that mean nothing of a device's node (execute, set-user, sticky)")
    return found


def _driver_steps(device: Device, target: str | None) -> list[Step]:
    label = function_label(device)
    if target == device.driver and device.interface == ORPHAN:
        return [heal(device)]
    # It would keep every other driver away, from the next VF at this address too; a rebind clears it by itself.
    left = [ClearOverride(device.address, label, device.driver_override)] if device.driver_override else []
    if target == device.driver:
        return [*left]
    if target is None:
        return [Unbind(device.address, label, device.driver or "", device.physfn, device.vf), *left]
    return [Bind(device.address, label, device.driver, target, device.physfn, device.vf)]


def _node_steps(device: Device, desired: DesiredDevice, target: str | None) -> list[Step]:
    """A new node is as udev's rules make it, and another device of the group may have it already: it is set anyway."""
    node = desired.node
    if node == Node() or (target == device.driver and _has_node(device, node)):
        return []
    return [SetNode(device.address, function_label(device), node, device.physfn, device.vf)]


def _has_node(device: Device, node: Node) -> bool:
    """Of both that a driver of vfio may give: a program opens the one or the other."""
    of_group = (device.dev_owner, device.dev_group, device.dev_mode)
    present = [of_group] if of_group != NO_ACCESS or device.cdev is None else []
    present += [device.cdev[1:]] if device.cdev else []
    return all(wanted in (None, found) for access in present for wanted, found in zip(node, access))
