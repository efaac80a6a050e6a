# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Flow rules that name a VF: whether the driver takes them, and where their frames really end."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported
from ..knowledge import index
from ..knowledge.driver import BY_MAC, QUEUE, VF_RSS
from ..knowledge.queues import driver_of
from ..knowledge.rss import pool_stride
from ..model.check import check_vf_of_rule
from ..model.vfs import count_of_vfs

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..knowledge.driver import Driver
    from ..model.flow import Destination, FlowRule
    from ..model.host import Pf

# What a user of another NIC has to know of one whose driver sends to VFs.
LEADS_TO = {QUEUE: "", VF_RSS: "to the RSS of the VF", BY_MAC: "by destination MAC only"}
IGNORES_QUEUE = {
    VF_RSS: "ignores the queue of a VF: the VF's own RSS spreads the frames",
    BY_MAC: "ignores the queue of a VF: the VF spreads the frames itself",
}


def check_steering(pf: Pf, name: str, rule: FlowRule) -> None:
    """:raises NotSupported: the driver sends to no VF, not by such a rule, or not into the queue that it names."""
    steering, what = driver_of(pf).steering, f"{name}: cannot send to {rule.destination}"
    destination = t.cast("Destination", rule.destination)
    if steering.to_vf is None:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} does not steer into VFs: {steering.no_vf}",
            remedy=f"give the VF an address of its own, or use a NIC whose driver does: {_able()}",
        )
    by_mac = rule.flow_type == "ether" and [field for field, _value, _mask in rule.match] == ["dst_mac"]
    if steering.to_vf == BY_MAC and not by_mac:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} sends nothing to a VF but frames of one destination MAC",
            remedy="write it as flow_type ether with dst_mac alone, or give the VF an address of its own",
        )
    if steering.to_vf in IGNORES_QUEUE and destination.queue:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} {IGNORES_QUEUE[steering.to_vf]}",
            remedy="leave out queue",
        )


def _able() -> str:
    """ "ixgbe, i40e (unproven), bnxt_en (BCM573xx and BCM574xx: by destination MAC only)"."""
    found = []
    for driver in index.all_drivers():
        chips = {chip.chip: chip for chip in driver.chips.values()}
        those = [driver] if driver.steering.vf else [chip for chip in chips.values() if chip.steering.vf]
        found += [f"{driver.name}{_how(each)}" for each in those]
    return ", ".join(found)


def _how(driver: Driver) -> str:
    ways = [LEADS_TO[t.cast(str, driver.steering.to_vf)], "unproven" if driver.steering.unproven else ""]
    words = ": ".join(filter(None, [driver.chip, ", ".join(filter(None, ways))]))
    return f" ({words})" if words else ""


def check_vf(pf: Pf, name: str, rule: FlowRule) -> None:
    """:raises SriovError: its VF or queue is not there, or its frames would end elsewhere."""
    driver, what = driver_of(pf), f"{name}: cannot send to {rule.destination}"
    destination = t.cast("Destination", rule.destination)
    vf, queue = t.cast(int, destination.vf), t.cast(int, destination.queue)
    check_vf_of_rule(name, rule, pf.num_vfs, pf.label)
    if driver.steering.vf_driver_first and pf.vfs[vf].driver is None:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} takes no rule for a VF that has no driver: it has no queues yet",
            remedy="give the VF a driver (driver: default)",
        )
    if driver.vf_queues and driver.steering.checks_vf_queue and queue >= max(driver.vf_queues):
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} gives a VF {max(driver.vf_queues)} queues at most",
            remedy=f"name a queue from 0 to {max(driver.vf_queues) - 1}",
        )
    if driver.steering.vf_queues_from_group:
        _check_pool(pf, what, vf, queue)


def _check_pool(pf: Pf, what: str, vf: int, queue: int) -> None:
    group, stride = pf.combined, pool_stride(driver_of(pf), pf.num_vfs)
    if group is None or stride is None:
        return
    if queue >= group:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"beside {count_of_vfs(pf.num_vfs)} each pool has {group} queue{'s' if group > 1 else ''}, 0 to "
            f"{group - 1}",
            remedy="name one of them",
        )
    if group < stride and vf > 0:
        meant, hit = vf * stride + queue, vf * group + queue
        raise NotSupported(
            what,
            device=pf.label,
            why=f"it would reach VF {hit // stride} queue {hit % stride}: driver {pf.device.driver} counts {group} "
            f"queues a VF, as many as the PF uses, and the card has {stride} (queue {hit} for {meant})",
            remedy=f"give the PF {stride} channels (ethtool -L; needs as many CPUs online), or send to VF 0",
        )


def where_vf_rules_lead(pf: Pf, rules: Iterable[FlowRule]) -> list[str]:
    """What is to be said of new rules for VFs that a driver takes: their frames may end elsewhere, or nowhere."""
    into_vfs = [(rule, t.cast("Destination", rule.destination)) for rule in rules if rule.into_vf]
    driver, steering = driver_of(pf), driver_of(pf).steering
    found = []
    if into_vfs and steering.unproven:
        found.append(f"whether {pf.label} gives a VF the frames of {_all(into_vfs)} is unproven: {steering.unproven}")
    if into_vfs and steering.to_vf in IGNORES_QUEUE:
        found.append(f"driver {driver.name} of {pf.label} {IGNORES_QUEUE[steering.to_vf]} ({_all(into_vfs)})")
    for rule, destination in into_vfs:
        queue, of_vf = destination.queue or 0, pf.vfs[t.cast(int, destination.vf)].driver or ""
        most = index.vf_driver(of_vf).queues
        if most is not None and queue >= most:
            queues = f"{most} queue{'s' if most > 1 else ''}"
            found.append(
                f"{of_vf} opens {queues} of a VF at most: frames of {rule} are lost until another driver opens more"
            )
        elif steering.to_vf == QUEUE and driver.vf_queues and queue >= driver.vf_queues[0]:
            found.append(
                f"{driver.name} gives a VF {driver.vf_queues[0]} queues unless its driver asks for more: it may refuse "
                f"{rule}"
            )
        elif queue and not steering.checks_vf_queue:
            found.append(
                f"{driver.name} does not look whether a VF has the queue of a rule: frames of {rule} are lost where "
                "it has not"
            )
    return found


def _all(rules: list[tuple[FlowRule, Destination]]) -> str:
    """One of the rules, and how many more."""
    more = f" and {len(rules) - 1} more" if len(rules) > 1 else ""
    return f"{rules[0][0]}{more}"
