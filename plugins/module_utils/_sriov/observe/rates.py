# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Packets a second out of a driver's own statistics, as `watch -d ethtool -S NAME` shows them, and the kernel's. Pure.

A number is called packets a second where it is known to be all that is received: the sum of counters that are known of
the driver, or else what the kernel counts.

Clock, sleep and the reading of statistics are arguments. What a user is shown of it is made in rate_report.py.
"""

from __future__ import annotations

import math
import re
import typing as t
from dataclasses import dataclass
from functools import lru_cache

from ..errors import InvalidRequest
from ..knowledge.index import all_queue_counters, packet_counters, queue_counters

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_SECONDS = 3600
MAX_SAMPLES = 3600
LONGEST_PATTERN = 1000  # characters; counters have 32
NOTHING = "(?!)"
RESOLUTION = 1e-9  # of the clock: two readings are never closer
# What is received, what is lost on the way, and what flow director did with it; no bytes.
DEFAULT_PATTERN = (
    "^(?!.*bytes).*(rx.*(packet|pkt|frame|cast|_cnt|miss|drop|disc|err(?!upt)|fail|overrun|overflow|oob|exceed|trunc"
    "|no_?(dma|buf|mem|desc|skb|wqe)|out_of_buf|xdp_(redirect|tx_xmit|tx$))|pkts? rx|dropped rx|rcv_pkts|rq0_packets"
    "|xdp_no_pass|no_buff|allowance_exceeded|fdir.*(match|miss|overflow))"
)
ALL_PACKETS = "rx_packets"  # of the kernel's counters
NO_PACKETS = ("rx_bytes", "rx_compressed")  # among the kernel's
SUMS = ("rx_packets", "rx_bytes", "tx_packets", "tx_bytes")  # the driver's and the kernel's: drivers add queues up

Rates = t.Dict[str, t.Optional[float]]
"""Counter -> per second, not rounded; None where it went backwards, came or went, or is a sum of which a part did."""


class Reading(t.NamedTuple):
    """An interface's statistics.

    :param at: seconds of a monotonic clock, from just before they were read.
    :param counters: the driver's own.
    :param kernel: the kernel's, of what is received.
    :param sockets: (queue, inode) of AF_XDP sockets -> what they have lost.
    """

    at: float
    counters: t.Mapping[str, int]
    kernel: t.Mapping[str, int] = {}
    sockets: t.Mapping[tuple[int, int], t.Mapping[str, int]] = {}


class Packets(t.NamedTuple):
    """What an interface receives.

    :param per_second: None where a counter in it has no rate, or nothing counts.
    :param counted_by: "driver", "kernel" or "nothing".
    :param counters: those that it is the sum of.
    """

    per_second: float | None
    counted_by: str
    counters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Request:
    """What to sample, checked.

    :param ends: when to read again, in seconds from the first reading, ascending.
    """

    ends: tuple[float, ...]
    pattern: str


def request(seconds: float, interval: float | None, pattern: str) -> Request:
    """The options of the module as a request.

    :raises InvalidRequest: a time or a regular expression that cannot be meant.
    """
    if not 0 < seconds <= MAX_SECONDS:  # also refuses "nan"
        raise InvalidRequest(
            f"seconds: {seconds:g} is not between 0 and {MAX_SECONDS}", remedy="give a time such as 1 or 2.5"
        )
    if interval is None:
        return Request((seconds,), _checked(pattern))
    if not seconds / MAX_SAMPLES <= interval <= seconds:
        raise InvalidRequest(
            f"interval: {interval:g} does not divide {seconds:g} s into 1 to {MAX_SAMPLES} samples",
            remedy=f"give {seconds / MAX_SAMPLES:g} or more, and no more than seconds",
        )
    samples = math.ceil(seconds / interval - 1e-6)
    ends = (*(number * interval for number in range(1, samples)), seconds)
    return Request(ends, _checked(pattern))


def _checked(pattern: str) -> str:
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidRequest(
            f"pattern: {len(pattern)} characters are too many", remedy=f"write it in {LONGEST_PATTERN} or fewer"
        )
    try:
        re.compile(pattern)
    except (RecursionError, OverflowError) as error:
        raise InvalidRequest(f"pattern: {pattern!r} is too deep", why=str(error), remedy="write less of it") from None
    except re.error as error:
        place = "" if error.pos is None else f" at position {error.pos}"
        raise InvalidRequest(
            f"pattern: {pattern!r} is no regular expression",
            why=f"{error.msg}{place}",
            remedy="correct it there, or write a backslash before a character that stands for itself",
        ) from None
    return pattern


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


def rates(readings: Sequence[Reading], driver: str = "") -> Rates:
    """Of the driver's counters, from the first reading to the last; in the driver's order, new counters last.

    :param driver: the interface's; "": not known.
    """
    found = _rates([reading.counters for reading in readings], elapsed(readings))
    return _without_sums(found, readings, driver)


def kernel_rates(readings: Sequence[Reading], driver: str = "") -> Rates:
    """Of the kernel's counters."""
    found = _rates([reading.kernel for reading in readings], elapsed(readings))
    known = {name: rate for name, rate in found.items() if name not in NO_PACKETS}
    return _without_sums(known, readings, driver)


