# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a PF's driver means by the attributes of VFs that it tells. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from .vf_support import LINK_SPEED

if t.TYPE_CHECKING:
    from ..model.attributes import VfAttributes
    from .vf_support import VfSupport


def as_meant(told: VfAttributes, support: VfSupport, speed: int) -> VfAttributes:
    """The attributes of a VF, with 0 for what the driver tells by another number (VfSupport.absent).

    :param speed: of the PF's link, in Mbit/s; 0: not known. Then nobody can tell a limit from the link's speed.
    """
    changes: dict[str, t.Any] = {}
    for name, absent in support.absent.items():
        value = getattr(told, name)
        if value and absent == LINK_SPEED and not speed:
            changes[name] = None
        elif value == (speed if absent == LINK_SPEED else absent):
            changes[name] = 0
    return replace(told, **changes)
