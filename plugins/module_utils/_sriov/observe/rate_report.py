# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Rates as module rx_rate returns them: which are shown, rounded, and what has no rate. Pure."""

from __future__ import annotations

import re
import typing as t
from collections import Counter

from .rates import elapsed, kernel_rates, packets, queue_counter, queue_rates, rates, since_reset

if t.TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from .rates import Rates, Reading

DIGITS = re.compile(r"\d+")


def report(
    readings: Sequence[Reading], wanted: Container[str], in_use: int = 0, driver: str = "", idle: bool = False
) -> dict[str, t.Any]:
    """The module's result.

    :param wanted: names of counters.
    """
    found, kernel = rates(readings, driver), kernel_rates(readings, driver)
    received = packets(found, kernel, driver)
    chosen = {name: rate for name, rate in found.items() if name in wanted}
    shown = listed(queue_rates(found, driver), in_use, idle)
    return {
        "seconds": round(elapsed(readings), 3),
        "packets_per_second": rounded(received.per_second),
        "counted_by": received.counted_by,
        "queues": [{"queue": queue, "packets_per_second": rounded(rate)} for queue, rate in shown.items()],
        "rates": _rounded(chosen if idle else _without_idle(chosen)),
        "kernel": _rounded(kernel),
        "reset": _reset(found, kernel, wanted, driver),
        "since_reset": _since_reset(readings, driver),
    }


def _reset(found: Rates, kernel: Rates, wanted: Container[str], driver: str) -> list[str]:
    """Counters without a rate: of those that are wanted or summed up, and the kernel's."""
    counts, summed = queue_counter(found, driver), packets(found, kernel, driver).counters
    used = (name for name in found if name in wanted or name in summed or counts.fullmatch(name))
    of_kernel = (f"{name} (ip -s link)" for name, rate in kernel.items() if rate is None)
    return [*(name for name in used if found[name] is None), *of_kernel]


def _since_reset(readings: Sequence[Reading], driver: str) -> list[dict[str, int]]:
    return [{"queue": queue, "packets": count} for queue, count in since_reset(readings, driver).items()]


def _without_idle(chosen: Rates) -> Rates:
    """Without those that stand still and are one of many: of a queue, a priority, a traffic class."""
    alike = Counter(DIGITS.sub("#", name) for name in chosen)
    return {name: rate for name, rate in chosen.items() if rate != 0 or alike[DIGITS.sub("#", name)] == 1}


def _rounded(found: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: rounded(rate) for name, rate in found.items() if rate is not None}


def samples(readings: Sequence[Reading], wanted: Container[str], driver: str = "") -> list[dict[str, t.Any]]:
    """Between each two readings: when it ended, what moved, and what began again."""
    found = []
    for pair in zip(readings, readings[1:]):
        counters, kernel = rates(pair, driver), kernel_rates(pair, driver)
        moved = {name: rate for name, rate in counters.items() if rate and name in wanted}
        received = packets(counters, kernel, driver).per_second
        end = round(pair[1].at - readings[0].at, 3)
        sample = {"seconds": end, "packets_per_second": rounded(received), "rates": _rounded(moved)}
        again = {"reset": _reset(counters, kernel, wanted, driver), "since_reset": _since_reset(pair, driver)}
        found.append({**sample, **again})
    return found


def listed(queues: Mapping[int, float | None], in_use: int = 0, idle: bool = False) -> dict[int, float | None]:
    """The queues that a user wants to see.

    :param in_use: RX queues in use; 0: not known. Drivers count for queues that they do not use as well.
    :param idle: also those in use on which nothing moved.
    """
    return {queue: rate for queue, rate in queues.items() if rate != 0 or (idle and (not in_use or queue < in_use))}


def rounded(rate: float | None) -> float | None:
    """To six digits: more than the clock is worth, and a single packet in an hour is still not 0."""
    return None if rate is None else float(f"{rate:.6g}")
