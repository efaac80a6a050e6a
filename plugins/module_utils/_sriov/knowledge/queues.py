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
from .rss import most_combined, pool_stride, reported_rings, rss_group, rss_queues, table_size

if t.TYPE_CHECKING:
    from ..model.host import Pf
    from ..model.queues import Queues


def predict_rss(pf: Pf, num_vfs: int) -> int | None:
    """The RSS group that the PF would have with so many VFs; None where it is not known for the driver."""
    driver = driver_of(pf)
    if num_vfs == pf.num_vfs and pf.rx_queues is not None:
        return rss_group(driver, num_vfs, pf.rx_queues)
    if num_vfs and _classes(pf) > 1 and driver.rss_with_classes:
        return driver.rss_with_classes
    if driver.rss == () and pf.rx_queues is None:
        return None  # VFs take nothing of what is not known
    limit = pf.online_cpus
    if pf.rx_queues is not None and (driver.rss == () or (driver.keeps_channels and pf.num_vfs == 0)):
        limit = max(pf.rx_queues, _beyond_channels(pf) or 0)
    return rss_queues(driver, num_vfs, limit)


def present_rss(pf: Pf) -> int | None:
    """The RSS group behind the channels that the driver reports; None where it does not."""
    return rss_group(driver_of(pf), pf.num_vfs, pf.rx_queues)


def without_vfs(pf: Pf) -> Pf:
    """The PF as if it had none, of whose queues nothing is known where it has some now."""
    return with_queues_unknown(pf) if pf.num_vfs else pf


def with_queues_unknown(pf: Pf) -> Pf:
    """The PF without VFs, as its driver would have it if nobody had chosen any number of queues."""
    return replace(pf, num_vfs=0, vfs=(), queues=pf.queues._replace(channels=None, rss=None))


def without_choice(pf: Pf) -> Pf:
    """The PF as if nobody had set its channels."""
    return replace(pf, queues=pf.queues._replace(channels=None, rss=None))


def predict_combined(pf: Pf, num_vfs: int) -> int | None:
    """The combined channels that the PF would have with another number of VFs; None where it is not known, or it has
    none.
    """
    if pf.queues.channels and pf.queues.channels.apart:
        return None
    group = predict_rss(pf, num_vfs)
    if group is None or num_vfs or _classes(pf) > 1:
        return group
    return max(group, min(driver_of(pf).most_channels, pf.online_cpus))


def queues_after_reopening(pf: Pf, num_vfs: int, combined: int | None) -> Queues:
    """What the driver leaves of channels, RSS table and rules when it closes and opens the PF for another VF count
    or another number of channels.

    :param combined: the combined channels after it; None where it is not known.
    """
    driver, queues = driver_of(pf), pf.queues
    if combined is None:
        return queues
    if queues.channels:
        most = queues.channels.max_combined if num_vfs == pf.num_vfs else max(_most(pf, num_vfs) or 0, combined)
        queues = queues._replace(channels=queues.channels._replace(combined=combined, max_combined=most))
    if queues.rss:
        group = rss_group(driver, num_vfs, combined) or combined
        size = table_size(driver, num_vfs, len(queues.rss.table))
        own = _table(driver, num_vfs, size, group)
        table = own if driver.reopens or own != own_table(pf) else queues.rss.table
        if driver.reopens and _stays_while_down(pf, size):
            # Beside VFs entries are shown by the size of the group (ixgbe_ethtool.c ixgbe_get_reta).
            table = tuple(entry & (group - 1) for entry in queues.rss.table) if num_vfs else queues.rss.table
        # With traffic classes each of them has a group of queues (ixgbe_lib.c ixgbe_set_dcb_queues).
        rings = reported_rings(driver, group * _classes(pf)) if driver.rss_with_classes else group
        queues = queues._replace(rss=queues.rss._replace(rings=rings, table=table))
    netdev = pf.device.netdev
    if queues.rules and driver.reopens and netdev and netdev.up:  # a PF that is down has nothing to close
        queues = queues._replace(rules=queues.rules._replace(rules=()))
    return queues


