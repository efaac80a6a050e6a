# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the end of flow rules. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InUse, NotSupported
from ..faults import Faults
from ..knowledge.queues import driver_of
from ..model.consent import IN_USE
from ..model.unread import NTUPLE, RSS, RULES
from ..steps.net import SetNtuple
from .check_taken import same_card
from .guard import pf_resets, queues_unknown
from .stage import Stage, check_known, interface

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.desired import DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Pf
    from ..model.kept import Record

WHAT = "ntuple: cannot turn ntuple filters off"
MOST_NAMED = 4


def as_before_us(
    pf: Pf, desired: DesiredPf, record: Record | None, rules: Sequence[FlowRule]
) -> tuple[DesiredPf, tuple[str, ...]]:
    """Without VFs and rules the feature goes back to what it was before the first change, where nothing is against it.

    Nobody has asked for that: what is against it refuses nothing.

    :param record: what the PF was then.
    :param rules: those that were there before the plan.
    :returns: what is desired then, and warnings.
    """
    if desired.num_vfs != 0 or desired.ntuple is not None or record is None or not same_card(record.perm_mac, pf):
        return desired, ()
    wanted = desired.rules.present if desired.rules else ()
    if record.ntuple is not False or wanted or not pf.device.netdev:
        return desired, ()
    unknown = pf.unknown(NTUPLE, RULES, *([RSS] if driver_of(pf).ntuple_resets else []))
    if unknown:
        text = f"ntuple filters of {pf.label} were off before the first change, and are left as they are: {unknown}"
        return desired, (text,)
    feature = pf.queues.ntuple
    if not pf.queues.rules or feature is None or not (feature.on and feature.changeable):
        return desired, ()
    lost = [rule for rule in rules if rule.into_vf and rule not in pf.queues.rules.rules]  # with the VFs
    if any(rule not in lost and not (desired.rules and desired.rules.drops(rule)) for rule in rules):
        return desired, ()
    off, without = desired._replace(ntuple=False), pf.queues._replace(rules=pf.queues.rules._replace(rules=()))
    faults = plan_ntuple_off(replace(pf, queues=without), off).faults
    return (desired if faults and faults.found else off), ()


def plan_ntuple_off(pf: Pf, desired: DesiredPf) -> Stage:
    """`ethtool -K DEV ntuple off`: rules are not in force any more, and many drivers forget them.

    :param pf: as it is after the rules that shall go have gone.
    :returns: with refusals where rules are left, or the PF's link may not go.
    :raises SriovError: the driver keeps them on, or what there is could not be read.
    """
    if desired.ntuple is not False:
        return Stage()
    check_known(pf, WHAT, NTUPLE, RULES)
    feature = pf.queues.ntuple
    if feature is None or not feature.on:
        return Stage()
    if not feature.changeable:
        why = f"driver {pf.device.driver} keeps them on (ethtool -k: [fixed])"
        raise NotSupported(WHAT, device=pf.label, why=why, remedy="leave out ntuple, and remove the rules")
    faults = Faults(desired.allow)
    rules = [f"{rule.location}: {rule}" for rule in (pf.queues.rules.rules if pf.queues.rules else ())]
    if rules and driver_of(pf).ntuple_needed:
        more = f" and {len(rules) - MOST_NAMED} more" if len(rules) > MOST_NAMED else ""
        faults.add(
            InUse(
                WHAT,
                device=pf.label,
                why=f"flow rules would be in force no more: {', '.join(rules[:MOST_NAMED])}{more}",
                remedy=f"remove them first (exclusive with no rules), or accept that: allow: [{IN_USE}]",
                holders=rules,
                consent=IN_USE,
            )
        )
    if driver_of(pf).ntuple_resets:
        faults.add(*pf_resets(pf, WHAT), *queues_unknown(pf, WHAT, RSS))
    netdev = interface(pf, WHAT)
    return Stage([SetNtuple(pf.device.address, netdev.name, pf.label, False)], faults=faults)
