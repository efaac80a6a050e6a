# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the mending of VFs whose kernel driver did not reach its PF when it was loaded. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..knowledge import index
from ..knowledge.bypass_drivers import bypass_of
from ..steps.pci import Reload
from .stage import Stage, function_label

if t.TYPE_CHECKING:
    from ..model.desired import DesiredPf
    from ..model.host import Device, Pf

DEAF = "it did not reach its PF when it was loaded"


def plan_deaf(pf: Pf, desired: DesiredPf) -> Stage:
    """Such a VF has a random address of which its PF knows nothing, and no jumbo frames: its driver is loaded anew.

    While the PF is down no VF can reach it. One in use is left alone: nobody has asked for this.
    """
    netdev = pf.device.netdev
    if not (netdev and netdev.up) or (desired.num_vfs is None and not desired.vfs):
        return Stage()
    deaf = [vf for vf in pf.vfs if not vf.planned and is_deaf(vf)]
    steps = [
        Reload(vf.address, function_label(vf), t.cast(str, vf.driver), DEAF, vf.physfn, vf.vf)
        for vf in deaf
        if not vf.holders
    ]
    in_use = [
        f"{vf.driver} of VF {vf.vf} of {pf.label} did not reach the PF when it was loaded: release the VF, and load "
        f"the driver anew ({'; '.join(holder.text for holder in vf.holders)})"
        for vf in deaf
        if vf.holders
    ]
    return Stage(steps, in_use)


def is_deaf(vf: Device) -> bool:
    """Whether its interface shows that the driver has not agreed on anything with its PF."""
    if vf.netdev is None or bypass_of(vf):
        return False
    return vf.netdev.max_mtu != 0 and vf.netdev.max_mtu == index.vf_driver(vf.driver).deaf_mtu
