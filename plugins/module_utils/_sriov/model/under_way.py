# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a run is at. Data only."""

from __future__ import annotations

import typing as t


class UnderWay(t.NamedTuple):
    """Steps that are being done.

    :param steps: in words; none while the host is only looked at.
    :param devices: PCI addresses of the functions that they are about, and of the PFs of VFs.
    """

    steps: list[str]
    devices: list[str]


def under_way(steps: t.Sequence[t.Any]) -> UnderWay:
    """Of steps of any kind."""
    devices = {getattr(step, word, None) for step in steps for word in ("address", "physfn")}
    return UnderWay([str(step) for step in steps], sorted(filter(None, devices)))
