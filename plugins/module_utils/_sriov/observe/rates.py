# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Packets a second out of a driver's own statistics, as `watch -d ethtool -S NAME` shows them. Pure.

Clock, sleep and the reading of statistics are arguments.
"""

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import dataclass
from functools import lru_cache

from ..errors import InvalidRequest
from ..knowledge.index import all_queue_counters, queue_counters

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_SECONDS = 3600
MAX_SAMPLES = 3600
NOTHING = "(?!)"
RESOLUTION = 1e-9  # of the clock: two readings are never closer
# What is received, what is lost on the way, and what flow director did with it; no bytes.
DEFAULT_PATTERN = (
    "^(?!.*bytes).*(rx.*(packet|pkt|frame|cast|_cnt|miss|drop|discard|error|overrun|overflow|no_dma|no_buf)"
    "|rcv_pkts|fdir.*(match|miss|overflow))"
)
ALL_PACKETS = "rx_packets"

Rates = t.Dict[str, t.Optional[float]]
"""Counter -> per second, not rounded; None where it went backwards, or came or went."""


class Reading(t.NamedTuple):
    """A driver's statistics.

    :param at: seconds of a monotonic clock, from just before they were read.
    """

    at: float
    counters: dict[str, int]


@dataclass(frozen=True)
class Request:
    """What to sample, checked.

    :param ends: when to read again, in seconds from the first reading, ascending.
    """

    ends: tuple[float, ...]
    pattern: re.Pattern[str]


def request(seconds: float, interval: float | None, pattern: str) -> Request:
    """The options of the module as a request.

    :raises InvalidRequest: a time or a regular expression that cannot be meant.
    """
    if not 0 < seconds <= MAX_SECONDS:  # also refuses "nan"
        raise InvalidRequest(
            f"seconds: {seconds:g} is not between 0 and {MAX_SECONDS}", remedy="give a time such as 1 or 2.5"
        )
    if interval is None:
        return Request((seconds,), _compiled(pattern))
    if not seconds / MAX_SAMPLES <= interval <= seconds:
        raise InvalidRequest(
            f"interval: {interval:g} does not divide {seconds:g} s into 1 to {MAX_SAMPLES} samples",
            remedy=f"give {seconds / MAX_SAMPLES:g} or more, and no more than seconds",
        )
    samples = math.ceil(seconds / interval - 1e-6)
    ends = (*(number * interval for number in range(1, samples)), seconds)
    return Request(ends, _compiled(pattern))


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        place = "" if error.pos is None else f" at position {error.pos}"
        raise InvalidRequest(
            f"pattern: {pattern!r} is no regular expression",
            why=f"{error.msg}{place}",
            remedy="correct it there, or write a backslash before a character that stands for itself",
        ) from None


def sample(
    read: t.Callable[[], Reading],
    ends: Iterable[float],
    clock: t.Callable[[], float],
    sleep: t.Callable[[float], None],
) -> list[Reading]:
    """One reading now and one at each end; a late one does not make the next ones late."""
    readings = [read()]
    for end in ends:
        left = readings[0].at + end - clock()
        if left > 0:
            sleep(left)
        readings.append(read())
    return readings


def rates(readings: Sequence[Reading]) -> Rates:
    """From the first reading to the last; in the driver's order, new counters last.

    A counter that went backwards was reset by its driver. One of 32 bits may have wrapped instead: that is not guessed.
    """
    seconds = elapsed(readings)
    first, last = readings[0].counters, readings[-1].counters
    names = list(dict.fromkeys(name for reading in readings for name in reading.counters))
    steady = {name for name in names if _rises([reading.counters.get(name) for reading in readings])}
    return {name: (last[name] - first[name]) / seconds if name in steady else None for name in names}


def _rises(values: list[int | None]) -> bool:
    known = [value for value in values if value is not None]
    return len(known) == len(values) and known == sorted(known)


def elapsed(readings: Sequence[Reading]) -> float:
    return max(readings[-1].at - readings[0].at, RESOLUTION)


def queue_rates(found: Rates, in_use: int = 0, driver: str = "") -> dict[int, float | None]:
    """Packets a second by queue, ascending; None where one of the queue's counters has no rate.

    :param in_use: RX queues in use. Drivers count for queues that they do not use as well: these are listed only
        if something moved. 0: not known.
    :param driver: the interface's; "": not known.
    """
    counts = _queue_counter(found, driver)
    parts: dict[int, list[float | None]] = {}
    for name, rate in found.items():
        match = counts.fullmatch(name)
        if match:
            parts.setdefault(int(match[match.lastindex or 0]), []).append(rate)
    queues = {queue: _sum(parts[queue]) for queue in sorted(parts)}
    return {queue: rate for queue, rate in queues.items() if not in_use or queue < in_use or rate != 0}


def _queue_counter(found: Rates, driver: str) -> re.Pattern[str]:
    """How counters of queues are named here; its one group that matches is the queue.

    As the driver names them. If there is none of these, it is an unknown driver, or of another release than we know:
    then as the first driver does that has a name in common, so that none is counted under two names.
    """
    own = _any_of(queue_counters(driver))
    if any(map(own.fullmatch, found)):
        return own
    others = map(_any_of, all_queue_counters())
    return next((other for other in others if any(map(other.fullmatch, found))), own)


@lru_cache(maxsize=None)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """Matches each of Driver.queue_counters, and nothing if there is none."""
    return re.compile("|".join(re.escape(name).replace(r"\{\}", r"(\d+)") for name in names) or NOTHING)


def packets_per_second(found: Rates, queues: Mapping[int, float | None]) -> float | None:
    """Of all queues; of the counter rx_packets where there are no counters of queues."""
    return _sum(queues.values()) if queues else found.get(ALL_PACKETS)


def _sum(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    numbers = [part for part in known if part is not None]
    return sum(numbers) if len(numbers) == len(known) else None


def report(
    readings: Sequence[Reading], pattern: re.Pattern[str], in_use: int = 0, driver: str = ""
) -> dict[str, t.Any]:
    """The module's result."""
    found = rates(readings)
    queues, counts = queue_rates(found, in_use, driver), _queue_counter(found, driver)
    chosen = {name: rate for name, rate in found.items() if pattern.search(name)}
    used = [name for name in found if name in chosen or name == ALL_PACKETS or counts.fullmatch(name)]
    return {
        "seconds": round(elapsed(readings), 3),
        "packets_per_second": rounded(packets_per_second(found, queues)),
        "queues": [{"queue": queue, "packets_per_second": rounded(rate)} for queue, rate in queues.items()],
        "rates": {name: rounded(rate) for name, rate in chosen.items() if rate is not None},
        "reset": [name for name in used if found[name] is None],
    }


def samples(readings: Sequence[Reading], pattern: re.Pattern[str], driver: str = "") -> list[dict[str, t.Any]]:
    """Between each two readings: when it ended, and what moved."""
    listed = []
    for pair in zip(readings, readings[1:]):
        found = rates(pair)
        moved = {name: rounded(rate) for name, rate in found.items() if rate and pattern.search(name)}
        total = packets_per_second(found, queue_rates(found, driver=driver))
        end = round(pair[1].at - readings[0].at, 3)
        listed.append({"seconds": end, "packets_per_second": rounded(total), "rates": moved})
    return listed


def rounded(rate: float | None) -> float | None:
    """To six digits: more than the clock is worth, and a single packet in an hour is still not 0."""
    return None if rate is None else float(f"{rate:.6g}")
