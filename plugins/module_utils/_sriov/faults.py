# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Refusals gathered, so that all of them are told at once."""

from __future__ import annotations

import copy
import typing as t
from contextlib import contextmanager

from .errors import SriovError

if t.TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

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