def _rates(counters: Sequence[Mapping[str, int]], seconds: float) -> Rates:
    """A counter that went backwards was reset by its driver. One of 32 bits may have wrapped: that is not guessed."""
    first, last = counters[0], counters[-1]
    names = list(dict.fromkeys(name for each in counters for name in each))
    steady = {name for name in names if _rises([each.get(name) for each in counters])}
    return {name: (last[name] - first[name]) / seconds if name in steady else None for name in names}


def _without_sums(found: Rates, readings: Sequence[Reading], driver: str) -> Rates:
    """Where one queue began again, what its driver adds up is too low by an unknown part, also where it has risen."""
    doubtful = SUMS if since_reset(readings, driver) else ()
    return {name: None if name in doubtful else rate for name, rate in found.items()}


def since_reset(readings: Sequence[Reading], driver: str = "") -> dict[int, int]:
    """What queues have counted since their counters went back to 0: queue -> packets.

    ixgbe has a queue begin again where a zero-copy AF_XDP socket is bound to it or closed, and leaves the others alone
    (ixgbe_xsk.c ixgbe_xsk_pool_enable).
    """
    counters = [reading.counters for reading in readings]
    counts = queue_counter(counters[-1], driver)
    found: dict[int, int] = {}
    for name, last in counters[-1].items():
        match = counts.fullmatch(name)
        if match and _fell([each.get(name) for each in counters]):
            queue = int(match[match.lastindex or 0])
            found[queue] = found.get(queue, 0) + last
    return {queue: found[queue] for queue in sorted(found)}


def _fell(values: list[int | None]) -> bool:
    """Whether one was there throughout, and lower than before at a time."""
    return None not in values and not _rises(values)


def _rises(values: list[int | None]) -> bool:
    known = [value for value in values if value is not None]
    return len(known) == len(values) and known == sorted(known)


def elapsed(readings: Sequence[Reading]) -> float:
    return max(readings[-1].at - readings[0].at, RESOLUTION)


def queue_rates(found: Rates, driver: str = "") -> dict[int, float | None]:
    """Packets a second by queue, ascending; None where one of the queue's counters has no rate.

    :param driver: the interface's; "": not known.
    """
    counts = queue_counter(found, driver)
    parts: dict[int, list[float | None]] = {}
    for name, rate in found.items():
        match = counts.fullmatch(name)
        if match:
            parts.setdefault(int(match[match.lastindex or 0]), []).append(rate)
    return {queue: _sum(parts[queue]) for queue in sorted(parts)}


def queue_counter(found: Iterable[str], driver: str) -> re.Pattern[str]:
    """How counters of queues are named here; its one group that matches is the queue.

    As the driver names them. If there is none of these, it is an unknown driver, or of another release than we know:
    then as the first driver does that has a name in common, so that none is counted under two names.
    """
    own, names = _any_of(queue_counters(driver)), tuple(found)
    if any(map(own.fullmatch, names)):
        return own
    others = map(_any_of, all_queue_counters())
    return next((other for other in others if any(map(other.fullmatch, names))), own)


@lru_cache(maxsize=None)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """Matches each of Driver.queue_counters, and nothing if there is none."""
    return re.compile("|".join(re.escape(name).replace(r"\{\}", r"(\d+)") for name in names) or NOTHING)


def packets(found: Rates, kernel: Rates, driver: str = "") -> Packets:
    """All that is received.

    Counters that look like another driver's may not be all: for them, and where there are none, the kernel's word.
    """
    known = _any_of((*queue_counters(driver), *packet_counters(driver)))
    own = tuple(filter(known.fullmatch, found))
    if own:
        return Packets(_sum(found[name] for name in own), "driver", own)
    return Packets(kernel.get(ALL_PACKETS), "kernel") if ALL_PACKETS in kernel else Packets(None, "nothing")


def _sum(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    numbers = [part for part in known if part is not None]
    return sum(numbers) if len(numbers) == len(known) else None
