# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""One family of errors. Each says what, on which device, wanted what, why, and what to do about it."""

from __future__ import annotations

import errno as errno_names
import os
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence


class SriovError(Exception):
    """The base of every error of this collection.

    :param what: what was not done, as a clause: "cannot create 8 VFs".
    :param device: the device it was not done to: "enp1s0 (0000:01:00.0)".
    :param why: the reason, a clause with the numbers in it.
    :param remedy: what the operator can do; a sentence in the imperative.
    :param errno: the kernel's answer, when there was one.
    :param consent: the word of `allow` by which it is no refusal any more; "" for none.
    """

    kind = "error"

    def __init__(
        self,
        what: str,
        *,
        device: str = "",
        why: str = "",
        remedy: str = "",
        errno: int | None = None,
        consent: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.device = device
        self.why = why
        self.remedy = remedy
        self.errno = errno
        self.consent = consent
        self.vf: int | None = None  # the VF that `what` names, where the same may be said of others
        self.step = ""  # the step at which it happened
        self.done: list[str] = []  # the steps done before it, and after it to put back what those had taken away
        self.partly: list[t.Any] = []  # steps that say what the one at which it happened did all the same
        self.attempted: list[t.Any] = []  # those steps, and what was begun of the one at which it happened
        self.begun = False  # a step was begun: it may have had its effect all the same
        self.changed: bool | None = None  # whether the host is another than before; None: if anything was done
        self.lost: list[str] = []  # commands for what could not be put back

    def __str__(self) -> str:
        text = self.what
        if self.device:
            text += f" on {self.device}"
        if self.why:
            text += f": {self.why}"
        if self.errno is not None:
            text += f" [{errno_words(self.errno)}]"
        if self.remedy:
            text += f". Remedy: {self.remedy}"
        return text if text.endswith("?") else text + "."

    def each(self) -> list[SriovError]:
        """This one; of several told together, all of them."""
        return [self]

    def details(self) -> dict[str, t.Any]:
        """The same as a flat dictionary, for the result of a failed module."""
        return {
            "kind": self.kind,
            "what": self.what,
            "device": self.device,
            "why": self.why,
            "remedy": self.remedy,
            "errno": None if self.errno is None else errno_name(self.errno),
            "step": self.step,
        }

    def failures(self) -> dict[str, t.Any]:
        """`failures`: details() of each, for such a result where several are told together; else nothing."""
        details = [each.details() for each in self.each()]
        return {"failures": details} if len(details) > 1 else {}


class DeviceNotFound(SriovError):
    """No device on this host answers to the name that was given."""

    kind = "not_found"


class InvalidRequest(SriovError):
    """An option's value cannot be right on this host, whatever its state; found before the first write."""

    kind = "invalid"


class NotSupported(SriovError):
    """The hardware, the driver or the running kernel cannot do this; found before the first write."""

    kind = "unsupported"


class NotKnown(SriovError):
    """What the decision rests on could not be read, though it may be there; found before the first write."""

    kind = "not_known"


class NotPermitted(SriovError):
    """The user that this runs as may not do it, or not see what has to be seen first."""

    kind = "not_permitted"


class WouldDestroy(SriovError):
    """The plan would destroy something the user did not name."""

    kind = "would_destroy"


class InUse(SriovError):
    """What would be taken away is in use.

    :param holders: one sentence for each user of the device.
    """

    kind = "in_use"

    def __init__(self, what: str, *, holders: Sequence[str] = (), **rest: t.Any) -> None:
        super().__init__(what, **rest)
        self.holders = list(holders)

    def details(self) -> dict[str, t.Any]:
        return {**super().details(), "holders": self.holders}


class KernelRefused(SriovError):
    """The kernel answered a write or a command with an error."""

    kind = "kernel_refused"


class TookTooLong(SriovError):
    """The kernel did not answer, or did not settle, in the time allowed."""

    kind = "timeout"


class StillInKernel(TookTooLong):
    """The kernel is at a write or a read, and whatever else is written to that device would wait as well."""


class NoAnswer(SriovError):
    """The process that did it is gone: somebody, or the kernel, has killed it, or this collection has a fault."""

    kind = "no_answer"


class NotReached(SriovError):
    """Every step was accepted and yet the state read back is not the one wanted."""

    kind = "not_reached"


# include/linux/errno.h: not meant for programs, and told to them all the same. libc has no words for them.
KERNELS_OWN = {512: "ERESTARTSYS", 517: "EPROBE_DEFER", 524: "ENOTSUPP", 525: "ETOOSMALL"}


GARBLED = 0  # in the place of an errno: a file could be read, and holds what the kernel does not write there


def errno_name(number: int) -> str:
    """EBUSY for 16; of the two names of 95 the one that the kernel uses, not the one that Python may choose.

    The digits of a number that has no name: octeontx2 for instance hands on what its firmware answers (709).
    """
    if number == errno_names.EOPNOTSUPP:
        return "EOPNOTSUPP"
    return errno_names.errorcode.get(number) or KERNELS_OWN.get(number) or str(number)


def errno_words(number: int) -> str:
    """ "EBUSY: Device or resource busy"; of a number without words of libc, whose it is."""
    if number == GARBLED:
        return "it says what cannot be"
    name = errno_name(number)
    if number in errno_names.errorcode:
        return f"{name}: {os.strerror(number)}"
    if number in KERNELS_OWN:
        return f"{name}, {number}: the kernel's own, without words"
    return f"{name}: the driver's own"
