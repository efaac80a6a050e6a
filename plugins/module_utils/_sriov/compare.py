# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The part of a host that a wish speaks of: what a diff shows, and what is compared after the steps. Pure."""

from __future__ import annotations

import itertools
import typing as t

from .knowledge.bypass_drivers import BYPASS_DRIVERS
from .knowledge.rss import rss_group
from .model.rss_table import equal_table
from .model.selector import expand, parse_vfs
from .plan.predict import driver_of, is_set_by_hand
from .plan.vf import DEFAULTS
from .results import device_view

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from .model.desired import DriverWish, HostWish, PfWish, VfWish
    from .model.host import Device, DriverSpec, Pf
    from .plan.host import State


def asked_host(state: State, wish: HostWish) -> dict[str, t.Any]:
    """Each PF's part, by PCI address."""
    return {each.address: asked_pf(state.pfs[each.address], each) for each in wish.pfs}


def asked_pf(pf: Pf, wish: PfWish) -> dict[str, t.Any]:
    """Only words that the wish has; VFs that are not there are left out."""
    found = _functions(pf, wish)
    vfs = _vfs(pf, wish)
    if vfs:
        found["vfs"] = vfs
    return {**found, **_rss(pf, wish), **_rules(pf, wish)}


def _functions(pf: Pf, wish: PfWish) -> dict[str, t.Any]:
    spec, netdev = wish.pf, pf.device.netdev
    found: dict[str, t.Any] = {}
    if spec.num_vfs is not None:
        found["num_vfs"] = pf.num_vfs
    if spec.drivers_autoprobe is not None:
        found["drivers_autoprobe"] = pf.drivers_autoprobe
    if spec.up is not None:
        found["up"] = netdev.up if netdev else None
    if spec.min_rss_queues is not None:
        found["min_rss_queues"] = min(spec.min_rss_queues, _group(pf))  # a larger group than the least is as good
    return found


def _group(pf: Pf) -> int:
    return rss_group(driver_of(pf), pf.num_vfs, pf.combined) or 0


def _vfs(pf: Pf, wish: PfWish) -> dict[str, dict[str, t.Any]]:
    found: dict[int, dict[str, t.Any]] = {}
    for each in wish.vfs:
        for index in indices(each.vfs, pf.num_vfs):
            found.setdefault(index, {}).update(_asked_attributes(pf.vfs[index], each))
    for driver in wish.drivers:
        for index in indices(driver.vfs, pf.num_vfs):
            found.setdefault(index, {}).update(asked_driver(pf.vfs[index], driver))
    return {str(index): found[index] for index in sorted(found)}


def indices(selector: str, num_vfs: int) -> Iterable[int]:
    """Those of a selector's VFs that are there."""
    ranges = parse_vfs(selector)
    return range(num_vfs) if ranges is None else [i for i in expand(ranges, num_vfs) if i < num_vfs]


def _asked_attributes(vf: Device, wish: VfWish) -> dict[str, t.Any]:
    words = wish.attributes.words()
    found = {name: getattr(vf.attributes, name, None) for name in words}
    # What the driver does not tell is as it starts: a wish for that is met.
    found.update({name: value for name, value in DEFAULTS.items() if name in words and found[name] is None})
    if wish.mtu is not None:
        found["mtu"] = vf.netdev.mtu if vf.netdev else None
    if "mac" in words and vf.netdev and vf.driver not in BYPASS_DRIVERS:
        found["interface_mac"] = vf.netdev.mac
    return found


def asked_driver(device: Device, wish: DriverWish | DriverSpec) -> dict[str, t.Any]:
    """Its driver, and what of its node and override the wish names."""
    state = device_view(device)
    words = [word for word in ("owner", "group", "mode") if getattr(wish.node, word) is not None]
    if wish.driver == "default":
        words.append("driver_override")
    return {word: state[word] for word in ["driver", *words]}


def _rss(pf: Pf, wish: PfWish) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    rss = pf.queues.rss
    if wish.rss and wish.rss.channels is not None:
        found["channels"] = pf.combined
    if wish.rss and wish.rss.min_queues is not None:
        found["min_queues"] = min(wish.rss.min_queues, _group(pf))
    if (wish.rss and wish.rss.verb) or (_reopens(wish) and is_set_by_hand(pf)):
        found["rss_table"] = table_words(rss.table) if rss else None
    return found


def _rules(pf: Pf, wish: PfWish) -> dict[str, t.Any]:
    """All rules where the wish may lose some, or wants no others; else those of the flows that it names."""
    present = pf.queues.rules.rules if pf.queues.rules else ()
    if wish.rules is None:
        shown = present if _reopens(wish) else ()
        return {"rules": sorted(map(str, shown))} if shown else {}
    if wish.rules.exclusive or _reopens(wish):
        return {"rules": sorted(map(str, present))}
    flows = {rule.flow: rule.location for rule in wish.rules.rules}
    return {"rules": sorted(_rule_words(rule, flows[rule.flow]) for rule in present if rule.flow in flows)}


def _rule_words(rule: t.Any, location: int | None) -> str:
    return str(rule) if location is None else f"{rule.location}: {rule}"


def _reopens(wish: PfWish) -> bool:
    return wish.pf.num_vfs is not None or wish.pf.up is not None or bool(wish.rss and wish.rss.channels is not None)


def table_words(table: tuple[int, ...]) -> str:
    """ "equal 4", or the queues with the lengths of their blocks: "0*43 1*43 2*42"."""
    queues = max(table, default=-1) + 1
    if queues > 0 and table == equal_table(len(table), queues):
        return f"equal {queues}"
    return " ".join(f"{queue}*{len(list(block))}" for queue, block in itertools.groupby(table))
