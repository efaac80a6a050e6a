# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Steps on PCI functions: VFs and drivers."""

from __future__ import annotations

import time
import typing as t

from ..errors import KernelRefused, NotSupported, SriovError, TookTooLong
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..observe.host import NO_IOMMU_PARAMETER, PCI_DEVICES, PCI_DRIVERS, is_ethernet, virtual_functions
from ..steps.pci import (
    AllowNoIommu,
    Bind,
    ClearOverride,
    LoadModule,
    Reload,
    SetAutoprobe,
    SetLink,
    SetNode,
    SetNumVfs,
    Unbind,
    WaitForVfs,
)
from .perform import explained, located, perform, wait

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

# What the kernel means by its answer to sriov_numvfs (drivers/pci/iov.c, and the drivers' sriov_configure).
NUM_VFS_REMEDIES = {
    "EBUSY": "VFs exist already, or the device is busy: look at dmesg",
    "EIO": "the device reports a bad number of VFs: update its firmware",
    "ENOENT": "the PF's driver cannot create VFs: bind its kernel driver",
    "ENOMEM": "no room for the VFs' registers: turn on SR-IOV and above 4G decoding in the firmware setup, "
    "or boot with pci=realloc",
    "EPERM": "the driver refuses the number: DCB or macvlan offload has its queues, or a guest holds VFs",
    "EINVAL": "the driver refuses VFs in its present mode, with an XDP program attached for instance (dmesg says)",
    "EAGAIN": "the device is in reset: run again",
    "EOPNOTSUPP": "the driver is in safe mode, or has no VFs left to give",
    "ETIMEDOUT": "the device's firmware did not answer",
    "ENOSYS": "the PF's driver cannot create VFs",
}
BIND_REMEDIES = {
    "EINVAL": "for vfio-pci: no usable IOMMU group, boot with the IOMMU on (dmesg says)",
    "ENODEV": "the driver does not know the device: name another",
    "EBUSY": "another device of its IOMMU group is used by the kernel",
}


@perform.register(SetAutoprobe)
def _set_autoprobe(step: SetAutoprobe, kernel: Kernel, timeout: float) -> None:
    kernel.sysfs.write(f"{PCI_DEVICES}/{step.address}/sriov_drivers_autoprobe", str(int(step.value)), timeout)


@perform.register(SetLink)
def _set_link(step: SetLink, kernel: Kernel, timeout: float) -> None:
    kernel.link.set_up(step.name, step.up)


@perform.register(SetNumVfs)
def _set_num_vfs(step: SetNumVfs, kernel: Kernel, timeout: float) -> None:
    path = f"{PCI_DEVICES}/{step.address}/sriov_numvfs"
    try:
        kernel.sysfs.write(path, str(step.count), timeout)
    except KernelRefused as error:
        failure = explained(error, f"cannot set sriov_numvfs to {step.count}", step.label, NUM_VFS_REMEDIES)
        failure.why += _put_back_vfs(kernel, path, step, timeout)
        raise failure from None
    # A driver may give fewer than asked and still answer success.
    given = int(kernel.sysfs.read_blocking([path], timeout)[0] or 0)
    if given != step.count:
        kernel.sysfs.write(path, "0", timeout)
        raise NotSupported(
            f"sriov_numvfs was {given} after {step.count} was written",
            device=step.label,
            why="the driver gave fewer VFs than asked; they were removed" + _put_back_vfs(kernel, path, step, timeout),
            remedy=f"ask for {given}" if given else "look at dmesg",
        )


@perform.register(WaitForVfs)
def _wait_for_vfs(step: WaitForVfs, kernel: Kernel, timeout: float) -> None:
    """The write returns before all VFs are there; their interfaces come later still, under names that udev changes."""
    end = time.monotonic() + timeout
    wait(
        lambda: len(virtual_functions(kernel.sysfs, step.address)) == step.count,
        timeout,
        f"not all {step.count} VFs appeared",
        step.label,
    )
    kernel.settle(timeout)  # udev loads the VF driver's module now
    for address in virtual_functions(kernel.sysfs, step.address):
        wait_for_netdev(kernel, address, max(1.0, end - time.monotonic()))


