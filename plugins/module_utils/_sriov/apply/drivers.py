# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps on the drivers of PCI functions, and on the nodes that vfio gives them."""

from __future__ import annotations

import typing as t
from contextlib import suppress

from ..errors import KernelRefused, SriovError, StillInKernel, TookTooLong
from ..kernel.deadline import TO_MEND, Deadline
from ..knowledge.bypass_drivers import WITHOUT_INTERFACE
from ..knowledge.driver import BIND, NODE, UNBIND
from ..model.paths import vfio_device_node, vfio_node
from ..steps.vf_commands import driver_commands
from .waiting import explained, located, wait

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.kernel import Kernel
    from ..steps.pci import AllowNoIommu, Bind, ClearOverride, LoadModule, Reload, SetNode, Unbind

    Entry = t.Dict[str, t.Any]

PROBED = 60.0  # seconds after which no driver gives an interface any more, however much time there is


def load_module(step: LoadModule, kernel: Kernel, _timeout: float) -> None:
    error = kernel.load_module(step.name)
    if error or not kernel.pci.has_driver(step.name):
        raise KernelRefused(
            f"module {step.name} gave no PCI driver of that name",
            why=error or "it was loaded, but registered none",
            remedy="look at dmesg: a locked-down kernel takes signed modules only",
        )


def allow_no_iommu(_step: AllowNoIommu, kernel: Kernel, timeout: float) -> None:
    kernel.system.allow_no_iommu(timeout)


def bind_all(steps: Sequence[Bind], kernel: Kernel, timeout: float, done: list[str]) -> None:
    """All devices in one child process; one that is refused gets its old driver back, and the rest is left.

    :param done: gets the steps that were done.
    """
    bound: list[str] = []
    refused: SriovError | None = None
    deadline = Deadline(timeout)
    try:
        for address in kernel.pci.rebind_all([(located(kernel, step), step.driver) for step in steps], timeout):
            bound.append(address)
    except SriovError as error:
        refused = _not_bound(kernel, steps[len(bound)], error, deadline.left(TO_MEND))
    for step, address in zip(steps, bound):
        _wait_for_bound(step, address, kernel, deadline.left(), refused)
        done.append(str(step))
    if refused:
        raise refused


def _wait_for_bound(step: Bind, address: str, kernel: Kernel, timeout: float, refused: SriovError | None) -> None:
    """Where a later device was refused, that is what is told, whatever becomes of this one's interface."""
    try:
        wait_for_netdev(kernel, address, timeout)
    except SriovError as error:
        if refused is None:
            error.step = str(step)
            raise


def _not_bound(kernel: Kernel, step: Bind, error: SriovError, timeout: float) -> SriovError:
    """The refusal, once the device has its old driver back."""
    failure = explained(kernel, error, f"cannot bind to {step.driver}", step, BIND)
    if isinstance(error, StillInKernel):  # the device is locked: whatever else is written to it would wait as well
        failure.remedy = "end what uses the device (dmesg names it), and run again"
    else:
        failure.why += _put_back(kernel, located(kernel, step), step.before, timeout)
    failure.lost = _commands(kernel, located(kernel, step), step.before)
    failure.step = str(step)
    return failure


def _put_back(kernel: Kernel, address: str, before: str | None, timeout: float) -> str:
    """After a failed bind: the old driver again, if it had one. What came of it, as the end of a sentence."""
    if kernel.pci.driver(address) == before:
        return f"; it still has {before or 'no driver'}"
    try:
        if before is None:
            kernel.pci.unbind(address, timeout)
            return "; it has no driver again"
        kernel.pci.rebind(address, before, timeout)
    except SriovError as error:
        return f"; returning it to {before or 'no driver'} failed too ({error})"
    return f"; it is back with {before}"


def _commands(kernel: Kernel, address: str, before: str | None) -> list[str]:
    """What an operator types to give a device the driver that it had; nothing where it has it."""
    if before is None or kernel.pci.driver(address) == before:
        return []
    return list(driver_commands(address, None, before))


def unbind(step: Unbind, kernel: Kernel, timeout: float) -> None:
    try:
        kernel.pci.unbind(located(kernel, step), timeout)
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot unbind from {step.before}", step, UNBIND) from None


def clear_override(step: ClearOverride, kernel: Kernel, timeout: float) -> None:
    kernel.pci.set_override(step.address, "", timeout)


