# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What systemd tells of the services that may be asked to hand over what they have open."""

from __future__ import annotations

import typing as t

from ..errors import NotSupported

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired
    from ..model.host import State


def with_units(kernel: Kernel, state: State, desired: Desired) -> State:
    """The host with them; those that hold nothing here are not asked for.

    :raises NotSupported: there is no systemd.
    """
    named = frozenset().union(*(pf.release for pf in desired.pfs), *(each.release for each in desired.devices))
    if not named:
        return state
    if not kernel.units.are_there():
        raise NotSupported(
            "release: this host is not run by systemd",
            why="a unit could be neither stopped nor started again",
            remedy="leave it out, and end the program yourself",
        )
    holding = {holder.unit for device in state.every_device() for holder in device.holders}
    return state._replace(units={unit: kernel.units.about(unit) for unit in sorted(named & holding)})
