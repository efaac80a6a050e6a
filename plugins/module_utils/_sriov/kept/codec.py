# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is kept, as JSON and back."""

from __future__ import annotations

import typing as t

from ..model.flow import FlowRule
from ..model.kept import KeptVf, Record, Taken
from ..model.queues import Rings
from ..model.rss_hash import Hash

if t.TYPE_CHECKING:
    from collections.abc import Iterable

Json = t.Dict[str, t.Any]
OF_RULES = ("rules", "ours")  # of a record


def from_taken(taken: Taken) -> Json:
    """See to_taken()."""
    return {**taken._asdict(), "rules": [from_rule(rule) for rule in taken.rules], "vfs": _from_vfs(taken.vfs)}


def to_taken(value: Json) -> Taken:
    """:raises ValueError, TypeError, KeyError, AttributeError: it is none."""
    rules, vfs = tuple(to_rule(rule) for rule in value["rules"]), _to_vfs(value["vfs"])
    return Taken(**{**value, "rules": rules, "vfs": vfs, "table": _table(value), "steps": tuple(value["steps"])})


def from_record(record: Record) -> Json:
    """See to_record()."""
    rules = {word: [from_rule(rule) for rule in getattr(record, word)] for word in OF_RULES}
    more = {"vfs": _from_vfs(record.vfs), "rings": record.rings and record.rings._asdict()}
    hashed = {**record.hash._asdict(), "fields": dict(record.hash.fields)}
    return {**record._asdict(), **rules, **more, "hash": hashed, "napi": dict(record.napi)}


def to_record(value: Json) -> Record:
    """What one of an earlier version does not have stays out.

    :raises ValueError, TypeError, KeyError, AttributeError: it is none.
    """
    rules = {word: tuple(map(to_rule, value.get(word, ()))) for word in OF_RULES}
    more: Json = {"macs": tuple(value["macs"]), "vfs": _to_vfs(value.get("vfs", ()))}
    rings, hashed = value.get("rings"), value.get("hash", {})
    more.update((word, _table(value, word)) for word in ("table", "own_table", "apart", "apart_of"))
    xsk = value.get("xsk")
    more.update(rings=rings and Rings(**rings), hash=Hash(**hashed), xsk=xsk and (str(xsk[0]), int(xsk[1])))
    return Record(**{**value, **rules, **more})


def _from_vfs(vfs: Iterable[KeptVf]) -> list[Json]:
    return [{"vf": vf.vf, "said": dict(vf.said), **({"to": vf.to} if vf.to else {})} for vf in vfs]


def _to_vfs(value: Iterable[Json]) -> tuple[KeptVf, ...]:
    return tuple(KeptVf(int(vf["vf"]), dict(vf["said"]), vf.get("to")) for vf in value)


def _table(value: Json, word: str = "table") -> tuple[int, ...] | None:
    return None if value.get(word) is None else tuple(map(int, value[word]))


def from_rule(rule: FlowRule) -> Json:
    return dict(vars(rule))


def to_rule(value: Json) -> FlowRule:
    match = tuple((str(name), int(number), int(mask)) for name, number, mask in value["match"])
    return FlowRule(**{**value, "match": match})