@perform.register(LoadModule)
def _load_module(step: LoadModule, kernel: Kernel, timeout: float) -> None:
    code, _out, error = kernel.run(["modprobe", step.name])
    if code != 0 or not kernel.sysfs.exists(f"{PCI_DRIVERS}/{step.name}"):
        raise KernelRefused(
            f"module {step.name} gave no PCI driver of that name",
            why=error.strip() or "it was loaded, but registered none",
            remedy="look at dmesg: a locked-down kernel takes signed modules only",
        )


@perform.register(AllowNoIommu)
def _allow_no_iommu(step: AllowNoIommu, kernel: Kernel, timeout: float) -> None:
    # Without the kernel's config file this cannot be known before vfio is loaded.
    if not kernel.sysfs.exists(NO_IOMMU_PARAMETER):
        raise NotSupported(
            "no_iommu: this kernel has no such mode",
            why="it was built without CONFIG_VFIO_NOIOMMU",
            remedy="turn the IOMMU on",
        )
    kernel.sysfs.write(NO_IOMMU_PARAMETER, "Y", timeout)


@perform.register(Bind)
def _bind(step: Bind, kernel: Kernel, timeout: float) -> None:
    address = located(kernel, step)
    try:
        rebind(kernel, address, step.driver, timeout)
    except TookTooLong as error:  # the device is locked: whatever else is written to it would wait as well
        failure = explained(error, f"cannot bind to {step.driver}", step.label, BIND_REMEDIES)
        failure.remedy = "end what uses the device (dmesg names it), and run again"
        raise failure from None
    except SriovError as error:
        failure = explained(error, f"cannot bind to {step.driver}", step.label, BIND_REMEDIES)
        failure.why += _put_back(kernel, address, step.before, timeout)
        raise failure from None
    wait_for_netdev(kernel, address, timeout)


@perform.register(Unbind)
def _unbind(step: Unbind, kernel: Kernel, timeout: float) -> None:
    unbind(kernel, located(kernel, step), timeout)


@perform.register(ClearOverride)
def _clear_override(step: ClearOverride, kernel: Kernel, timeout: float) -> None:
    write_override(kernel, step.address, "", timeout)


@perform.register(SetNode)
def _set_node(step: SetNode, kernel: Kernel, timeout: float) -> None:
    kernel.settle(timeout)  # udev's rules for the node come first
    group = kernel.sysfs.link_name(f"{PCI_DEVICES}/{located(kernel, step)}/iommu_group")
    names = (f"/dev/vfio/noiommu-{group}", f"/dev/vfio/{group}")
    node = next((name for name in names if kernel.sysfs.exists(name)), None)
    if node is None:
        raise TookTooLong("the vfio node did not appear", device=step.label, why=f"there is no {names[1]}")
    kernel.sysfs.set_access(node, step.node.owner, step.node.group, step.node.mode)


@perform.register(Reload)
def _reload(step: Reload, kernel: Kernel, timeout: float) -> None:
    """The new interface is down and has the default MTU: it gets back what the old one had."""
    address = located(kernel, step)
    before = _interface(kernel, address)
    try:
        rebind(kernel, address, step.driver, timeout)
    except SriovError as error:
        raise explained(error, f"cannot reload {step.driver}", step.label, BIND_REMEDIES) from None
    wait_for_netdev(kernel, address, timeout)
    kernel.settle(timeout)  # udev renames it
    after = _interface(kernel, address)
    if before and after:
        if after.get("mtu") != before.get("mtu"):
            kernel.link.set_mtu(after["ifname"], before["mtu"])
        if "UP" in before.get("flags", ()):
            kernel.link.set_up(after["ifname"], True)


