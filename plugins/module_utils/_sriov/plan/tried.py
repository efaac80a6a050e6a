# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The way back, tried on the host that a plan leads to: where it does not end at what was, there is none. Pure.

What drivers do by themselves when VFs go (other channels, another table) shows only so.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import NotSupported, SriovError, WouldDestroy
from ..knowledge.bypass_drivers import bypass_of
from ..model.desired import DesiredRss
from ..model.host import Fit
from ..model.mac import ZERO
from ..model.rss_hash import present_hash
from .after import after_all
from .release import plan_with_units
from .way_back import LEFT_OUT, NO_WAY_BACK, goal_of, way_back

if t.TYPE_CHECKING:
    from ..model.desired import Desired, DesiredPf
    from ..model.host import Device, Pf, State
    from ..model.xsk import Xsk
    from ..steps.pci import Plan

    Words = t.Dict[str, t.Any]


UNKNOWN = object()


def tried_way_back(before: State, plan: Plan) -> tuple[Desired, list[SriovError]]:
    """The way back from the plan, and why it does not lead to what was."""
    goal, end, wish = goal_of(before), _end(before, plan), way_back(before, plan)
    try:
        there = _after(end, wish)
        more = wish._replace(pfs=tuple(_with_more(each, goal.pfs[each.pf], there.pfs[each.pf]) for each in wish.pfs))
        there = there if more == wish else _after(end, more)
    except SriovError as error:
        return wish, [_refused(each) for each in error.each()]
    found = [_differs(goal.pfs[each.pf], there.pfs[each.pf]) for each in more.pfs]
    return more, [each for each in found if each]


def _end(before: State, plan: Plan) -> State:
    """All that was taken is back by then; and the drivers that VFs had are for them."""
    end = after_all(before, plan.steps)._replace(taken={}, stopped=())
    had = ((vf.address, vf.driver, vf.vfio) for pf in before.pfs.values() for vf in pf.vfs)
    fits = [Fit(address, driver, aliases=True, matches=True, vfio=vfio) for address, driver, vfio in had if driver]
    known = {(fit.device, fit.driver) for fit in end.host.fits}
    fits = [fit for fit in fits if (fit.device, fit.driver) not in known]
    return end._replace(host=replace(end.host, fits=(*end.host.fits, *fits)))


def _after(state: State, wish: Desired) -> State:
    """:raises SriovError: it is refused."""
    return after_all(state, plan_with_units(state, wish).steps)


def _with_more(wish: DesiredPf, goal: Pf, there: Pf) -> DesiredPf:
    """With the channels and the table too, where they do not come back by themselves."""
    rss = wish.rss or DesiredRss()
    if goal.combined and there.combined != goal.combined:
        rss = rss._replace(channels=goal.combined)
    table = _table(goal)
    if table and _table(there) not in (None, table):
        rss = rss._replace(verb="table", numbers=table)
    return wish if rss == DesiredRss() else wish._replace(rss=rss)


def _table(pf: Pf) -> tuple[int, ...] | None:
    """A driver fills it in when the PF goes up: before that it may hold anything."""
    rss, netdev = pf.queues.rss, pf.device.netdev
    return rss.table if rss and netdev and netdev.up else None


def _refused(error: SriovError) -> SriovError:
    why = f"{error.what}: {error.why}" if error.why else error.what
    return NotSupported(NO_WAY_BACK, device=error.device, why=why, remedy=LEFT_OUT)


def _differs(goal: Pf, there: Pf) -> SriovError | None:
    had, has = _words(goal), _words(there)
    told = {name: value for name, value in had.items() if value not in (None, UNKNOWN)}
    names = [name for name, value in told.items() if has.get(name) not in (value, UNKNOWN)]
    if not names:
        return None
    why = f"what it has now would not come back: {', '.join(names)}"
    return WouldDestroy(NO_WAY_BACK, device=goal.label, why=why, remedy=LEFT_OUT)


def _words(pf: Pf) -> Words:
    """All that the way back is for."""
    queues, netdev, hashed = pf.queues, pf.device.netdev, present_hash(pf.queues)
    found: Words = {
        "num_vfs": pf.num_vfs,
        "drivers_autoprobe": pf.drivers_autoprobe,
        "up": netdev.up if netdev else None,
        "channels": pf.combined,
        "rings": str(queues.ring_sizes) if queues.ring_sizes else None,
        "RSS table": _table(pf),
        "RSS hash": (hashed.key, hashed.function, dict(hashed.fields)),
        "ntuple": queues.ntuple.on if queues.ntuple else None,
        "flow rules": frozenset(queues.rules.rules) if queues.rules else None,
        "AF_XDP": _of_xsk(pf.xsk) if pf.xsk else None,
    }
    for index, vf in pf.by_index.items():
        found.update((f"{word} of VF {index}", value) for word, value in _words_of(vf).items())
    return found


def _of_xsk(xsk: Xsk) -> tuple[t.Any, ...]:
    """Another program of ours in the place of one is as good."""
    return xsk.ours.mode if xsk.ours else "none", xsk.pins, dict(xsk.napi)


def _words_of(vf: Device) -> Words:
    """An address of zeros becomes one that the driver makes up: so it is with any VF that was never bound.

    That of the interface is the driver's choice where its PF does not tell one.
    """
    found: Words = {"driver": vf.driver or "none", **(vf.attributes.words() if vf.attributes else {})}
    if found.get("mac") == ZERO:
        del found["mac"]
    if vf.driver and bypass_of(vf):
        return {**found, "owner": vf.dev_owner, "group": vf.dev_group, "mode": vf.dev_mode}
    if vf.netdev is None:
        return found
    return {
        **found,
        "mtu": vf.netdev.mtu or None,
        "link": vf.netdev.up,
        "interface's address": vf.netdev.mac or UNKNOWN,
    }
