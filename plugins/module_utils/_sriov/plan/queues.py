# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans a PF's channels and its ntuple feature. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.queues import driver_of, is_set_by_hand
from ..knowledge.rss import pool_stride, rss_queues
from ..model.unread import CHANNELS, NTUPLE, RSS, RULES
from ..steps.net import DeleteRule, SetChannels, SetNtuple, SetRss
from .guard import pf_resets, queues_go, queues_unknown
from .stage import Stage, check_known, group_words, interface

if t.TYPE_CHECKING:
    from ..model.desired import DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Pf
    from ..steps.pci import Step


def plan_channels(pf: Pf, desired: DesiredPf) -> Stage:
    """`ethtool -L DEV combined N`.

    :param pf: as it is after the steps before.
    :returns: with a refusal where the PF's link may not go.
    :raises SriovError: the number cannot be had.
    """
    wanted = desired.rss.channels if desired.rss else None
    channels = pf.queues.channels
    if wanted is None:
        return Stage()
    netdev, what = interface(pf, "channels: cannot be set"), f"channels: cannot set {wanted} combined channels"
    check_known(pf, what, CHANNELS)
    if channels is None or not channels.max_combined:
        apart = f": it has {channels.rx} for RX and {channels.tx} for TX" if channels and channels.apart else ""
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} has no combined channels{apart}",
            remedy="leave out channels",
        )
    if wanted == channels.combined:
        return Stage()
    _check_number(pf, wanted, channels.max_combined, what)
    faults = Faults(desired.allow)
    faults.add(*pf_resets(pf, what), *queues_unknown(pf, what, RULES, RSS))
    going = [rule for rule in (pf.queues.rules.rules if pf.queues.rules else ()) if _needs_queue(rule, wanted)]
    kept = [rule for rule in going if not (desired.rules and desired.rules.drops(rule))]
    faults.add(*queues_go(pf, what, wanted, kept))
    named = (pf.device.address, netdev.name, pf.label)
    places = bool(pf.queues.rules and pf.queues.rules.driver_places)
    steps: list[Step] = [DeleteRule(*named, rule, places) for rule in going]  # rules for queues that go, before these
    rss = pf.queues.rss
    if rss and rss.table and max(rss.table) >= wanted:
        # Else the kernel refuses fewer channels than a table that was set by hand names (ethtool_check_max_channel).
        steps.append(SetRss(*named, None, before=rss.table if is_set_by_hand(pf) else None))
    return Stage([*steps, SetChannels(*named, channels.combined, wanted)], faults=faults)


def _check_number(pf: Pf, wanted: int, most: int, what: str) -> None:
    if not 1 <= wanted <= most:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"the driver has 1 to {most}{group_words(pf, ' ')}",
            remedy="ask for a number that it has",
        )
    if pool_stride(driver_of(pf), pf.num_vfs) and rss_queues(driver_of(pf), pf.num_vfs, wanted) != wanted:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"a pool has a power of two of them{group_words(pf, ' ')}",
            remedy="ask for a power of two",
        )


def _needs_queue(rule: FlowRule, channels: int) -> bool:
    destination = rule.destination
    return destination is not None and destination.kind == "queue" and (destination.queue or 0) >= channels


def plan_ntuple(pf: Pf, desired: DesiredPf, option: str = "rules") -> Stage:
    """`ethtool -K DEV ntuple on`, without which most drivers take no rule. (ntuple_off.py plans the other way.)

    :param option: what asks for it.
    :returns: with a refusal where the PF's link may not go.
    :raises SriovError: the driver cannot.
    """
    feature = pf.queues.ntuple
    if feature and feature.on:
        return Stage()
    netdev = interface(pf, "flow rules cannot be set")
    if desired.ntuple is None and not driver_of(pf).ntuple_needed:
        return Stage()
    check_known(pf, f"{option}: cannot tell whether this NIC takes flow rules", NTUPLE)
    if feature is None or not feature.changeable:
        raise NotSupported(
            f"{option}: this NIC takes no flow rules",
            device=pf.label,
            why=f"driver {pf.device.driver} keeps ntuple filters off for it (ethtool -k: [fixed])",
            remedy=f"leave out {option}, or use another NIC",
        )
    faults = Faults(desired.allow)
    if driver_of(pf).ntuple_resets:
        what = f"{option}: cannot turn ntuple filters on"
        faults.add(*pf_resets(pf, what), *queues_unknown(pf, what, RSS))
    return Stage([SetNtuple(pf.device.address, netdev.name, pf.label, True)], faults=faults)
