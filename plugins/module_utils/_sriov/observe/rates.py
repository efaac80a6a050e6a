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

from ..errors import InvalidRequest

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_SECONDS = 3600
MAX_SAMPLES = 3600
RESOLUTION = 1e-9  # of the clock: two readings are never closer
# What is received, what is lost on the way, and what flow director did with it; no bytes.
DEFAULT_PATTERN = (
    "^(?!.*bytes).*(rx.*(packet|pkt|frame|cast|_cnt|miss|drop|discard|error|overrun|overflow|no_dma|no_buf)"
    "|rcv_pkts|fdir.*(match|miss|overflow))"
)


@dataclass(frozen=True)
class QueueCounter:
    """How a driver names the packets that a queue received.

    :param name: matches the whole name; its one group is the queue. Several matches of one queue are added up.
    :param source: the drivers, and where in drivers/net of Linux 6.12 the name is made.
    """

    name: str
    source: str


# The first that matches any counter of an interface is the one that is used: none is counted under two names.
# Not here: vmxnet3 (one name for all queues), virtio_net of 6.12 (packets by netlink only), igbvf and gve (none).
QUEUE_COUNTERS = (
    QueueCounter(
        r"rx_queue_(\d+)_packets",
        "ixgbe (ixgbe_ethtool.c ixgbe_get_strings), ixgbevf (ethtool.c ixgbevf_get_strings), "
        "igb (igb_ethtool.c igb_get_strings), igc (igc_ethtool.c igc_ethtool_get_strings), "
        "ice (ice_ethtool.c __ice_get_strings), txgbe (wx_ethtool.c wx_get_strings), "
        "hv_netvsc (netvsc_drv.c netvsc_get_strings); virtio_net of 6.1 (virtio_net.c virtnet_get_strings)",
    ),
    QueueCounter(
        r"rx-(\d+)\.packets",
        "i40e (i40e_ethtool.c i40e_gstrings_queue_stats), iavf (iavf_ethtool.c iavf_gstrings_queue_stats)",
    ),
    QueueCounter(r"rx_q-(\d+)_pkts", "idpf (idpf_ethtool.c __idpf_add_qstat_strings)"),
    QueueCounter(
        # An AF_XDP socket has a ring of its own beside the queue's.
        r"rx(\d+)_(?:xsk_)?packets",
        "mlx5 (en_stats.c rq_stats_desc, xskrq_stats_desc), mlx4 (en_ethtool.c mlx4_en_get_strings)",
    ),
    # The number is the channel's, which is the queue's unless channels were set aside.
    QueueCounter(r"rx-(\d+)\.rx_packets", "sfc (sfc/ethtool_common.c efx_describe_per_queue_stats)"),
    QueueCounter(
        r"\[(\d+)\]: rx_[umb]cast_packets",
        "bnxt (bnxt_ethtool.c bnxt_ring_rx_stats_str), bnx2x (bnx2x_ethtool.c bnx2x_q_stats_arr)",
    ),
    QueueCounter(r"queue_(\d+)_rx_cnt", "ena (ena_ethtool.c ena_queue_strings)"),
    QueueCounter(r"rx_(\d+)_packets", "mana (mana_ethtool.c mana_get_strings)"),
    QueueCounter(r"rx_(\d+)_pkts", "ionic (ionic_stats.c ionic_sw_stats_get_rx_strings)"),
    QueueCounter(r"rxq(\d+)_packets", "hns3 (hns3_ethtool.c hns3_get_strings_tqps)"),
    QueueCounter(r"rxq(\d+)_pkts", "hinic (hinic_ethtool.c hinic_rx_queue_stats)"),
    QueueCounter(r"rxq(\d+): frames", "octeontx2 (otx2_ethtool.c otx2_get_qset_strings)"),
    QueueCounter(r"rxq(\d+): rx_pkts", "be2net (be_ethtool.c be_get_stat_strings)"),
    QueueCounter(r"(\d+): rcv_pkts", "qede (qede_ethtool.c qede_get_strings_stats_rxq)"),
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


def queue_rates(found: Rates, in_use: int = 0) -> dict[int, float | None]:
    """Packets a second by queue, ascending; None where one of the queue's counters has no rate.

    :param in_use: RX queues in use. Drivers count for queues that they do not use as well: these are listed only
        if something moved. 0: not known.
    """
    for kind in QUEUE_COUNTERS:
        parts: dict[int, list[float | None]] = {}
        for name, rate in found.items():
            match = re.fullmatch(kind.name, name)
            if match:
                parts.setdefault(int(match.group(1)), []).append(rate)
        if parts:
            queues = {queue: _sum(parts[queue]) for queue in sorted(parts)}
            return {queue: rate for queue, rate in queues.items() if not in_use or queue < in_use or rate != 0}
    return {}


def _counts_a_queue(name: str) -> bool:
    return any(re.fullmatch(kind.name, name) for kind in QUEUE_COUNTERS)


def packets_per_second(found: Rates, queues: Mapping[int, float | None]) -> float | None:
    """Of all queues; of the counter rx_packets where there are no counters of queues."""
    return _sum(queues.values()) if queues else found.get(ALL_PACKETS)


def _sum(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    numbers = [part for part in known if part is not None]
    return sum(numbers) if len(numbers) == len(known) else None


def report(readings: Sequence[Reading], pattern: re.Pattern[str], in_use: int = 0) -> dict[str, t.Any]:
    """The module's result."""
    found = rates(readings)
    queues = queue_rates(found, in_use)
    chosen = {name: rate for name, rate in found.items() if pattern.search(name)}
    used = [name for name in found if name in chosen or name == ALL_PACKETS or _counts_a_queue(name)]
    return {
        "seconds": round(elapsed(readings), 3),
        "packets_per_second": rounded(packets_per_second(found, queues)),
        "queues": [{"queue": queue, "packets_per_second": rounded(rate)} for queue, rate in queues.items()],
        "rates": {name: rounded(rate) for name, rate in chosen.items() if rate is not None},
        "reset": [name for name in used if found[name] is None],
    }


def samples(readings: Sequence[Reading], pattern: re.Pattern[str]) -> list[dict[str, t.Any]]:
    """Between each two readings: when it ended, and what moved."""
    listed = []
    for pair in zip(readings, readings[1:]):
        found = rates(pair)
        moved = {name: rounded(rate) for name, rate in found.items() if rate and pattern.search(name)}
        total = packets_per_second(found, queue_rates(found))
        end = round(pair[1].at - readings[0].at, 3)
        listed.append({"seconds": end, "packets_per_second": rounded(total), "rates": moved})
    return listed


def rounded(rate: float | None) -> float | None:
    """To six digits: more than the clock is worth, and a single packet in an hour is still not 0."""
    return None if rate is None else float(f"{rate:.6g}")
