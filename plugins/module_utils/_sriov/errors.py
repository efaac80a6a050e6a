# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""One family of errors. Each says what, on which device, wanted what, why, and what to do about it."""

from __future__ import annotations

import copy
import errno as errno_names
import os
import typing as t
from contextlib import contextmanager

if t.TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence


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
        self.done: list[str] = []  # the steps done before it

    def __str__(self) -> str:
        text = self.what
        if self.device:
            text += f" on {self.device}"
        if self.why:
            text += f": {self.why}"
        if self.errno is not None:
            text += f" [{errno_name(self.errno)}: {os.strerror(self.errno)}]"
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


class DeviceNotFound(SriovError):
    """No device on this host answers to the name that was given."""

    kind = "not_found"


class InvalidRequest(SriovError):
    """An option's value cannot be right on this host, whatever its state; found before the first write."""

    kind = "invalid"


class NotSupported(SriovError):
    """The hardware, the driver or the running kernel cannot do this; found before the first write."""

    kind = "unsupported"


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


class NotReached(SriovError):
    """Every step was accepted and yet the state read back is not the one wanted."""

    kind = "not_reached"


MOST_TOLD, MOST_DEVICES = 20, 4  # a message of more is not read


class Several(SriovError):
    """Refusals that are told together; what it says of itself is what the first of them says."""

    def __init__(self, errors: Sequence[SriovError]) -> None:
        first = errors[0]
        super().__init__(first.what, device=first.device, why=first.why, remedy=first.remedy, errno=first.errno)
        self.kind = first.kind
        self.errors = list(errors)

    def __str__(self) -> str:
        more = len(self.errors) - MOST_TOLD
        lines = [f"- {error}" for error in self.errors[:MOST_TOLD]] + ([f"- and {more} more"] if more > 0 else [])
        return "\n".join([f"{len(self.errors)} things are refused:", *lines])

    def each(self) -> list[SriovError]:
        return self.errors

    def details(self) -> dict[str, t.Any]:
        return self.errors[0].details()


class Faults:
    """Refusals gathered on the way, to be told at once.

    :param allow: words of model.consent. A refusal with one of them is kept apart, in `allowed`: it is none any more,
        and the user is told that the consent was used.
    """

    def __init__(self, allow: Container[str] = ()) -> None:
        self._allow = allow
        self._found: dict[str, SriovError] = {}
        self._allowed: dict[str, SriovError] = {}

    @property
    def found(self) -> list[SriovError]:
        return list(self._found.values())

    @property
    def allowed(self) -> list[SriovError]:
        return list(self._allowed.values())

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """A block whose refusal ends it, and is kept."""
        try:
            yield
        except SriovError as error:
            self.add(error)

    def add(self, *errors: SriovError) -> None:
        """Each is kept once."""
        for each in (each for error in errors for each in error.each()):
            kept = self._allowed if each.consent and each.consent in self._allow else self._found
            kept.setdefault(str(each), each)

    def join(self, other: Faults) -> None:
        """Take over what another has gathered, by its own consents."""
        self._found.update((text, each) for text, each in other._found.items() if text not in self._found)
        self._allowed.update(other._allowed)

    def tell(self) -> None:
        """:raises SriovError: what was gathered: the one, or Several; nothing where all is well."""
        found = together(self.found)
        if len(found) > 1:
            raise Several(found)
        for only in found:
            raise only


def together(errors: Sequence[SriovError]) -> list[SriovError]:
    """Errors that differ in the VF alone, or in the device alone, as one each: what is wanted of all VFs is refused for
    one reason most of the time."""
    of_vfs = [_for_all_vfs(alike) for alike in _alike(errors, "what", _what_of_any_vf)]
    return [_on_all_devices(alike) for alike in _alike(of_vfs, "device", lambda error: bool(error.device))]


def _alike(
    errors: Sequence[SriovError], word: str, shared: t.Callable[[SriovError], t.Any]
) -> t.Iterable[list[SriovError]]:
    """Groups that differ in one word of their details alone.

    :param shared: what they have in its place.
    """
    groups: dict[str, list[SriovError]] = {}
    for error in errors:
        key = repr({**error.details(), "consent": error.consent, word: shared(error)})
        groups.setdefault(key, []).append(error)
    return groups.values()


def _what_of_any_vf(error: SriovError) -> str:
    return error.what if error.vf is None else error.what.replace(f"VF {error.vf}", "VF")


def _for_all_vfs(alike: Sequence[SriovError]) -> SriovError:
    numbers = sorted({error.vf for error in alike if error.vf is not None})
    if len(numbers) < 2:
        return alike[0]
    one = copy.copy(alike[0])
    starts = (number for number in numbers if number - 1 not in numbers)
    ends = (number for number in numbers if number + 1 not in numbers)
    ranges = ",".join(str(first) if first == last else f"{first}-{last}" for first, last in zip(starts, ends))
    one.what, one.vf = one.what.replace(f"VF {one.vf}", f"VFs {ranges}"), None
    return one


def _on_all_devices(alike: Sequence[SriovError]) -> SriovError:
    devices = list(dict.fromkeys(error.device for error in alike))
    if len(devices) < 2:
        return alike[0]
    one = copy.copy(alike[0])
    more = len(devices) - MOST_DEVICES + 1
    shown = [*devices[: MOST_DEVICES - 1], f"{more} more"] if more > 1 else devices
    one.device = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return one


def errno_name(number: int) -> str:
    """EBUSY for 16; of the two names of 95 the one that the kernel uses, not the one that Python may choose."""
    if number == errno_names.EOPNOTSUPP:
        return "EOPNOTSUPP"
    return errno_names.errorcode.get(number, str(number))
