# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""CPUs by number, as the kernel writes them: "2-7,9". Pure, and the same on controller and host."""

from __future__ import annotations

import re
import typing as t

RANGE = re.compile(r"\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?", re.ASCII)
MOST = 8192  # CPUs of any kernel (CONFIG_NR_CPUS)


def parse_cpus(text: str) -> tuple[int, ...]:
    """Ascending, each once; none of "".

    :raises ValueError: it is no list of CPUs.
    """
    found: set[int] = set()
    for part in text.split(",") if text.strip() else []:
        match = RANGE.fullmatch(part)
        first, last = (int(match.group(1)), int(match.group(2) or match.group(1))) if match else (1, 0)
        if first > last or last >= MOST:
            raise ValueError(f"{part.strip()!r} are no CPUs")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def cpus_text(cpus: t.Iterable[int]) -> str:
    """ "2-7,9"."""
    numbers = sorted(set(cpus))
    starts = [each for each in numbers if each - 1 not in numbers]
    ends = [each for each in numbers if each + 1 not in numbers]
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in zip(starts, ends))
