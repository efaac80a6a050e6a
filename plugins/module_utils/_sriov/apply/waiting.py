# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What performing any step takes: where its device is by now, waiting, and errors with their remedy."""

from __future__ import annotations

import time
import typing as t

from ..errors import SriovError, TookTooLong

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

POLL = 0.1  # seconds


class OnDevice(t.Protocol):
    """A step on one PCI function, a VF by its PF and index."""

    @property
    def address(self) -> str:
        """Its PCI address, as far as the plan knew it."""

    @property
    def physfn(self) -> str | None:
        """The address of a VF's PF."""

    @property
    def vf(self) -> int | None:
        """The index of a VF."""


def located(kernel: Kernel, step: OnDevice) -> str:
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


def explained(error: SriovError, what: str, label: str, remedies: dict[str, str]) -> SriovError:
    """The same error, told of the device, with what the kernel's answer means here.

    :param remedies: name of the errno -> remedy.
    """
    name = error.details()["errno"] or ""
    return type(error)(
        what,
        device=label,
        why=error.why or error.what,
        remedy=remedies.get(name, "") or error.remedy or "look at dmesg",
        errno=error.errno,
    )
