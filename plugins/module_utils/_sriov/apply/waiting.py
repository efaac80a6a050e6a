# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What performing any step takes: where its device is by now, waiting, and errors with their remedy."""

from __future__ import annotations

import os
import typing as t
from errno import errorcode

from ..errors import KERNELS_OWN, NotReached, SriovError, TookTooLong, errno_name
from ..kernel.deadline import Deadline, told
from ..knowledge.causes import remedy_of
from ..model.paths import PCI_DEVICES

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel


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
    """Where the step's device is: where virtfnN points by now, which for a new VF was only predicted.

    :raises NotReached: it is not there.
    """
    of_vf = step.physfn is not None and step.vf is not None
    address = kernel.pci.virtual_function(t.cast(str, step.physfn), t.cast(int, step.vf)) if of_vf else step.address
    if address is None:
        raise NotReached(
            "the VF is gone",
            device=step.label,
            why=f"virtfn{step.vf} of {step.physfn} leads to no device",
            remedy="look who changes the VFs of this PF, and run again",
        )
    return address


def wait(reached: t.Callable[[], bool], timeout: float, what: str, label: str) -> None:
    """Poll until something holds.

    :raises TookTooLong: it did not in time (seconds).
    """
    if not Deadline(timeout).reached(reached):
        raise TookTooLong(
            what,
            device=label,
            why=f"waited {told(timeout)}",
            remedy="look at dmesg; give more time (timeout)",
        )


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


def tell_if_gone(kernel: Kernel, error: SriovError, step: t.Any) -> None:
    """Where the step's card does not answer any more, that is the reason, whatever an errno means otherwise."""
    addresses = [getattr(step, word, None) for word in ("physfn", "address")]
    for address in filter(None, addresses):
        if not kernel.pci.exists(address) and not _is_unread(kernel, address):
            gone = f"{address} is gone from the bus"
        elif not kernel.pci.answers(address):
            gone = f"{address} does not answer any more, its config space reads as all ones"
        else:
            continue
        error.why = f"{gone}; the step ended with: {error.why or error.what}"
        error.remedy = "look at dmesg for the card (PCIe errors, hot-plug); with power and link back, run again"
        return


def _is_unread(kernel: Kernel, address: str) -> bool:
    return f"{PCI_DEVICES}/{address}" in kernel.refused.files


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
