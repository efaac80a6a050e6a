# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Steps on services of systemd: one hands its device over for a while."""

from __future__ import annotations

import typing as t


class StopUnit(t.NamedTuple):
    """`systemctl stop UNIT`, until none of its programs has a device open.

    :param why: what it has, in words: "VF 0 (0000:01:10.0)".
    """

    unit: str
    why: str

    def __str__(self) -> str:
        return f"stop unit {self.unit}, which has {self.why} open"


class StartUnit(t.NamedTuple):
    """`systemctl start UNIT`.

    :param earlier: a run before this one has stopped it.
    """

    unit: str
    earlier: bool = False

    def __str__(self) -> str:
        return f"start unit {self.unit} again" + (", which an earlier run has stopped" if self.earlier else "")


UnitStep = t.Union[StopUnit, StartUnit]
