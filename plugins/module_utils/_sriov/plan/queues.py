# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans a PF's channels, its ntuple feature and its RSS table. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InUse, InvalidRequest, NotSupported
from ..knowledge.rss import pool_stride, rss_explanation, rss_queues
from ..model.queues import Feature
from ..model.rss_table import default_table, equal_table, weights_table
from ..observe.management import ROUTE, SSH
from ..steps.net import DeleteRule, SetChannels, SetNtuple, SetRss
from .pf import no_netdev
from .predict import driver_of, initial_table, predict_rss, queues_after_reopening

if t.TYPE_CHECKING:
    from ..model.desired import PfWish, RssWish
    from ..model.flow import FlowRule
    from ..model.host import Netdev, Pf
    from ..model.queues import Rss
    from ..steps.pci import Step


class Stage(t.NamedTuple):
    """Steps, the PF after them, and what the operator should know."""

    steps: list[Step]
    pf: Pf
    warnings: list[str]


def plan_channels(pf: Pf, wish: PfWish) -> Stage:
    """`ethtool -L DEV combined N`.

    :param pf: as it is after the steps before.
    :raises SriovError: the number cannot be had, or the PF's link may not go.
    """
    wanted = wish.rss.channels if wish.rss else None
    channels = pf.queues.channels
    if wanted is None:
        return Stage([], pf, [])
    netdev, what = interface(pf, "channels: cannot be set"), f"channels: cannot set {wanted} combined channels"
    if channels is None or not channels.max_combined:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} has no combined channels",
            remedy="leave out channels",
        )
    if wanted == channels.combined:
        return Stage([], pf, [])
    if not 1 <= wanted <= channels.max_combined:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"the driver has 1 to {channels.max_combined}{group_words(pf, ' ')}",
            remedy="ask for a number that it has",
        )
    if pool_stride(driver_of(pf), pf.num_vfs) and rss_queues(driver_of(pf), pf.num_vfs, wanted) != wanted:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"a pool has a power of two of them{group_words(pf, ' ')}",
            remedy="ask for a power of two",
        )
    check_reset(pf, what, wish)
    rules = _rules_in_the_way(pf, wish, wanted, what)
    steps: list[Step] = [DeleteRule(netdev.name, pf.label, rule) for rule in rules]
    queues = pf.queues
    if queues.rules:
        left = tuple(rule for rule in queues.rules.rules if rule not in rules)
        queues = replace(queues, rules=replace(queues.rules, rules=left))
    if queues.rss and queues.rss.table and max(queues.rss.table) >= wanted:
        # Else the kernel refuses fewer channels than a table that was set by hand names (ethtool_check_max_channel).
        steps.append(SetRss(netdev.name, pf.label, None))
        queues = replace(queues, rss=replace(queues.rss, table=default_table(len(queues.rss.table), queues.rss.rings)))
    steps.append(SetChannels(netdev.name, pf.label, channels.combined, wanted))
    after = replace(pf, queues=queues)
    return Stage(steps, replace(pf, queues=queues_after_reopening(after, pf.num_vfs, wanted)), [])


def _rules_in_the_way(pf: Pf, wish: PfWish, wanted: int, what: str) -> list[FlowRule]:
    """Rules for queues that would go: the kernel keeps the channels for their sake (ethtool_check_max_channel).

    :returns: those that the wish lets go; they go first.
    :raises InUse: one that it does not.
    """
    found = [rule for rule in (pf.queues.rules.rules if pf.queues.rules else ()) if _needs_queue(rule, wanted)]
    kept = [rule for rule in found if not (wish.rules and wish.rules.drops(rule))]
    if kept:
        words = f"flow rule {kept[0].location} ({kept[0]})"
        raise InUse(
            what,
            device=pf.label,
            why=f"{words} needs more",
            remedy="remove the rule first (module flow_rule, state: absent)",
            holders=[words],
        )
    return found


def _needs_queue(rule: FlowRule, channels: int) -> bool:
    destination = rule.destination
    return destination is not None and destination.kind == "queue" and (destination.queue or 0) >= channels


