# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans a PF's RSS table, and judges the size of its RSS group. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from shlex import quote

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.queues import driver_of, is_set_by_hand, predict_rss, without_vfs
from ..knowledge.rss import rss_explanation
from ..model.rss_table import default_table, equal_table, ethtool_words, weights_table
from ..model.unread import CHANNELS, CPUS, RSS
from ..model.vfs import count_of_vfs
from ..steps.net import SetRss
from .stage import Stage, check_known, group_words, interface

if t.TYPE_CHECKING:
    from ..model.desired import DesiredRss
    from ..model.host import Pf
    from ..model.queues import Rss

BY_ENTRY = ("table", "apart")
AS_IT_WAS = "cannot set the RSS table as it was"


def plan_rss(
    pf: Pf, desired: DesiredRss | None, lost: tuple[int, ...] | None, unclear: tuple[int, ...] | None = None
) -> Stage:
    """`ethtool -X DEV …`, last of what touches the table: whatever resets the PF writes the default one.

    :param lost: the table that was set before the plan and that an earlier step loses.
    :param unclear: the same of one that may be the driver's own: it is not written back as if somebody had set it.
    :returns: with refusals of a group that is too small, and of a table that cannot be had.
    """
    faults, stage = Faults(), Stage()
    if desired and desired.min_queues is not None:
        with faults.gathered():
            check_group(pf, desired.min_queues)
    with faults.gathered():
        stage = _plan_table(pf, desired, lost)
    if unclear and not (desired and desired.verb):
        name = quote(interface(pf, "").name)
        text = (
            f"whether the RSS table of {pf.label} was set by hand is not known of driver {pf.device.driver}: it is "
            f"left to the driver; if it was, `ethtool -X {name} {ethtool_words(unclear)}` sets it"
        )
        stage = stage._replace(warnings=(*stage.warnings, text))
    return stage._replace(faults=faults)


def _plan_table(pf: Pf, desired: DesiredRss | None, lost: tuple[int, ...] | None) -> Stage:
    """:raises SriovError: the table cannot be had."""
    rss = pf.queues.rss
    if desired and desired.verb:
        interface(pf, f"{desired.verb}: cannot set an RSS table")
        check_known(pf, f"{desired.verb}: cannot tell the RSS table", RSS, CPUS)
        if rss is None or not rss.table:
            raise NotSupported(
                f"{desired.verb}: cannot set an RSS table",
                device=pf.label,
                why=f"driver {pf.device.driver} has none",
                remedy=f"leave out {desired.verb}",
            )
        before = lost or (rss.table if is_set_by_hand(pf) else None)
        stage = _set_table(pf, wanted_table(pf, rss, desired), desired.verb == "default", before=before)
        if desired.verb == "apart":
            return stage._replace(steps=[t.cast("SetRss", step)._replace(apart=True) for step in stage.steps])
        return stage
    if lost and rss:
        if len(lost) == len(rss.table) and max(lost) < rss.rings:
            return _set_table(pf, lost, default=False, again=True)
        text = f"the RSS table of {pf.label} was set by hand; it names queues that are gone, and is the driver's now"
        return Stage((), [text])
    return Stage()


def _set_table(
    pf: Pf, table: tuple[int, ...], default: bool, again: bool = False, before: tuple[int, ...] | None = None
) -> Stage:
    if pf.queues.rss is None or table == pf.queues.rss.table:
        return Stage()
    netdev = interface(pf, "cannot set an RSS table")
    step = SetRss(pf.device.address, netdev.name, pf.label, None if default else table, again, before)
    return Stage([step], () if again else _table_warnings(pf))


def wanted_table(pf: Pf, rss: Rss, desired: DesiredRss) -> tuple[int, ...]:
    """The table that is meant, to the entry as `ethtool -X` makes it.

    :raises InvalidRequest: it names a queue that is not in the group, or none at all.
    """
    size, numbers = len(rss.table), desired.numbers
    if desired.verb == "default":
        return default_table(size, rss.rings)
    named = {"equal": [n - 1 for n in numbers], "weights": range(len(numbers))}.get(str(desired.verb), numbers)
    beyond = [queue for queue in named if not 0 <= queue < rss.rings]
    if desired.verb == "weights":
        beyond = [queue for queue in beyond if numbers[queue]]
    none = not numbers or (desired.verb == "equal" and numbers[0] < 1)
    if beyond or none:
        text = "none is named" if none else f"queue {beyond[0]} is not among them"
        raise InvalidRequest(
            AS_IT_WAS if desired.verb in BY_ENTRY else f"{desired.verb}: {shown_numbers(desired)}",
            device=pf.label,
            why=f"the RSS group has {rss.rings} queues, 0 to {rss.rings - 1}, and {text}{group_words(pf, '; ')}",
            remedy="name queues of the group",
        )
    if desired.verb in BY_ENTRY:
        return _as_it_was(pf, numbers, size)
    if desired.verb == "equal":
        return equal_table(size, numbers[0])
    if desired.verb == "weights":
        weights = list(numbers)
    else:
        weights = [int((queue in numbers) == (desired.verb == "queues")) for queue in range(rss.rings)]
    try:
        return weights_table(size, weights)
    except ValueError as error:
        raise InvalidRequest(
            f"{desired.verb}: {shown_numbers(desired)}", device=pf.label, why=str(error), remedy="leave a queue to RSS"
        ) from None


def _as_it_was(pf: Pf, table: tuple[int, ...], size: int) -> tuple[int, ...]:
    if len(table) != size:
        why = f"it has {size} entries now, and had {len(table)}"
        raise InvalidRequest(AS_IT_WAS, device=pf.label, why=why)
    return table


def check_group(pf: Pf, least: int) -> None:
    """:raises SriovError: the RSS group has fewer queues, with the cause and the remedy."""
    check_known(pf, "min_queues: cannot tell the size of the RSS group", CHANNELS, CPUS)
    group = predict_rss(pf, pf.num_vfs)
    if group is None:
        interface(pf, "min_queues: cannot tell the size of the RSS group")
        raise NotSupported(
            "min_queues: cannot tell the size of the RSS group",
            device=pf.label,
            why=f"driver {pf.device.driver} does not tell its channels, and nothing else is known of it",
            remedy="leave out min_queues",
        )
    if group >= least:
        return
    without = predict_rss(without_vfs(pf), 0) if pf.num_vfs else None
    was = f"; without VFs the PF would have {without}" if without else ""
    raise InvalidRequest(
        f"min_queues: the RSS group has {group} queues, less than {least}",
        device=pf.label,
        why=f"{pf.device.driver}: {rss_explanation(driver_of(pf)) or 'VFs take nothing from the PF'}{was}; "
        f"online CPUs: {pf.online_cpus}",
        remedy=f"{'ask for fewer VFs, ' if pf.num_vfs else ''}raise the channels, or accept the smaller group",
    )


def shown_numbers(desired: DesiredRss) -> str:
    return ", ".join(map(str, desired.numbers)) or "none"


def _table_warnings(pf: Pf) -> list[str]:
    table = driver_of(pf).table
    if not pf.num_vfs or table == "own":
        return []
    if table == "shared":
        who, has = "its VF spreads its", "it has"
        if pf.num_vfs > 1:
            who, has = f"its {pf.num_vfs} VFs spread their", "they have"
        return [f"the RSS table of {pf.label} is shared: {who} frames by the same entries, as far as {has} such queues"]
    return [
        f"{pf.device.driver} takes the RSS table of {pf.label} and does not write it to the tables of its pools, which "
        f"count beside {count_of_vfs(pf.num_vfs)}: look whether frames follow it"
    ]
