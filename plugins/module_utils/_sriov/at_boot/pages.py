# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Hugepages at a boot: those that the host was prepared with (module platform), before NICs and programs take memory.

systemd-tmpfiles writes the numbers once; the kernel takes a number that it cannot reach, and gives fewer pages.
"""

from __future__ import annotations

import typing as t

from ..alone import alone
from ..apply.hugepages import allocate, short_of
from ..errors import NotReached, SriovError
from ..faults import Faults
from ..kept.boot_result import failure_of
from ..kernel.deadline import Deadline
from ..model.kernel_arguments import size_text
from ..model.platform import Pages, Stored
from ..model.platform_kept import PLATFORM, to_stored
from ..model.under_way import under_way
from ..observe.platform_kept import read_kept
from ..steps.platform import SetPages

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..alone import Tell
    from ..kept.envelope import Json
    from ..kernel.kernel import Kernel
    from ..model.under_way import UnderWay

TRIES_FOR = 20.0  # seconds: what is in pieces just after a boot stays so

Numbers = t.Dict[t.Tuple[int, int], int]  # of pages, by node and size


class Taken(t.NamedTuple):
    """What has come of it.

    :param steps: pools that have more pages now; sentences.
    :param failure: as failure_of() has it; None where all are there, or none are wanted.
    """

    steps: list[str]
    failure: Json | None = None


def take_pages(kernel: Kernel, seconds: float, heard: Callable[[UnderWay], None]) -> Taken:
    """Whatever fails is in what is returned: the NICs are reached all the same.

    :param seconds: for all of it.
    :param heard: gets what is about to be done.
    """
    try:
        wanted = wanted_pages(kernel)
        before = _numbers(kernel)
    except SriovError as error:
        return Taken([], failure_of(error))
    if not _steps(wanted, before):
        return Taken([])
    failure = _tried(kernel, wanted, seconds, heard)
    try:
        return Taken(_grown(wanted, before, _numbers(kernel)), failure)
    except SriovError as error:
        return Taken([], failure or failure_of(error))


def missing_pages(kernel: Kernel) -> list[str]:
    """Steps that take_pages() would do, in sentences.

    :raises SriovError: what is wanted, or there, cannot be read.
    """
    return [str(step) for step in _steps(wanted_pages(kernel), _numbers(kernel))]


def wanted_pages(kernel: Kernel) -> tuple[Pages, ...]:
    """None where the host was not prepared.

    :raises UnreadableFile: it is not known what is wanted.
    """
    return read_kept(kernel, PLATFORM, to_stored, Stored(), "look at it, and run module platform again").pages


def _tried(kernel: Kernel, wanted: Sequence[Pages], seconds: float, heard: Callable[[UnderWay], None]) -> Json | None:
    """In a process of its own, as the kernel may take long for a number; why not all are there."""

    def work(deadline: Deadline, tell: Tell) -> Json | None:
        try:
            now = _numbers(kernel)
            tell(under_way(_steps(wanted, now)))
            faults = Faults()
            faults.add(*(_gone(each) for each in wanted if each.pool not in now))
            short = allocate(kernel, [each for each in wanted if each.pool in now], deadline, TRIES_FOR)
            faults.add(*([short_of(short)] if short else []))
            faults.tell()
        except SriovError as error:
            return failure_of(error)
        return None

    try:
        return t.cast("Json | None", alone(kernel, work, seconds, heard))
    except SriovError as error:
        return failure_of(error)


def _gone(pages: Pages) -> NotReached:
    return NotReached(
        f"hugepages: node {pages.node}: none of {pages.number} pages of {size_text(pages.size_kb)}",
        why="there is no such node in this boot, or it has none of that size",
        remedy="look at the host's memory, and run module platform for what is there now",
    )


def _numbers(kernel: Kernel) -> Numbers:
    return {(each.node, each.size_kb): each.nr for each in kernel.platform.pools()}


def _steps(wanted: Sequence[Pages], now: Numbers) -> list[SetPages]:
    return [
        SetPages(*each.pool, now.get(each.pool, 0), each.number)
        for each in wanted
        if now.get(each.pool, 0) < each.number
    ]


def _grown(wanted: Sequence[Pages], before: Numbers, now: Numbers) -> list[str]:
    """What was done, with the numbers that have come of it."""
    numbers = ((each.pool, before.get(each.pool, 0), now.get(each.pool, 0)) for each in wanted)
    return [str(SetPages(*pool, was, number)) for pool, was, number in numbers if number > was]