def _interface(kernel: Kernel, address: str) -> dict[str, t.Any] | None:
    names = kernel.sysfs.names(f"{PCI_DEVICES}/{address}/net")
    return next((entry for entry in kernel.link.interfaces() if entry["ifname"] in names), None)


def rebind(kernel: Kernel, address: str, driver: str, timeout: float) -> None:
    """driver_override, unbind, `echo ADDRESS > DRIVER/bind`, and a look at what is bound.

    The driver's bind file hands on the errno of its probe; drivers_probe would answer success whatever came of it
    (drivers/base/bus.c bind_store, drivers_probe_store). Older kernels lose the errno there too, hence the look.
    driver_override (never new_id, which takes every device of that id) also lets a VF be bound while the PF's
    sriov_drivers_autoprobe is 0 (drivers/pci/pci-driver.c pci_device_can_probe). It is cleared in the end: a name left
    behind would keep every other driver away.
    """
    unbind(kernel, address, timeout)
    write_override(kernel, address, driver, timeout)
    try:
        kernel.sysfs.write(f"{PCI_DRIVERS}/{driver}/bind", address, timeout)
        bound = current_driver(kernel, address)
        if bound != driver:
            raise KernelRefused(f"the kernel bound {bound or 'no driver'} instead")
    except TookTooLong:
        raise
    except SriovError:
        write_override(kernel, address, "", timeout)
        raise
    write_override(kernel, address, "", timeout)


def unbind(kernel: Kernel, address: str, timeout: float) -> None:
    """`echo ADDRESS > driver/unbind`; nothing where nothing is bound."""
    if current_driver(kernel, address):
        kernel.sysfs.write(f"{PCI_DEVICES}/{address}/driver/unbind", address, timeout)


def write_override(kernel: Kernel, address: str, driver: str, timeout: float) -> None:
    """`echo DRIVER > driver_override`; a newline clears it (a write of no bytes never reaches the kernel)."""
    kernel.sysfs.write(f"{PCI_DEVICES}/{address}/driver_override", f"{driver}\n", timeout)


def current_driver(kernel: Kernel, address: str) -> str | None:
    return kernel.sysfs.link_name(f"{PCI_DEVICES}/{address}/driver")


def wait_for_netdev(kernel: Kernel, address: str, timeout: float) -> None:
    """Wait until the interface of a VF that a network driver holds is there; bind once more if it never comes.

    On some drivers an interface fails to appear when many VFs come at once; a second probe gives it.
    """
    driver = current_driver(kernel, address)
    if driver is None or driver in BYPASS_DRIVERS or not is_ethernet(kernel.sysfs, address):
        return
    path = f"{PCI_DEVICES}/{address}/net"
    try:
        wait(lambda: bool(kernel.sysfs.names(path)), timeout / 2, f"{driver} gave no interface", address)
    except TookTooLong:
        rebind(kernel, address, driver, timeout)
        wait(lambda: bool(kernel.sysfs.names(path)), timeout / 2, f"{driver} gave no interface, twice", address)


def _put_back_vfs(kernel: Kernel, path: str, step: SetNumVfs, timeout: float) -> str:
    """After new VFs were refused: as many as there were before. They are new ones, without attributes and drivers."""
    if not step.fallback:
        return ""
    try:
        kernel.sysfs.write(path, str(step.fallback), timeout)
    except SriovError as error:
        return f"; putting {step.fallback} back failed too ({error})"
    return f"; there are {step.fallback} VFs again, new ones"


def _put_back(kernel: Kernel, address: str, before: str | None, timeout: float) -> str:
    """After a failed bind: the old driver again, if it had one. What came of it, as the end of a sentence."""
    if current_driver(kernel, address) == before:
        return f"; it still has {before or 'no driver'}"
    if before is None:
        unbind(kernel, address, timeout)
        return "; it has no driver again"
    try:
        rebind(kernel, address, before, timeout)
    except SriovError as error:
        return f"; putting {before} back failed too ({error})"
    return f"; it is back with {before}"
