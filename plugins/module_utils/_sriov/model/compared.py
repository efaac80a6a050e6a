# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a host is compared with beside its NICs. Data only."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .desired import Desired


class Pages(t.NamedTuple):
    """Hugepages that there have to be, or more.

    :param least: so many.
    :param node: None for the whole host.
    """

    size_kb: int
    least: int
    node: int | None = None


class Wanted(t.NamedTuple):
    """What a host is compared with.

    :param desired: of its NICs; None for nothing.
    :param boots: the boot unit is there and has not failed in this boot; None: if it is there.
    :param only_owner: nobody else sets what the VFs are like.
    """

    desired: Desired | None = None
    pages: tuple[Pages, ...] = ()
    boots: bool | None = None
    only_owner: bool = True
