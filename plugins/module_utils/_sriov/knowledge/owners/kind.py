# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A kind of owner as data: where its files are, what in them sets VFs, and how a line is shown to be about a PF."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf, Place

Verdict = t.Optional[bool]
"""Whether something is about a PF: True: it names it; None: it may be; False: it names another."""


class Found(t.NamedTuple):
    """A line that sets VFs, of a PF that it may be about.

    :param line: from 1; 0 for the file as a whole.
    :param what: the line; of a whole file what is the matter with it.
    """

    path: str
    line: int
    what: str
    pf: OwnedPf
    proof: bool


class Kind(t.NamedTuple):
    """A kind of owner.

    :param who: for a sentence: "a profile of NetworkManager".
    :param read: from its files and the PFs to what was found.
    :param words: a file without any of them is not looked into; whether they are in capital letters does not matter.
    :param masks: read() is given links to /dev/null as well.
    :param only_warn: both can live on one host, even where it names the PF.
    """

    who: str
    places: tuple[Place, ...]
    read: Callable[[Sequence[ConfigFile], Sequence[OwnedPf]], Iterable[Found]]
    remedy: str
    sets: str = "the number of VFs"
    words: tuple[str, ...] = ()
    masks: bool = False
    only_warn: bool = False


def judged(
    path: str, line: int, what: str, pfs: Iterable[OwnedPf], judge: Callable[..., Verdict], *said: t.Any
) -> Iterator[Found]:
    """What was found, once for each PF that it is not known not to be about.

    :param judge: asked with what the line says, and a PF.
    """
    for pf in pfs:
        verdict = judge(*said, pf)
        if verdict is not False:
            yield Found(path, line, what, pf, bool(verdict))


def may_be(_pf: OwnedPf) -> Verdict:
    """Nothing in it tells of which PF it is."""
    return None


def at_most_maybe(verdict: Verdict) -> Verdict:
    """Of what more than one PF may be called: it is no proof."""
    return False if verdict is False else None


def unless(verdict: Verdict) -> Verdict:
    """Of what must not be so."""
    return False if verdict is True else None


def both(verdicts: Iterable[Verdict]) -> Verdict:
    """All conditions have to hold: it names the PF where one does and none names another."""
    found = list(verdicts)
    return False if False in found else (True if True in found else None)


def either(verdicts: Iterable[Verdict]) -> Verdict:
    """One of them is enough; of none nothing is known."""
    found = list(verdicts)
    if True in found:
        return True
    return None if None in found or not found else False
