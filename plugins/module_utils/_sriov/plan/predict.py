# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What becomes of a PF: its VFs, its queues. Pure."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..knowledge import index
from ..knowledge.rss import pool_stride, rss_group, rss_queues, table_size
from ..model.attributes import VfAttributes
from ..model.host import Device
from ..model.rss_table import block_table, default_table

if t.TYPE_CHECKING:
    from ..knowledge.driver import Driver
    from ..model.host import Pf, PfSpec
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


def predict_pf(pf: Pf, spec: PfSpec) -> Pf:
    """The PF as it would be after the plan; of new VFs only what follows from the PF is known."""
    wanted = wanted_vfs(pf, spec)
    after = _with_link(pf, True) if spec.up else pf  # up comes before the VFs, down after them
    # From one number to another it goes through 0, where the queues are others.
    for number in (0, wanted) if pf.num_vfs and wanted != pf.num_vfs else (wanted,):
        if number != after.num_vfs:
            queues = queues_after_reopening(after, number, predict_combined(pf, number))
            after = replace(after, num_vfs=number, queues=queues)
    after = replace(
        after,
        device=replace(after.device, num_vfs=wanted),
        drivers_autoprobe=pf.drivers_autoprobe if spec.drivers_autoprobe is None else spec.drivers_autoprobe,
    )
    if spec.up is False:
        after = _with_link(after, False)
    if wanted == pf.num_vfs:
        return after
    return replace(after, vfs=tuple(_planned_vf(after, index) for index in range(wanted)))


def _with_link(pf: Pf, up: bool) -> Pf:
    """The PF set up or down: ixgbe drops the rules on the way down, and writes its own table on the way up.

    A table of zeros is one that the driver has still to fill in (igb_main.c igb_setup_mrqc, when it goes up).
    """
    netdev = pf.device.netdev
    if netdev is None or netdev.up == up:
        return pf
    queues, driver = pf.queues, driver_of(pf)
    if up and queues.rss and (driver.reopens or not any(queues.rss.table)):
        table = initial_table(driver, pf.num_vfs, len(queues.rss.table), queues.rss.rings)
        queues = replace(queues, rss=replace(queues.rss, table=table))
    if driver.reopens and not up and queues.rules:
        queues = replace(queues, rules=replace(queues.rules, rules=()))
    netdev = replace(netdev, up=up, carrier=up)  # of a link that is to come, the best is assumed
    return replace(pf, device=replace(pf.device, netdevs=(netdev, *pf.device.netdevs[1:])), queues=queues)


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
        most = max(rss_queues(driver, num_vfs, pf.online_cpus) or combined, combined)
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


def _planned_vf(pf: Pf, index: int) -> Device:
    """A VF that is not there yet: of its attributes those are known that start at zero with every driver."""
    return Device(
        address=replace(pf, vfs=()).vf_address(index),
        vendor=pf.device.vendor,
        device=pf.vf_device,
        driver=pf.vf_default_driver if pf.drivers_autoprobe else None,
        default_driver=pf.vf_default_driver,
        numa_node=pf.device.numa_node,
        physfn=pf.device.address,
        vf=index,
        attributes=VfAttributes(vlan=0, qos=0, vlan_proto="802.1Q", min_tx_rate=0, max_tx_rate=0),
        planned=True,
    )


def wanted_vfs(pf: Pf, spec: PfSpec) -> int:
    """How many VFs there will be."""
    return pf.num_vfs if spec.num_vfs is None else spec.num_vfs


def driver_of(pf: Pf) -> Driver:
    """What is known of the PF's driver."""
    return index.driver(pf.device.driver, pf.device.vendor, pf.device.device)
