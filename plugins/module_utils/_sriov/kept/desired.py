# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A desired state as JSON and back: what is to be done later, by another process. Of PFs alone."""

from __future__ import annotations

import typing as t

from ..model.desired import Desired, DesiredPf, DesiredRss, DesiredRules, DesiredVfs
from ..model.queues import Rings
from ..model.rss_hash import Hash
from ..model.selector import Selector
from ..model.xsk import DesiredXsk
from .codec import Json, from_rule, to_rule

RULES = ("rules", "leftover", "spared", "unwanted")
SETS = ("allow", "release")
NAPI_VALUES = ("napi", "napi_to_zero")


def from_desired(desired: Desired) -> list[Json]:
    """See to_desired()."""
    return [_from_pf(each) for each in desired.pfs]


def to_desired(value: list[Json]) -> Desired:
    """:raises ValueError, TypeError, KeyError, AttributeError: it is none."""
    return Desired(tuple(map(_to_pf, value)))


def _from_pf(pf: DesiredPf) -> Json:
    more = {"vfs": _from_vfs(pf.vfs), "kept": _from_vfs(pf.kept)}
    sets = {word: sorted(getattr(pf, word)) for word in SETS}
    queues = {"rss": pf.rss and _from_rss(pf.rss), "rules": pf.rules and _from_rules(pf.rules)}
    queues["xsk"] = pf.xsk and _from_xsk(pf.xsk)
    return {**pf._asdict(), **more, **sets, **queues}


def _to_pf(value: Json) -> DesiredPf:
    more = {"vfs": _to_vfs(value["vfs"]), "kept": _to_vfs(value["kept"])}
    sets = {word: frozenset(value[word]) for word in SETS}
    rss, rules = value["rss"], value["rules"]
    xsk = value.get("xsk")  # of an earlier version: nothing
    queues = {"rss": rss and _to_rss(rss), "rules": rules and _to_rules(rules), "xsk": xsk and _to_xsk(xsk)}
    return DesiredPf(**{**value, **more, **sets, **queues})


def _from_vfs(entries: tuple[DesiredVfs, ...]) -> list[Json]:
    return [{"vf": each.vf.ranges, "said": dict(each.said), "name": each.name} for each in entries]


def _to_vfs(value: list[Json]) -> tuple[DesiredVfs, ...]:
    return tuple(DesiredVfs(_to_selector(each["vf"]), dict(each["said"]), str(each["name"])) for each in value)


def _to_selector(ranges: t.Any) -> Selector:
    return Selector(None if ranges is None else tuple((int(first), int(last)) for first, last in ranges))


def _from_rss(rss: DesiredRss) -> Json:
    hashed = {**rss.hash._asdict(), "fields": dict(rss.hash.fields)}
    return {**rss._asdict(), "rings": rss.rings and rss.rings._asdict(), "hash": hashed}


def _to_rss(value: Json) -> DesiredRss:
    rings = value["rings"] and Rings(**value["rings"])
    return DesiredRss(**{**value, "numbers": tuple(value["numbers"]), "rings": rings, "hash": Hash(**value["hash"])})


def _from_xsk(xsk: DesiredXsk) -> Json:
    return {**xsk._asdict(), **{word: dict(getattr(xsk, word)) for word in NAPI_VALUES}}


def _to_xsk(value: Json) -> DesiredXsk:
    return DesiredXsk(**{**value, "queues": tuple(value["queues"])})


def _from_rules(rules: DesiredRules) -> Json:
    lists = {word: list(map(from_rule, getattr(rules, word))) for word in RULES}
    return {**lists, "names": list(rules.names), "absent": rules.absent, "exclusive": rules.exclusive}


def _to_rules(value: Json) -> DesiredRules:
    value = {"unwanted": [], **value}  # one that was written before there were any
    lists = {word: tuple(map(to_rule, value[word])) for word in RULES}
    return DesiredRules(**{**value, **lists, "names": tuple(value["names"])})