def plan_ntuple(pf: Pf, wish: PfWish) -> Stage:
    """`ethtool -K DEV ntuple on`, without which no rule is taken.

    :raises SriovError: the driver cannot, or the PF's link may not go.
    """
    feature = pf.queues.ntuple
    if feature and feature.on:
        return Stage([], pf, [])
    netdev = interface(pf, "flow rules cannot be set")
    if feature is None or not feature.changeable:
        raise NotSupported(
            "rules: this NIC takes no flow rules",
            device=pf.label,
            why=f"driver {pf.device.driver} keeps ntuple filters off for it (ethtool -k: [fixed])",
            remedy="leave out rules, or use another NIC",
        )
    if driver_of(pf).ntuple_resets:
        check_reset(pf, "rules: cannot turn ntuple filters on", wish)
    queues = replace(pf.queues, ntuple=Feature(True, True))
    if queues.rss and driver_of(pf).ntuple_resets and driver_of(pf).reopens:  # others write the same table again
        table = initial_table(driver_of(pf), pf.num_vfs, len(queues.rss.table), queues.rss.rings)
        queues = replace(queues, rss=replace(queues.rss, table=table))
    return Stage([SetNtuple(netdev.name, pf.label, True)], replace(pf, queues=queues), [])


def plan_rss(pf: Pf, wish: RssWish | None, lost: tuple[int, ...] | None) -> Stage:
    """`ethtool -X DEV …`, last of what touches the table: whatever resets the PF writes the default one.

    :param lost: the table that was set before the plan and that an earlier step loses.
    :raises SriovError: the group is too small, or the table cannot be had.
    """
    if wish and wish.min_queues is not None:
        check_group(pf, wish.min_queues)
    rss = pf.queues.rss
    if wish and wish.verb:
        if rss is None or not rss.table:
            raise NotSupported(
                f"{wish.verb}: cannot set an RSS table",
                device=pf.label,
                why=f"driver {pf.device.driver} has none",
                remedy=f"leave out {wish.verb}",
            )
        return _set_table(pf, wanted_table(pf, rss, wish), wish.verb == "default", again=False)
    if lost and rss:
        if len(lost) == len(rss.table) and max(lost) < rss.rings:
            return _set_table(pf, lost, default=False, again=True)
        text = f"the RSS table of {pf.label} was set by hand; it names queues that are gone, and is the driver's now"
        return Stage([], pf, [text])
    return Stage([], pf, [])


def _set_table(pf: Pf, table: tuple[int, ...], default: bool, again: bool) -> Stage:
    rss = t.cast("Rss", pf.queues.rss)
    if table == rss.table:
        return Stage([], pf, [])
    netdev = interface(pf, "cannot set an RSS table")
    step = SetRss(netdev.name, pf.label, None if default else table, again)
    after = replace(pf, queues=replace(pf.queues, rss=replace(rss, table=table)))
    return Stage([step], after, [] if again else _table_warnings(pf))


def wanted_table(pf: Pf, rss: Rss, wish: RssWish) -> tuple[int, ...]:
    """The table that a wish means, to the entry as `ethtool -X` makes it.

    :raises InvalidRequest: it names a queue that is not in the group, or none at all.
    """
    size, numbers = len(rss.table), wish.numbers
    if wish.verb == "default":
        return default_table(size, rss.rings)
    named = {"equal": [n - 1 for n in numbers], "weights": range(len(numbers))}.get(str(wish.verb), numbers)
    beyond = [queue for queue in named if not 0 <= queue < rss.rings]
    if wish.verb == "weights":
        beyond = [queue for queue in beyond if numbers[queue]]
    none = not numbers or (wish.verb == "equal" and numbers[0] < 1)
    if beyond or none:
        text = "none is named" if none else f"queue {beyond[0]} is not among them"
        raise InvalidRequest(
            f"{wish.verb}: {shown_numbers(wish)}",
            device=pf.label,
            why=f"the RSS group has {rss.rings} queues, 0 to {rss.rings - 1}, and {text}{group_words(pf, '; ')}",
            remedy="name queues of the group",
        )
    if wish.verb == "equal":
        return equal_table(size, numbers[0])
    if wish.verb == "weights":
        weights = list(numbers)
    else:
        weights = [int((queue in numbers) == (wish.verb == "queues")) for queue in range(rss.rings)]
    try:
        return weights_table(size, weights)
    except ValueError as error:
        raise InvalidRequest(
            f"{wish.verb}: {shown_numbers(wish)}", device=pf.label, why=str(error), remedy="leave a queue to RSS"
        ) from None


