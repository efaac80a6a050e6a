# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a PF's driver makes of its queues: the RSS group, the channels and the table beside so many VFs. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..model.rss_table import block_table, default_table
from . import index
from .driver import Driver
from .rss import most_combined, pool_stride, rss_group, rss_queues, table_size

if t.TYPE_CHECKING:
    from ..model.host import Pf
    from ..model.queues import Queues


def predict_rss(pf: Pf, num_vfs: int) -> int | None:
    """The RSS group that the PF would have with so many VFs; None where it is not known for the driver."""
    driver = driver_of(pf)
    if num_vfs == pf.num_vfs and pf.combined is not None:
        return rss_group(driver, num_vfs, pf.combined)
    if num_vfs and pf.device.netdev and pf.device.netdev.num_tc > 1 and driver.rss_with_classes:
        return driver.rss_with_classes
    limit = pf.online_cpus
    if pf.combined is not None and (driver.rss == () or (driver.keeps_channels and pf.num_vfs == 0)):
        limit = pf.combined
    return rss_queues(driver, num_vfs, limit)


def present_rss(pf: Pf) -> int | None:
    """The RSS group behind the channels that the driver reports; None where it does not."""
    return rss_group(driver_of(pf), pf.num_vfs, pf.combined)


def without_vfs(pf: Pf) -> Pf:
    """The PF as if it had none, of whose channels nothing is known where it has some now."""
    return replace(pf, num_vfs=0, vfs=(), queues=replace(pf.queues, channels=None)) if pf.num_vfs else pf


def predict_combined(pf: Pf, num_vfs: int) -> int | None:
    """The combined channels that the PF would have with another number of VFs; None where it is not known."""
    group, most = predict_rss(pf, num_vfs), driver_of(pf).most_channels
    return group if group is None or num_vfs else max(group, min(most, pf.online_cpus))


def queues_after_reopening(pf: Pf, num_vfs: int, combined: int | None) -> Queues:
    """What the driver leaves of channels, RSS table and rules when it closes and opens the PF for another VF count
    or another number of channels.

    :param combined: the combined channels after it; None where it is not known.
    """
    driver, queues = driver_of(pf), pf.queues
    if combined is None:
        return queues
    rings = rss_group(driver, num_vfs, combined) or combined
    if queues.channels:
        most = max(most_combined(driver, num_vfs, pf.online_cpus) or combined, combined)
        most = queues.channels.max_combined if num_vfs == pf.num_vfs else most
        queues = replace(queues, channels=replace(queues.channels, combined=combined, max_combined=most))
    if queues.rss:
        table, size = queues.rss.table, table_size(driver, num_vfs, len(queues.rss.table))
        if driver.reopens or initial_table(driver, num_vfs, size, rings) != initial_table(
            driver, pf.num_vfs, len(table), queues.rss.rings
        ):
            table = initial_table(driver, num_vfs, size, rings)
        queues = replace(queues, rss=replace(queues.rss, rings=rings, table=table))
    netdev = pf.device.netdev
    if queues.rules and driver.reopens and netdev and netdev.up:  # a PF that is down has nothing to close
        queues = replace(queues, rules=replace(queues.rules, rules=()))
    return queues


def initial_table(driver: Driver, num_vfs: int, size: int, rings: int) -> tuple[int, ...]:
    """The RSS table that the driver makes by itself."""
    if driver.blocks:  # igb: a whole pool beside VFs, however few CPUs there are
        return block_table(size, pool_stride(driver, num_vfs) or rings)
    return default_table(size, rings)


def is_set_by_hand(pf: Pf) -> bool:
    """Whether the RSS table is another than the driver's own and the kernel's default.

    A driver fills it in when the PF goes up: before that it may hold anything, ixgbe's for instance zeros.
    """
    rss, netdev = pf.queues.rss, pf.device.netdev
    if rss is None or not rss.table or not netdev or not netdev.up:
        return False
    size, driver = len(rss.table), driver_of(pf)
    pool = pool_stride(driver, pf.num_vfs) or rss.rings
    own = initial_table(driver, pf.num_vfs, size, rss.rings)
    return rss.table not in (own, default_table(size, rss.rings), default_table(size, pool))


def driver_of(pf: Pf) -> Driver:
    """What is known of the PF's driver."""
    return index.driver(pf.device.driver, pf.device.vendor, pf.device.device)
