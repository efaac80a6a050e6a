# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps on PFs: how many VFs there are, whether the kernel binds them, link up and down."""

from __future__ import annotations

import typing as t
from contextlib import suppress

from ..errors import KernelRefused, NotSupported, SriovError, TookTooLong
from ..kernel.deadline import TO_MEND, Deadline
from ..knowledge import index
from ..knowledge.driver import NUM_VFS
from ..steps.vf_commands import count_command
from .drivers import wait_for_netdev
from .waiting import explained, wait

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..steps.pci import SetAutoprobe, SetLink, SetNumVfs, WaitForVfs


def set_autoprobe(step: SetAutoprobe, kernel: Kernel, timeout: float) -> None:
    kernel.pci.set_drivers_autoprobe(step.address, step.value, timeout)


def set_link(step: SetLink, kernel: Kernel, _timeout: float) -> None:
    kernel.link.set_up(step.name, step.up)


def set_num_vfs(step: SetNumVfs, kernel: Kernel, timeout: float) -> None:
    deadline = Deadline(timeout)
    try:
        kernel.pci.set_num_vfs(step.address, step.num_vfs, timeout)
    except KernelRefused as error:
        failure = explained(kernel, error, f"cannot set sriov_numvfs to {step.num_vfs}", step, NUM_VFS)
        failure.why += _put_back(kernel, step, deadline)
        failure.lost = _commands(kernel, step, deadline)
        raise failure from None
    # A driver may give fewer than asked, or keep those that were to go, and still answer success.
    given = kernel.pci.num_vfs(step.address, deadline.left(TO_MEND)) or 0
    if given > step.num_vfs:
        raise NotSupported(
            f"sriov_numvfs was {given} after {step.num_vfs} was written",
            device=step.label,
            why="the driver kept the VFs, and answered success",
            remedy="end the guests that hold them (Xen's pciback), and look at dmesg",
        )
    if given < step.num_vfs:
        raise _fewer(kernel, step, given, deadline)


def _fewer(kernel: Kernel, step: SetNumVfs, given: int, deadline: Deadline) -> NotSupported:
    kernel.pci.set_num_vfs(step.address, 0, deadline.left(TO_MEND))
    driver = index.driver(kernel.pci.driver(step.address))
    fewer = NotSupported(
        f"sriov_numvfs was {given} after {step.num_vfs} was written",
        device=step.label,
        why="the driver gave fewer VFs than asked; they were removed" + _put_back(kernel, step, deadline),
        remedy=", or ".join(filter(None, [f"ask for {given}" if given else "", driver.gives_fewer])) or "look at dmesg",
    )
    fewer.lost = _commands(kernel, step, deadline)
    return fewer


def _put_back(kernel: Kernel, step: SetNumVfs, deadline: Deadline) -> str:
    """After new VFs were refused: as many as there were before. They are new ones, without attributes and drivers."""
    if not step.fallback:
        return ""
    try:
        kernel.pci.set_num_vfs(step.address, step.fallback, deadline.left(TO_MEND))
    except SriovError as error:
        return f"; putting {step.fallback} back failed too ({error})"
    return (
        "; there is 1 VF again, a new one" if step.fallback == 1 else f"; there are {step.fallback} VFs again, new ones"
    )


def _commands(kernel: Kernel, step: SetNumVfs, deadline: Deadline) -> list[str]:
    """What an operator types to have as many VFs as before; nothing where there are."""
    if not step.fallback or kernel.pci.num_vfs(step.address, deadline.left(TO_MEND)) == step.fallback:
        return []
    return [count_command(step.address, step.fallback)]


def wait_for_vfs(step: WaitForVfs, kernel: Kernel, timeout: float) -> None:
    """The write returns before all VFs are there; their interfaces come later still, under names that udev changes."""
    deadline = Deadline(timeout)

    def all_there() -> bool:
        return len(kernel.pci.virtual_functions(step.address)) == step.num_vfs

    missing = "the VF did not appear" if step.num_vfs == 1 else f"not all {step.num_vfs} VFs appeared"
    wait(all_there, timeout, missing, step.label)
    kernel.settle(deadline.left())  # udev loads the VF driver's module now
    for address in kernel.pci.virtual_functions(step.address):
        if not deadline.left():
            break
        with suppress(TookTooLong):  # the others are of use without it; the next look at the host finds it (ORPHAN)
            wait_for_netdev(kernel, address, deadline.left() / 2)  # and there is some left for the next one