def set_nodes(steps: Sequence[SetNode], kernel: Kernel, timeout: float, done: list[str]) -> None:
    """:param done: gets the steps that were done."""
    kernel.settle(timeout)  # udev's rules for the nodes come first
    for step in steps:
        try:
            _set_node(step, kernel)
        except SriovError as error:
            error.step = str(step)
            raise
        done.append(str(step))


def _set_node(step: SetNode, kernel: Kernel) -> None:
    """That of its group, and its own: kernels have the first (CONFIG_VFIO_GROUP), the other, or both."""
    address = located(kernel, step)
    group = kernel.pci.iommu_group(address)
    nodes = [kernel.system.vfio_node(group), *map(vfio_device_node, kernel.pci.children(address, "vfio-dev"))]
    there = [node for node in nodes if node is not None and kernel.system.node_exists(node)]
    if not there:
        why = f"there is no {vfio_node(str(group))}"
        raise TookTooLong("the vfio node did not appear", device=step.label, why=why)
    owner, group_id, mode = step.node
    try:
        for node in there:
            kernel.system.set_access(node, t.cast("int | None", owner), t.cast("int | None", group_id), mode)
    except KernelRefused as error:
        raise explained(kernel, error, error.what, step, NODE) from None


def reload(step: Reload, kernel: Kernel, timeout: float) -> None:
    """The new interface is down and has the default MTU: it gets back what the old one had."""
    address, deadline = located(kernel, step), Deadline(timeout)
    before = _interfaces(kernel, address)
    if step.heals and before:
        return  # it was only late: iavf gives an interface some time after its probe
    try:
        if step.heals:
            _reset(kernel, address, deadline)
        kernel.pci.rebind(address, step.driver, deadline.left(TO_MEND))
    except SriovError as error:
        failure = explained(kernel, error, f"cannot reload {step.driver}", step, BIND)
        failure.lost = _commands(kernel, address, step.driver)
        raise failure from None
    wait_for_netdev(kernel, address, deadline.left())
    kernel.settle(deadline.left())  # udev renames it
    for old, new in _pairs(before, _interfaces(kernel, address)):
        if new.get("mtu") != old.get("mtu"):
            kernel.link.set_mtu(new["ifname"], old["mtu"])
        if "UP" in old.get("flags", ()):
            kernel.link.set_up(new["ifname"], True)


def _reset(kernel: Kernel, address: str, deadline: Deadline) -> None:
    """Without its driver, which would not know of it; one that the kernel cannot do is left out."""
    kernel.pci.unbind(address, deadline.left(TO_MEND))
    if kernel.pci.can_reset(address):
        with suppress(KernelRefused):
            kernel.pci.reset(address, deadline.left(TO_MEND))


def _interfaces(kernel: Kernel, address: str) -> list[Entry]:
    names = kernel.pci.interfaces(address)
    return [entry for entry in kernel.link.interfaces() if entry["ifname"] in names]


def _pairs(before: list[Entry], after: list[Entry]) -> list[tuple[Entry, Entry]]:
    """Each interface that was there with what is there for it: of several (two ports), the one of its name."""
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    by_name = {entry["ifname"]: entry for entry in after}
    return [(entry, by_name[entry["ifname"]]) for entry in before if entry["ifname"] in by_name]


def wait_for_netdev(kernel: Kernel, address: str, timeout: float) -> None:
    """Wait until the interface of a VF that a network driver holds is there; bind once more if it never comes.

    On some drivers an interface fails to appear when many VFs come at once; a second probe gives it, of a function
    that was reset. Drivers of vfio give none, whatever they are called, nor do those that make something else of it.
    """
    driver = kernel.pci.driver(address)
    if driver is None or driver in WITHOUT_INTERFACE or not kernel.pci.is_ethernet(address):
        return

    def is_there() -> bool:
        return bool(kernel.pci.interfaces(address)) or _is_something_else(kernel, address)

    deadline = Deadline(timeout)
    try:
        wait(is_there, min(timeout / 2, PROBED), f"{driver} gave no interface", address)
    except TookTooLong:
        if not deadline.left():
            raise  # there is no time for another probe, and a device without a driver would be worse
        _reset(kernel, address, deadline)
        kernel.pci.rebind(address, driver, deadline.left(TO_MEND))
        wait(is_there, min(deadline.left(), PROBED), f"{driver} gave no interface, twice", address)


def _is_something_else(kernel: Kernel, address: str) -> bool:
    pci = kernel.pci
    given_away = pci.is_given_away(address) or pci.has_vfio_driver(address)
    return bool(given_away or pci.virtio_interfaces(address) or pci.has_other_parts(address))