def check_group(pf: Pf, least: int) -> None:
    """:raises SriovError: the RSS group has fewer queues, with the cause and the remedy."""
    group = predict_rss(pf, pf.num_vfs)
    if group is None:
        raise NotSupported(
            "min_queues: cannot tell the size of the RSS group",
            device=pf.label,
            why=f"driver {pf.device.driver} does not tell its channels, and nothing else is known of it",
            remedy="leave out min_queues",
        )
    if group >= least:
        return
    without = predict_rss(replace(pf, num_vfs=1, queues=replace(pf.queues, channels=None)), 0) if pf.num_vfs else None
    was = f"; without VFs the PF would have {without}" if without else ""
    raise InvalidRequest(
        f"min_queues: the RSS group has {group} queues, less than {least}",
        device=pf.label,
        why=f"{pf.device.driver}: {rss_explanation(driver_of(pf)) or 'VFs take nothing from the PF'}{was}; "
        f"online CPUs: {pf.online_cpus}",
        remedy=f"{'ask for fewer VFs, ' if pf.num_vfs else ''}raise the channels, or accept the smaller group",
    )


def check_reset(pf: Pf, what: str, wish: PfWish) -> None:
    """What resets the PF takes the link away from it and its VFs, and stops programs that drive a VF themselves.

    :raises InUse: the link carries the operator, or a program has a VF open, and nobody has accepted that.
    """
    carried = [h.text for d in (pf.device, *pf.vfs) for h in d.holders if h.kind in (SSH, ROUTE)]
    if carried and not wish.pf.allow_link_reset:
        raise InUse(
            what,
            device=pf.label,
            why=f"the PF is reset by it, and {' and '.join(carried)}",
            remedy="reach the host over another NIC, or accept that its link is lost for some seconds: "
            "allow_link_reset: true",
            holders=carried,
        )
    programs = [f"VF {vf.vf}: {h.text}" for vf in pf.vfs for h in vf.holders if h.kind == "process"]
    if programs and not wish.force:
        raise InUse(
            what,
            device=pf.label,
            why=f"the PF and its VFs are reset by it, and programs lose theirs: {'; '.join(programs)}",
            remedy="end them first, or set force: true",
            holders=programs,
        )


def interface(pf: Pf, what: str) -> Netdev:
    """The PF's interface.

    :raises NotSupported: it has none here.
    """
    if pf.device.netdev is None:
        raise no_netdev(pf, what)
    return pf.device.netdev


def group_words(pf: Pf, before: str = "") -> str:
    """ "beside 4 VFs (ixgbe: 0 VFs: 16, from 1 VF on: 4, …)"; nothing where VFs take nothing."""
    explanation = rss_explanation(driver_of(pf))
    if not pf.num_vfs or not explanation or rss_queues(driver_of(pf), pf.num_vfs, pf.online_cpus) is None:
        return ""
    return f"{before}beside {pf.num_vfs} VF{'s' if pf.num_vfs > 1 else ''} ({pf.device.driver}: {explanation})"


def shown_numbers(wish: RssWish) -> str:
    return ", ".join(map(str, wish.numbers)) or "none"


def _table_warnings(pf: Pf) -> list[str]:
    table = driver_of(pf).table
    if not pf.num_vfs or table == "own":
        return []
    if table == "shared":
        return [
            f"the RSS table of {pf.label} is shared: its {pf.num_vfs} VFs spread their frames by the same entries, as "
            "far as they have such queues"
        ]
    return [
        f"{pf.device.driver} takes the RSS table of {pf.label} and does not write it to the tables of its pools, which "
        f"count beside {pf.num_vfs} VFs: look whether frames follow it"
    ]
