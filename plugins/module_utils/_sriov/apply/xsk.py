# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps for queues of AF_XDP."""

from __future__ import annotations

import typing as t

from ..errors import InUse, KernelRefused
from ..knowledge.driver import FEATURE, XDP_PROGRAM
from ..model.paths import queue_map, queue_pins, queue_program
from ..model.xsk import GENERIC
from .waiting import explained

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..steps.xsk import AttachXdp, DetachXdp, PinProgram, SetMapGroup, SetNapi, Unpin


def pin_program(step: PinProgram, kernel: Kernel, _timeout: float) -> None:
    """What a run that was killed has left there goes first."""
    try:
        kernel.bpffs.mount()
        kernel.bpffs.remove(step.name)
        kernel.bpffs.make_directory(step.name)
        kernel.bpf.pin_queue_program(queue_map(step.name), queue_program(step.name), step.queues)
        _open_to(kernel, step.name, step.group)
    except KernelRefused as error:
        error.device = step.label
        raise


def unpin(step: Unpin, kernel: Kernel, _timeout: float) -> None:
    try:
        kernel.bpffs.remove(step.name)
    except KernelRefused as error:
        error.device = step.label
        raise


def set_map_group(step: SetMapGroup, kernel: Kernel, _timeout: float) -> None:
    try:
        _open_to(kernel, step.name, step.group)
    except KernelRefused as error:
        error.device = step.label
        raise


def _open_to(kernel: Kernel, name: str, group: int) -> None:
    """The directory last: until then nobody else comes by."""
    for path, alone, shared in (
        (queue_program(name), 0o600, 0o600),
        (queue_map(name), 0o600, 0o660),
        (queue_pins(name), 0o700, 0o750),
    ):
        kernel.system.set_access(path, None, group, shared if group else alone)


def attach(step: AttachXdp, kernel: Kernel, _timeout: float) -> None:
    try:
        kernel.link.attach_xdp(step.name, queue_program(step.name), step.mode == GENERIC)
    except KernelRefused as error:
        error.why = error.why.rstrip(".")  # the kernel's own sentence
        raise explained(kernel, error, f"cannot attach an XDP program ({step.mode})", step, XDP_PROGRAM) from None


def detach(step: DetachXdp, kernel: Kernel, _timeout: float) -> None:
    """Never that of another: `ip` takes away whichever is there."""
    number = kernel.link.xdp_program(step.name)
    if number not in (step.number, None):
        raise InUse(
            f"not done: {step}",
            device=step.label,
            why=f"since the host was looked at: another XDP program is attached, {number}",
            remedy="end the program that has attached it, and run again",
            holders=[f"XDP program {number}"],
        )
    try:
        kernel.link.detach_xdp(step.name, step.mode == GENERIC)
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot detach the XDP program ({step.mode})", step, XDP_PROGRAM) from None


def set_napi(step: SetNapi, kernel: Kernel, timeout: float) -> None:
    try:
        kernel.interfaces.set_number(step.name, step.word, step.value, timeout)
    except KernelRefused as error:
        raise explained(kernel, error, f"cannot set {step.word} to {step.value}", step, FEATURE) from None
