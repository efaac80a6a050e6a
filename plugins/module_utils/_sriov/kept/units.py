# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The services that a run has stopped and owes a start: noted before the first is stopped. It is of one boot."""

from __future__ import annotations

import typing as t

from ..model.paths import STOPPED_UNITS
from .envelope import Envelope

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .files import Files


class StoppedUnits:
    """One file for the host: a service is of no PF, and may have devices of several."""

    def __init__(self, files: Files) -> None:
        remedy = "look at it for units that are to be started, and remove it"
        self._file = Envelope(files, STOPPED_UNITS, remedy, of_boot=True)

    def read(self) -> tuple[str, ...]:
        """:raises Unreadable: there is something that cannot be understood."""
        return self._file.read(_units) or ()

    def write(self, units: Sequence[str]) -> None:
        """None: there is nothing to be known any more.

        :raises KernelRefused: with the errno.
        """
        if not units:
            self._file.remove()
            return
        self._file.write({"units": list(units)})


def _units(found: dict[str, t.Any]) -> tuple[str, ...]:
    if not isinstance(found["units"], list):
        raise TypeError("units is no list")
    return tuple(map(str, found["units"]))
