# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Samples of what the kernel spends on packets that it drops: CPU time of threaded NAPI, by the driver's counters."""

from __future__ import annotations

import typing as t

from ..errors import NotReached
from ..model.drop_cost import MOSTLY, Sample
from ..model.paths import PROCESSES
from ..observe.rates import Reading, packets, queue_rates

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.drop_cost import Before

    Clock = t.Callable[[], float]
    Sleep = t.Callable[[float], None]

SAMPLES = 10
NO_ROOM = ("rx_no_dma_resources",)  # beside the kernel's rx_missed_errors: ixgbe_main.c ixgbe_update_stats()


class Look(t.NamedTuple):
    """What is counted, at one moment."""

    reading: Reading
    busy: int


def samples(kernel: Kernel, was: Before, seconds: float, clock: Clock, sleep: Sleep) -> list[Sample]:
    """:raises NotReached: its NAPI has no threads, or something else was dropped."""
    threads = napi_threads(kernel, was)
    dropped = kernel.dropping.count(was.by, was.pf, was.port)
    looks = [look(kernel, was.pf, threads, clock)]
    for _sample in range(SAMPLES):
        sleep(seconds / SAMPLES)
        looks.append(look(kernel, was.pf, threads, clock))
    driver = kernel.interfaces.driver(was.pf) or ""
    taken = [between(first, last, driver) for first, last in zip(looks, looks[1:])]
    if dropped is not None:
        _check_dropped(was, taken, (kernel.dropping.count(was.by, was.pf, was.port) or 0) - dropped)
    return taken


def napi_threads(kernel: Kernel, was: Before) -> list[str]:
    """:raises NotReached: there are none."""
    threads = kernel.napi.threads(was.pf)
    if not threads:
        raise NotReached(
            "contender: no thread of NAPI is seen",
            device=was.label,
            why=f"`threaded` is set, and no kernel thread is called napi/{was.pf}-N",
            remedy=f"look at `ps -e`, and at how {PROCESSES} is mounted (hidepid)",
        )
    return threads


def look(kernel: Kernel, name: str, threads: t.Sequence[str], clock: Clock) -> Look:
    """Time and packets as close to each other as it goes: between them more packets come."""
    counters, busy, at = kernel.ethtool.statistics(name), kernel.napi.cpu_time(threads), clock()
    return Look(Reading(at, counters, kernel.interfaces.statistics(name)), busy)


def between(first: Look, last: Look, driver: str) -> Sample:
    """A counter that was reset meanwhile counts as nothing."""
    counters = _grown(first.reading.counters, last.reading.counters)
    kernel = _grown(first.reading.kernel, last.reading.kernel)
    received = packets(counters, kernel, driver).per_second or 0
    queues = {queue: int(count or 0) for queue, count in queue_rates(counters, driver).items()}
    lost = sum(counters.get(name) or 0 for name in NO_ROOM) + (kernel.get("rx_missed_errors") or 0)
    seconds = max(last.reading.at - first.reading.at, 1e-9)
    return Sample(seconds, last.busy - first.busy, int(received), queues, int(lost))


def no_room(kernel: Kernel, name: str) -> int:
    """Frames that a NIC had no room for, up to now."""
    counters, own = kernel.ethtool.statistics(name), kernel.interfaces.statistics(name)
    return sum(counters.get(each, 0) for each in NO_ROOM) + own.get("rx_missed_errors", 0)


def _check_dropped(was: Before, taken: t.Sequence[Sample], dropped: int) -> None:
    """:raises NotReached: most of what was received is something else, and so is what it costs."""
    received = sum(each.packets for each in taken)
    if dropped < MOSTLY * received:
        raise NotReached(
            f"contender: {was.by} did not drop what came",
            device=was.label,
            why=f"of {received} packets {dropped} were to UDP port {was.port}, and others cost something else",
            remedy="have the generator send to that port, or name another (port)",
        )


def _grown(first: t.Mapping[str, int], last: t.Mapping[str, int]) -> dict[str, float | None]:
    return {name: max(0, last[name] - first.get(name, last[name])) for name in last}
