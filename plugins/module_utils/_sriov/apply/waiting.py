# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What performing any step takes: where its device is by now, waiting, and errors with their remedy."""

from __future__ import annotations

import os
import time
import typing as t
from errno import errorcode

from ..errors import KERNELS_OWN, SriovError, TookTooLong, errno_name
from ..knowledge.causes import remedy_of

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

POLL = 0.1  # seconds


class OnDevice(t.Protocol):
    """A step on one PCI function."""

    @property
    def label(self) -> str:
        """The function, in words."""

    @property
    def address(self) -> str:
        """Its PCI address, as far as the plan knew it."""


class OnVf(OnDevice, t.Protocol):
    """A step on one PCI function, a VF by its PF and index."""

    @property
    def physfn(self) -> str | None:
        """The address of a VF's PF."""

    @property
    def vf(self) -> int | None:
        """The index of a VF."""


def located(kernel: Kernel, step: OnVf) -> str:
    """Where the step's device is: where virtfnN points by now, which for a new VF was only predicted."""
    if step.physfn is None or step.vf is None:
        return step.address
    return kernel.pci.virtual_function(step.physfn, step.vf) or step.address


def wait(reached: t.Callable[[], bool], timeout: float, what: str, label: str) -> None:
    """Poll until something holds.

    :raises TookTooLong: it did not in time (seconds).
    """
    end = time.monotonic() + timeout
    while not reached():
        if time.monotonic() > end:
            raise TookTooLong(
                what, device=label, why=f"waited {timeout:g} s", remedy="look at dmesg; give more time (timeout)"
            )
        time.sleep(POLL)


def explained(kernel: Kernel, error: SriovError, what: str, step: OnDevice, act: str) -> SriovError:
    """The same error, told of the step's device, with what the kernel's answer means here.

    :param act: a word of knowledge.causes.
    """
    return type(error)(
        what,
        device=step.label,
        why=error.why or error.what,
        remedy=remedy(kernel, error, step, act) or error.remedy or "look at dmesg",
        errno=error.errno,
    )


def remedy(kernel: Kernel, error: SriovError, step: OnDevice, act: str) -> str:
    """What to do about the errno of an error, or the one that `ip` tells in words; "" where nothing is known."""
    name = error.details()["errno"] or errno_name_in(error.why)
    return remedy_of(act, name, kernel.pci.driver(step.address)) if name else ""


def errno_name_in(text: str) -> str:
    """The name of the errno in what iproute2 says: it hands on strerror() in the C locale.

    "RTNETLINK answers: Operation not supported" -> "EOPNOTSUPP"; "" where it is in other words (the kernel's own,
    behind "Error: ").
    """
    for number in (*errorcode, *KERNELS_OWN):
        if text.rstrip().endswith(f": {os.strerror(number)}"):
            return errno_name(number)
    return ""
