# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a host was before packets were dropped to measure what that costs: written before the first change, so that the
next run brings it back where one was killed. It is of one boot, which brings all of it back anyway."""

from __future__ import annotations

import typing as t

from ..model.drop_cost import Before
from ..model.paths import DROP_COST
from .envelope import Envelope

if t.TYPE_CHECKING:
    from .files import Files


class DropCost:
    """One file for the host."""

    def __init__(self, files: Files) -> None:
        remedy = "look at it for what is to be put back by hand (RSS table, threaded, rules, XDP), and remove it"
        self._file = Envelope(files, DROP_COST, remedy, of_boot=True)

    def read(self) -> Before | None:
        """:raises Unreadable: there is something that cannot be understood."""
        return self._file.read(_before)

    def write(self, before: Before) -> None:
        """:raises KernelRefused: with the errno."""
        self._file.write({"before": {**before._asdict(), "table": list(before.table)}})

    def remove(self) -> None:
        """:raises KernelRefused: with the errno."""
        self._file.remove()


def _before(found: dict[str, t.Any]) -> Before:
    fields = dict(found["before"])
    return Before(**{**fields, "table": tuple(map(int, fields["table"]))})
