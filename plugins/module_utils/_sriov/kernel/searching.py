# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Searches by somebody's regular expression, for a bounded time."""

from __future__ import annotations

import re
import resource
import typing as t

from .bounded import StillBlocked, bounded

CPU = 2  # seconds of a processor; a name takes microseconds, whatever can be meant
WALL = 10.0  # seconds; a busy host gives a process less than it could use


class TooMuch(Exception):
    """It takes too long."""


def found_in(pattern: str, names: t.Sequence[str]) -> list[str]:
    """The names in which it is found.

    Python tries each way to match a name, which for some expressions are more than anybody waits for, and nobody gets
    it out of that. So it is done by a process that the kernel ends once it has had its time.

    :param pattern: a regular expression.
    :raises TooMuch: it was ended.
    """

    def search() -> list[str]:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
        is_found = re.compile(pattern).search
        return [name for name in names if is_found(name)]

    try:
        return list(bounded(search, WALL))
    except (StillBlocked, OSError):  # nothing is read: an error is the end of the process
        raise TooMuch from None
