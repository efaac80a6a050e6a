# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A plan as it is saved for a review, and whether a later one is the same. Pure, and the same on the controller.

It is there to be compared with: nothing makes steps of it.
"""

from __future__ import annotations

import typing as t

from .errors import SriovError
from .model.plain import Plain, natural, plain

if t.TYPE_CHECKING:
    from .model.desired import Desired
    from .model.host import Device, State

SCHEMA = 1  # another one where a file of before would be misread; where it only says other things, it differs
PARTS = {"desired": dict, "facts": dict, "steps": list}
MOST = 50  # differences that are told
AGAIN = "run it in check mode (--check), and review the plan that this writes"

Saved = t.Dict[str, t.Any]


class PlanChanged(SriovError):
    """What would be done is not what was reviewed."""

    kind = "plan_changed"

    def __init__(self, differences: t.Sequence[str]) -> None:
        left = [f"and {len(differences) - MOST} more"] if len(differences) > MOST else []
        lines = [*differences[:MOST], *left]
        super().__init__("plan_file: the plan is not the saved one", why="\n".join(lines), remedy=AGAIN)

    def __str__(self) -> str:
        lines = "\n".join(f"- {line}" for line in self.why.splitlines())
        return f"{self.what}:\n{lines}\nRemedy: {self.remedy}."


def saved_plan(desired: Desired, before: State, steps: t.Iterable[t.Any]) -> Saved:
    """What a review needs: what is wanted, what is there, and what would be done.

    :param desired: located.
    """
    return {"schema": SCHEMA, "desired": wish(desired), "facts": facts(before, desired), "steps": [*map(str, steps)]}


def wish(desired: Desired) -> Plain:
    """A desired state, whatever words the user has chosen for it."""
    devices = {each.device: plain(each) for each in desired.devices}
    return natural({**{each.pf: plain(each) for each in desired.pfs}, **({"devices": devices} if devices else {})})


def facts(state: State, desired: Desired) -> Plain:
    """All that a planner may read of a host, but for what differs between two looks at the same one (model.plain)."""
    found: Plain = {address: plain(pf) for address, pf in state.pfs.items()}
    host = plain(state.host)
    host["drivers"] = sorted(state.host.drivers & _named_drivers(state, desired))
    known = {device.address: device for device in state.every_device()}
    host["groups"] = {
        str(group): {each.address: {} if known.get(each.address) == each else plain(each) for each in members}
        for group, members in state.host.groups
    }
    more = {"host": host, **{part: plain(getattr(state, part)) for part in ("devices", "taken", "records")}}
    return natural({**found, **{part: value for part, value in more.items() if value}})


def _named_drivers(state: State, desired: Desired) -> set[str]:
    """Those that can have to do with a plan: any other may come and go with its module."""
    names = {entry.said.get("driver") for each in desired.pfs for entry in each.vfs}
    names |= {each.driver for each in desired.devices}
    for pf in state.pfs.values():
        names |= {pf.vf_default_driver, *pf.vf_possible_drivers}
    for device in _every_device(state):
        names |= {device.driver, device.default_driver, device.driver_override, *device.possible_drivers}
    for fit in state.host.fits:
        names |= {fit.driver, *fit.others}
    return {name for name in names if name}


def _every_device(state: State) -> t.Iterator[Device]:
    yield from state.every_device()
    for _group, members in state.host.groups:
        yield from members


def understood(value: t.Any) -> bool:
    """Whether it is a plan of this schema, as JSON gives it."""
    return (
        isinstance(value, dict)
        and value.get("schema") == SCHEMA
        and all(isinstance(value.get(part), kind) for part, kind in PARTS.items())
    )


def check_same(saved: Saved, now: Saved) -> None:
    """:raises PlanChanged: a plan is not the saved one: the words of everything that differs."""
    found = [line for part in PARTS for line in _differences(saved[part], now[part], f"{part}: ", "")]
    if found:
        raise PlanChanged(found)


def _differences(was: t.Any, now: t.Any, part: str, path: str) -> t.Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for name in natural({**was, **now}):
            inside = f"{path}.{name}" if path else str(name)
            yield from _differences(was.get(name), now.get(name), part, inside)
    elif isinstance(was or now, list) and isinstance(now or was, list):
        yield from _of_lists(was or [], now or [], part, path)
    elif isinstance(was, (dict, list)) or isinstance(now, (dict, list)):
        if now is None or was is None:
            yield f"{part}{path} is {'gone' if now is None else 'new'}"
        else:
            yield f"{part}{path} has changed"
    elif was != now or isinstance(was, bool) != isinstance(now, bool):
        yield f"{part}{path} was {_shown(was, now)}, is {_shown(now, was)}"


def _of_lists(was: list[t.Any], now: list[t.Any], part: str, path: str) -> t.Iterator[str]:
    place = f"{part}{path}: " if path else part
    if all(isinstance(each, dict) for each in (*was, *now)):
        for number in range(max(len(was), len(now))):
            pair = [each[number] if number < len(each) else None for each in (was, now)]
            yield from _differences(pair[0], pair[1], part, f"{path}[{number}]")
        return
    for each in was:
        if each not in now:
            yield f"{place}no longer: {each}"
    for each in now:
        if each not in was:
            yield f"{place}new: {each}"
    if was != now and all(each in now for each in was) and all(each in was for each in now):
        yield f"{place}the same in another order or number"


def _shown(value: t.Any, other: t.Any) -> str:
    """A value; where it is left out as it is what it mostly is (model.plain), by what the other is."""
    if value is None and isinstance(other, bool):
        value = not other
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
