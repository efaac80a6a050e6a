# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tables of refusals of VF attributes share: VF 0 of an ixgbe PF, free or with its kernel driver."""

from __future__ import annotations

from .models import ixgbe, netdev, vf

ON = " on enp1s0 (0000:01:00.0)"
MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
FREE = vf(driver=None)


def one(vf_state=FREE, kind=ixgbe, **changes):
    return kind(1, vfs=(vf_state,), **{"carrier": True, **changes})


def loaded(**changes):
    return vf(netdevs=(netdev("enp1s0v0", mac=OTHER, mtu=1500, min_mtu=68, max_mtu=9710),), **changes)
