# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which services of systemd hand over what they have open, for the time of the run. Pure: no I/O, no clock.

Least impact: one is stopped where the plan would be refused without, or would take from its programs what it holds by
consent; never one that holds nothing, nor one of whose devices nothing changes.
"""

from __future__ import annotations

import typing as t

from ..errors import NotSupported, SriovError
from ..faults import Faults
from ..steps.units import StartUnit, StopUnit
from .after import without_unit
from .host import plan_host
from .stage import vf_words

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.desired import Desired
    from ..model.host import Device, State
    from ..steps.pci import Plan

OF_UNITS = -1  # the purpose of steps on units: that of all the others


def plan_with_units(state: State, desired: Desired, unknown: Sequence[SriovError] = ()) -> Plan:
    """The plan, and the services that are stopped before and started after it. See plan_host()."""
    units = holding(state, desired)
    plan = plan_host(_lent(state, desired, units), desired, unknown)
    for unit in list(units):
        fewer = [each for each in units if each != unit]
        try:
            without = plan_host(_lent(state, desired, fewer), desired, unknown)
        except SriovError:
            continue
        if set(without.allowed) <= set(plan.allowed):
            units, plan = fewer, without
    faults = Faults()
    faults.add(*(_hindered(state, unit) for unit in units if state.units[unit].hindrance))
    faults.tell()
    before = [StopUnit(unit, _what_it_has(state, unit)) for unit in units]
    earlier = [unit for unit in state.stopped if unit not in units]
    after = [*(StartUnit(unit) for unit in reversed(units)), *(StartUnit(unit, earlier=True) for unit in earlier)]
    purposes = (*[OF_UNITS] * len(before), *(len(before) + each for each in plan.purposes), *[OF_UNITS] * len(after))
    return plan._replace(steps=(*before, *plan.steps, *after), purposes=purposes)


def holding(state: State, desired: Desired) -> list[str]:
    """The services that may be stopped for the sake of what they have open now."""
    pairs = ((holder.unit, release) for device, release in _named(state, desired) for holder in device.holders)
    return sorted({unit for unit, release in pairs if unit in release})


def _named(state: State, desired: Desired) -> t.Iterator[tuple[Device, frozenset[str]]]:
    """Each device with the services that may be stopped for its sake."""
    for each in desired.devices:
        yield state.devices[each.device], each.release
    for pf in desired.pfs:
        for device in (state.pfs[pf.pf].device, *state.pfs[pf.pf].vfs):
            yield device, pf.release


def _lent(state: State, desired: Desired, units: Sequence[str]) -> State:
    """The host while these services are stopped; what a PF has of them for whose sake they may not be counts."""
    for device, release in list(_named(state, desired)):
        for unit in (unit for unit in units if unit in release):
            device = without_unit(device, unit)
        state = state.with_device(device)
    return state


def _hindered(state: State, unit: str) -> SriovError:
    return NotSupported(
        f"release: {unit} cannot hand over {_what_it_has(state, unit)}",
        why=state.units[unit].hindrance,
        remedy=state.units[unit].remedy,
    )


def _what_it_has(state: State, unit: str) -> str:
    devices = {each.address: each for each in state.every_device() if any(h.unit == unit for h in each.holders)}
    return ", ".join(vf_words(each) if each.vf is not None else each.label for each in devices.values())
