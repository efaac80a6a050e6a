# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What VFs leave of a PF's RSS group, and how many VFs a driver gives. Pure."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .driver import Driver


def rss_queues(driver: Driver, num_vfs: int, limit: int) -> int | None:
    """The PF's RSS group that a number of VFs leaves.

    :param limit: what there would be without VFs at most: online CPUs, or a smaller choice by `ethtool -L`.
    :returns: None where it is not known.
    """
    if driver.rss is None:
        return None
    steps = [step for step in driver.rss if step.from_vfs <= num_vfs]
    if not steps:
        return limit
    queues = min(steps[-1].queues, limit)
    return 1 << (queues.bit_length() - 1) if steps[-1].pool else queues


def pool_stride(driver: Driver, num_vfs: int) -> int | None:
    """Queues of the card between the first ones of two neighbouring VFs; None where VFs have no pools."""
    steps = [step for step in driver.rss or () if step.pool and step.from_vfs <= num_vfs]
    return steps[-1].queues if steps else None


def table_size(driver: Driver, num_vfs: int, present: int) -> int:
    """Entries of the RSS table beside so many VFs."""
    sizes = [size for vfs, size in driver.table_sizes if vfs <= num_vfs]
    return sizes[-1] if sizes else present


def rss_group(driver: Driver, num_vfs: int, channels: int | None) -> int | None:
    """The RSS group behind the combined channels that a driver reports.

    Without VFs ixgbe reports flow director's queues, up to 63, more than RSS uses (ixgbe_ethtool.c ixgbe_get_channels).
    """
    most = None if channels is None else rss_queues(driver, num_vfs, channels)
    return channels if most is None else most


def reported_rings(driver: Driver, rings: int) -> int:
    """Of so many RX rings those that ethtool tells of: as many as an entry of the RSS table has bits for.

    ixgbe_ethtool.c ixgbe_get_rxnfc, ixgbe_rss_indir_tbl_max: 16, with X550 64.
    """
    steps = driver.rss
    return min(rings, 1 << (steps[0].queues - 1).bit_length()) if steps else rings


def rss_explanation(driver: Driver) -> str:
    """ "0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2"."""
    return ", ".join(
        f"from {step.from_vfs} VF{'s' if step.from_vfs > 1 else ''} on: {step.queues}"
        if step.from_vfs
        else f"0 VFs: {step.queues}"
        for step in driver.rss or ()
    )


def most_combined(driver: Driver, num_vfs: int, online_cpus: int) -> int | None:
    """The most combined channels beside so many VFs, as `ethtool -l` tells them; None where it is not known.

    ixgbe_ethtool.c ixgbe_max_channels counts the CPUs, igb_ethtool.c igb_max_channels does not.
    """
    steps = [step for step in driver.rss or () if step.from_vfs <= num_vfs]
    if not steps:
        return None
    most = steps[-1].queues if num_vfs else max(steps[-1].queues, driver.most_channels)
    return min(most, online_cpus) if driver.channels_by_cpus else most


def vf_limit(driver: Driver, traffic_classes: int, total_vfs: int) -> int:
    """How many VFs the driver gives with so many traffic classes configured (0 or 1: no DCB)."""
    for classes, limit in driver.vf_limits:
        if traffic_classes <= classes:
            return min(limit, total_vfs)
    return total_vfs
