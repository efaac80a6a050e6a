# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What AF_XDP sockets of an interface lose: frames that came to their queue, and had no room in them. Pure."""

from __future__ import annotations

import typing as t

from .rate_report import rounded
from .rates import elapsed

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .rates import Reading


def socket_rates(readings: Sequence[Reading]) -> list[dict[str, t.Any]]:
    """Sockets of the last reading, by queue: what each has lost since it was made, and a second.

    Their counters begin with them, and never go back.
    """
    before, now, seconds = readings[0].sockets, readings[-1].sockets, elapsed(readings)
    return [
        {
            **{"queue": queue, "inode": inode, "lost": dict(counts)},
            "lost_per_second": _per_second(before.get((queue, inode)), counts, seconds),
        }
        for (queue, inode), counts in sorted(now.items())
    ]


def _per_second(
    before: Mapping[str, int] | None, now: Mapping[str, int], seconds: float
) -> dict[str, float | None] | None:
    """None for a socket that came meanwhile."""
    return None if before is None else {name: rounded((now[name] - before[name]) / seconds) for name in now}
