# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the mending of what a driver leaves broken behind one's back. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InUse
from ..steps.net import SetChannels
from .predict import driver_of, queues_after_reopening
from .queues import Stage, check_reset

if t.TYPE_CHECKING:
    from ..model.desired import PfWish
    from ..model.host import Pf


def plan_mend(pf: Pf, wish: PfWish) -> Stage:
    """Channels again for every queue that the RSS table names.

    `ethtool -L` sets two limits in ixgbe, that of RSS and that of flow director; removing the VFs sets only the first
    one back (ixgbe_sriov.c ixgbe_disable_sriov). The PF then opens fewer queues than its table names, and frames that
    are spread to the others are lost. Setting the channels sets both.
    """
    rss, channels, netdev = pf.queues.rss, pf.queues.channels, pf.device.netdev
    if wish.pf.num_vfs is None and wish.rss is None:
        return Stage([], pf, [])
    if not (rss and rss.table and channels and netdev and netdev.up and driver_of(pf).reopens) or pf.num_vfs:
        return Stage([], pf, [])
    needed = min(max(rss.table) + 1, channels.max_combined)
    if needed <= rss.rings or needed == channels.combined:
        return Stage([], pf, [])
    text = f"the RSS table of {pf.label} names queues that are not open (ixgbe after `ethtool -L`, VFs and no VFs)"
    try:
        check_reset(pf, f"channels: cannot set {needed} combined channels", wish)
    except InUse as error:  # nobody has asked for this: no reason to refuse what was asked for
        return Stage([], pf, [f"{text}: frames of these queues are lost. It is left so: {error}"])
    step = SetChannels(netdev.name, pf.label, channels.combined, needed)
    return Stage([step], replace(pf, queues=queues_after_reopening(pf, 0, needed)), [f"{text}: mended"])
