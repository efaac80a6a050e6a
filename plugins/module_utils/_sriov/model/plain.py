# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The model as JSON that people can read, and compare line by line. Pure.

By its fields, so that none can be forgotten: what is left out is named here. Two values of one type that differ in any
other field are different as JSON. A field that is as it mostly is (its default) is not shown.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .desired import DesiredPf, DesiredRules, DesiredVfs
from .flow import FlowRule
from .holders import Holder, SshPeer
from .host import Device, Host, Netdev, Pf
from .rss_hash import field_letters
from .rss_table import table_words
from .selector import Selector

Plain = t.Dict[str, t.Any]

# What differs between two looks at one host, or is told elsewhere.
LEFT_OUT: dict[t.Any, tuple[str, ...]] = {
    Netdev: ("ifindex", "carrier", "speed"),
    SshPeer: ("client_port",),
    # Any interface of the host may come and go: one whose address is asked for is refused whenever it is there. Drivers
    # and groups: saved_plan.facts().
    Host: ("addresses", "drivers", "groups"),
    # How the options call things, and what the plan itself says.
    DesiredPf: ("pf", "place", "kept"),
    DesiredRules: ("names",),
}
PROCESS = re.compile(r"\b(process|pid) \d+")
OCTAL = ("mode", "dev_mode")
LETTERS = ("fields", "hash_fields")


def plain(value: t.Any) -> t.Any:
    """A value of the model as one of JSON: a dictionary of a record."""
    special = SPECIAL.get(type(value))
    if special:
        return special(value)
    pairs = _fields(value)
    if pairs is not None:
        return {name: _field(name, each) for name, each in pairs}
    if isinstance(value, t.Mapping):
        return {str(name): _field(str(name), each) for name, each in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(map(plain, value))
    return [plain(each) for each in value] if isinstance(value, (tuple, list)) else value


def natural(value: t.Any) -> t.Any:
    """The same, dictionaries in the order of their keys, "2" before "10"."""
    if isinstance(value, dict):
        return {name: natural(value[name]) for name in sorted(value, key=_order)}
    return [natural(each) for each in value] if isinstance(value, list) else value


def _order(name: str) -> tuple[bool, int, str]:
    is_number = name.isascii() and name.isdecimal()
    return not is_number, int(name) if is_number else 0, name


def _fields(value: t.Any) -> list[tuple[str, t.Any]] | None:
    """Fields of a record that are not as they mostly are; None of anything else."""
    if dataclasses.is_dataclass(value):
        usual = {each.name: _default(each) for each in dataclasses.fields(value)}
    elif hasattr(value, "_fields"):
        usual = {name: value._field_defaults.get(name, dataclasses.MISSING) for name in value._fields}
    else:
        return None
    left_out = LEFT_OUT.get(type(value), ())
    shown = ((name, getattr(value, name), default) for name, default in usual.items() if name not in left_out)
    return [(name, each) for name, each, default in shown if default is dataclasses.MISSING or each != default]


def _default(field: dataclasses.Field[t.Any]) -> t.Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _field(name: str, value: t.Any) -> t.Any:
    """A field whose value people write in another way than JSON."""
    if name in OCTAL and isinstance(value, int):
        return f"{value:04o}"
    if name in LETTERS and isinstance(value, t.Mapping):
        return {flow: field_letters(bits) for flow, bits in value.items()}
    if name == "table" and value is not None:
        return f"{len(value)} entries: {table_words(tuple(value))}"
    return plain(value)


def _rule(rule: FlowRule) -> str:
    return str(rule) if rule.location is None else f"{rule.location}: {rule}"


def _vfs(entry: DesiredVfs) -> Plain:
    return {"vf": str(entry.vf), **plain(entry.said)}


def _holder(holder: Holder) -> str:
    port = f", port {holder.port}" if holder.port else ""
    queue = "" if holder.queue is None else f", queue {holder.queue}"
    unit = f", {'transient ' if holder.transient else ''}unit {holder.unit}" if holder.unit or holder.transient else ""
    text = PROCESS.sub(r"\1", holder.text)
    return f"{holder.kind}{port}{queue}{unit}: {text}"


def _device(device: Device) -> Plain:
    found = {name: _field(name, value) for name, value in _fields(device) or ()}
    if device.netdevs:
        found["netdevs"] = {netdev.name: plain(netdev) for netdev in device.netdevs}
    if device.holders:  # several of a program are as one: how many there are now is not for long
        found["holders"] = sorted({_holder(holder) for holder in device.holders})
    return found


def _pf(pf: Pf) -> Plain:
    found = {name: _field(name, value) for name, value in _fields(pf) or ()}
    if pf.vfs:
        found["vfs"] = {str(number if vf.vf is None else vf.vf): plain(vf) for number, vf in enumerate(pf.vfs)}
    return found


SPECIAL: dict[t.Any, t.Callable[[t.Any], t.Any]] = {
    FlowRule: _rule,
    Selector: str,
    DesiredVfs: _vfs,
    Holder: _holder,
    Device: _device,
    Pf: _pf,
}