def _stays_while_down(pf: Pf, size: int) -> bool:
    """Whether it is a table of somebody's which is there until the PF goes up, and the driver writes its own."""
    netdev, rss = pf.device.netdev, pf.queues.rss
    return bool(netdev and not netdev.up and rss and len(rss.table) == size and rss.table != own_table(pf))


def own_table(pf: Pf) -> tuple[int, ...]:
    """The RSS table that the driver makes by itself; empty where it has none."""
    rss = pf.queues.rss
    return _table(driver_of(pf), pf.num_vfs, len(rss.table), present_rss(pf) or rss.rings) if rss else ()


def is_set_by_hand(pf: Pf) -> bool:
    """Whether the RSS table is another than the driver's own and the kernel's default.

    A driver fills it in when the PF goes up: before that it may hold anything, ixgbe's for instance zeros.
    """
    return _differs(pf) and not _may_be_the_drivers(pf)


def may_be_set_by_hand(pf: Pf) -> bool:
    """Whether nobody can tell: it is spread evenly, over other queues than the PF has, by a driver that may do that.

    mlx4 for instance takes a power of two of its queues (mlx4/en_ethtool.c mlx4_en_get_rxfh).
    """
    return _differs(pf) and _may_be_the_drivers(pf)


def _differs(pf: Pf) -> bool:
    """From all tables that the driver is known to make. Queues that are not there nobody can have named: the kernel
    refuses them, and keeps the queues that a table names (net/ethtool/ioctl.c ethtool_copy_validate_indir;
    net/ethtool/common.c ethtool_get_max_rxfh_channel).
    """
    rss, netdev = pf.queues.rss, pf.device.netdev
    if rss is None or not rss.table or not netdev or not netdev.up or max(rss.table) >= rss.rings:
        return False
    size = len(rss.table)
    pool = pool_stride(driver_of(pf), pf.num_vfs) or rss.rings
    return rss.table not in (own_table(pf), default_table(size, rss.rings), default_table(size, pool))


def _beyond_channels(pf: Pf) -> int | None:
    """The limit of RSS, where it is above the channels and shows in the table; else None.

    ixgbe has two limits. `ethtool -L` sets both (ixgbe_ethtool.c ixgbe_set_channels); removing the VFs sets that of RSS
    back, and flow director's, which `ethtool -l` tells, stays (ixgbe_sriov.c ixgbe_disable_sriov). Beside new VFs the
    limit of RSS counts (ixgbe_lib.c ixgbe_set_sriov_queues). Nobody can set a table that names queues beyond the
    channels (net/ethtool/ioctl.c ethtool_set_rxfh), so such a one is the driver's; while the PF is down, it may be from
    another time.
    """
    rss, netdev = pf.queues.rss, pf.device.netdev
    if not driver_of(pf).keeps_channels or pf.num_vfs or not (rss and rss.table and netdev and netdev.up):
        return None
    named = max(rss.table) + 1
    return named if named > rss.rings and rss.table == default_table(len(rss.table), named) else None


def _may_be_the_drivers(pf: Pf) -> bool:
    table = pf.queues.rss.table if pf.queues.rss else ()
    size, queues = len(table), max(table, default=0) + 1
    return not driver_of(pf).table_known and table in (default_table(size, queues), block_table(size, queues))


def _table(driver: Driver, num_vfs: int, size: int, group: int) -> tuple[int, ...]:
    if driver.blocks:  # igb: a whole pool beside VFs, however few CPUs there are
        return block_table(size, pool_stride(driver, num_vfs) or group)
    return default_table(size, group)


def _most(pf: Pf, num_vfs: int) -> int | None:
    """The most combined channels; with traffic classes no more than the group (ixgbe_ethtool.c ixgbe_max_channels)."""
    if _classes(pf) > 1 and driver_of(pf).rss_with_classes:
        return predict_rss(pf, num_vfs)
    return most_combined(driver_of(pf), num_vfs, pf.online_cpus)


def _classes(pf: Pf) -> int:
    """Traffic classes (DCB) that are configured, 1 where there are none."""
    return max(pf.device.netdev.num_tc, 1) if pf.device.netdev else 1


def driver_of(pf: Pf) -> Driver:
    """What is known of the PF's driver."""
    return index.driver(pf.device.driver, pf.device.vendor, pf.device.device)
