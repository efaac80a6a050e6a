# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the mending of what a driver leaves broken behind one's back. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..faults import Faults
from ..knowledge.queues import driver_of
from ..steps.net import SetChannels
from .guard import pf_resets
from .stage import Stage

if t.TYPE_CHECKING:
    from ..model.desired import DesiredPf
    from ..model.host import Pf


def plan_mend(pf: Pf, desired: DesiredPf) -> Stage:
    """Channels again for every queue that the RSS table names.

    `ethtool -L` sets two limits in ixgbe, that of RSS and that of flow director; removing the VFs sets only the first
    one back (ixgbe_sriov.c ixgbe_disable_sriov). The PF then opens fewer queues than its table names, and frames that
    are spread to the others are lost. Setting the channels sets both.
    """
    rss, channels, netdev = pf.queues.rss, pf.queues.channels, pf.device.netdev
    if desired.num_vfs is None and desired.rss is None:
        return Stage()
    if not (rss and rss.table and channels and netdev and netdev.up and driver_of(pf).reopens) or pf.num_vfs:
        return Stage()
    needed = min(max(rss.table) + 1, channels.max_combined)
    if needed <= rss.rings or needed == channels.combined:
        return Stage()
    text = f"the RSS table of {pf.label} names queues that are not open (ixgbe after `ethtool -L`, VFs and no VFs)"
    faults = Faults(desired.allow)
    faults.add(*pf_resets(pf, f"channels: cannot set {needed} combined channels"))
    if faults.found:  # nobody has asked for this: no reason to refuse what was asked for
        return Stage((), [f"{text}: frames of these queues are lost. It is left so: {faults.found[0]}"])
    step = SetChannels(pf.device.address, netdev.name, pf.label, channels.combined, needed)
    return Stage([step], [f"{text}: mended"], faults)
