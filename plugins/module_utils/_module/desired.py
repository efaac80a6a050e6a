# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options to a desired state. Nothing here touches the host: it is the same on the controller.

Each value is judged by itself here; which of them go together, model/check.py knows. What is wrong is gathered, and is
left out of the desired state.
"""

from __future__ import annotations

import re
import typing as t

from .._sriov.errors import InvalidRequest
from .._sriov.faults import Faults
from .._sriov.model.check import check_driver_name, check_value
from .._sriov.model.desired import AUTO, DEFAULT, NONE, Desired, DesiredDevice, DesiredPf, DesiredRss, DesiredVfs, Node
from .._sriov.model.mac import parse_mac
from .._sriov.model.queues import Rings
from .._sriov.model.selector import HOW_TO_WRITE, parse_selector
from .._sriov.model.units import unit_name
from .._sriov.model.xsk import DesiredXsk
from .hash_options import desired_hash
from .options import (
    ASSIGNMENT,
    FLOW_RULE,
    HOST,
    NODE,
    PCI_DRIVER,
    PF,
    PF_OPTIONS,
    PF_STATE,
    RECORD,
    RSS,
    RSS_OPTIONS,
    TABLE,
    VF,
    XSK_OPTIONS,
    XSK_QUEUE,
    Params,
    filled,
    usable,
)
from .rules import desired_rules, without_vfs
from .xsk_options import desired_xsk

if t.TYPE_CHECKING:
    from .._sriov.model.selector import Selector


FOLLOWERS = {"vlan": ("qos", "vlan_proto"), "driver": tuple(NODE)}


def host(options: Params, faults: Faults) -> Desired:
    """All PFs of module host; consent for one PF or for all."""
    given = filled(HOST, options)
    allow, release = frozenset(given["allow"] or ()), _release(given, "", faults)
    entries = usable(given["pfs"])
    pfs = [_pf_of_host(filled(PF_OPTIONS, each), f"pfs[{n}].", allow, faults) for n, each in entries]
    return Desired(tuple(each._replace(release=each.release | release) for each in pfs))


def _pf_of_host(entry: Params, place: str, allow: frozenset[str], faults: Faults) -> DesiredPf:
    vfs = desired_vfs(entry["vfs"], place, faults)
    exclusive = entry["exclusive_rules"]
    rules = None if entry["rules"] is None else desired_rules(entry["rules"], place, faults, exclusive=exclusive)
    state = {word: entry[word] for word in PF_STATE}
    if state["num_vfs"] == 0:  # what is said of VFs beside it is left over from the time when there were some
        vfs, rules = (), rules and without_vfs(rules)
    if state["drivers_autoprobe"] is None and any(each.said.get("driver") is not None for each in vfs):
        state["drivers_autoprobe"] = False  # VFs that no entry gives a driver stay without one
    if state["up"] is None and state["num_vfs"]:
        state["up"] = True
    found = DesiredPf(
        entry["pf"],
        **state,
        vfs=vfs,
        rss=desired_rss(entry["rss"], f"{place}rss.", faults),
        rules=rules,
        allow=allow | frozenset(entry["allow"] or ()),
        place=place,
        ntuple=entry["ntuple"],
        release=_release(entry, place, faults),
        xsk=desired_xsk(entry["xsk"], f"{place}xsk.", faults),
    )
    return _as_before(found, entry, place) if entry["as_before"] else found


def _as_before(found: DesiredPf, entry: Params, place: str) -> DesiredPf:
    """What is named beside it is taken away, on a host that does not know what there was before."""
    named = desired_rules(entry["rules"] or [], place, Faults(), absent=True)
    return DesiredPf(
        found.pf,
        num_vfs=None if found.num_vfs is None else 0,
        rss=DesiredRss(verb="default") if found.rss and found.rss.verb else None,
        rules=named if named.rules else None,
        allow=found.allow,
        place=place,
        release=found.release,
        as_before=True,
        xsk=found.xsk and DesiredXsk(absent=True, napi_to_zero=_napi_named(found.xsk), place=f"{place}xsk."),
    )


def _napi_named(xsk: DesiredXsk) -> Params:
    return {**xsk.napi, **xsk.napi_to_zero}


def _release(given: Params, place: str, faults: Faults) -> frozenset[str]:
    """Whole names of units."""
    found = set()
    for number, name in enumerate(given["release"] or ()):
        with faults.gathered():
            found.add(unit_name(f"{place}release[{number}]", name))
    return frozenset(found)


def pf(options: Params, faults: Faults) -> Desired:
    """Module pf."""
    given = filled(PF, options)
    return _one_pf(given, faults, **{word: given[word] for word in PF_STATE})


def vf(options: Params, faults: Faults) -> Desired:
    """Module vf."""
    given = filled(VF, options)
    return _one_pf(given, faults, vfs=desired_vfs(given["vfs"], "", faults))


def rss(options: Params, faults: Faults) -> Desired:
    """Module rss."""
    given = filled(RSS, options)
    return _one_pf(given, faults, rss=desired_rss({word: given[word] for word in RSS_OPTIONS}, "", faults))


def xsk_queue(options: Params, faults: Faults) -> Desired:
    """Module xsk_queue."""
    given = filled(XSK_QUEUE, options)
    return _one_pf(given, faults, xsk=desired_xsk({word: given[word] for word in XSK_OPTIONS}, "", faults))


def flow_rule(options: Params, faults: Faults) -> Desired:
    """Module flow_rule."""
    given = filled(FLOW_RULE, options)
    absent = given["state"] == "absent"
    if absent and given["exclusive"]:
        faults.add(InvalidRequest("exclusive goes with state: present only", remedy="leave out one of them"))
    rules = desired_rules(given["rules"] or [], "", faults, absent, given["exclusive"])
    return _one_pf(given, faults, rules=rules, ntuple=given["ntuple"])


def pci_driver(options: Params, faults: Faults) -> Desired:
    """Module pci_driver, in the order of its options."""
    given = filled(PCI_DRIVER, options)
    allow, release = frozenset(given["allow"] or ()), _release(given, "", faults)
    found: list[DesiredDevice] = []
    for place, entry in _assignments(given):
        if entry["no_iommu"] is None:
            entry["no_iommu"] = given["no_iommu"]
        words = said(entry, ("driver", *NODE), place, faults)
        node = Node(words.get("owner"), words.get("group"), words.get("mode"))
        device = DesiredDevice("", words.get("driver") or NONE, node, bool(entry["no_iommu"]), allow, release=release)
        with faults.gathered():
            found += _devices(entry, given["pf"], place, device)
    return Desired(devices=tuple(found))


def _assignments(given: Params) -> list[tuple[str, Params]]:
    """Each group of devices with what stands before its options."""
    if given["assignments"] is None:
        return [("", given)]
    return [(f"assignments[{n}].", filled(ASSIGNMENT, each)) for n, each in usable(given["assignments"])]


def _devices(entry: Params, pf: str | None, place: str, one: DesiredDevice) -> list[DesiredDevice]:
    """None where the options do not go together: that has been told."""
    if entry["devices"] is not None:
        return [one._replace(device=address) for address in entry["devices"]]
    if entry["vf"] is None:
        return []
    selector = named_vfs(f"{place}vf", entry["vf"])
    if pf is None and place:
        raise InvalidRequest(f"{place}vf: whose VFs they are is not said", remedy="name their PF: pf: …")
    return [] if pf is None else [one._replace(pf=pf, vf=selector)]


def _one_pf(given: Params, faults: Faults, **parts: t.Any) -> Desired:
    allow, release = frozenset(given["allow"] or ()), _release(given, "", faults)
    return Desired((DesiredPf(given["pf"], allow=allow, release=release, **parts),))


def desired_vfs(entries: list[Params] | None, place: str, faults: Faults) -> tuple[DesiredVfs, ...]:
    """The records, one an entry.

    :param place: what stands before `vfs` where the options are named: "pfs[0].".
    """
    found = []
    for number, entry in usable(entries):
        name = f"{place}vfs[{number}]"
        words = said(entry, tuple(word for word in entry if word != "vf"), f"{name}.", faults)
        with faults.gathered():
            found.append(DesiredVfs(named_vfs(f"{name}.vf", entry["vf"]), words, name))
    unjudged = _followers(f"{place}vfs[", faults)
    return tuple(each._replace(said={w: v for w, v in each.said.items() if w not in unjudged}) for each in found)


def _followers(before: str, faults: Faults) -> set[str]:
    """Words that would be told to lack another, where that one is there and faulty; or may be, where a word or the VFs
    of an entry are not known.

    :param before: how the places of the entries' faults begin.
    """
    places = [fault.what.partition(": ")[0] for fault in faults.found if fault.what.startswith(before)]
    faulty = {place.rpartition(".")[2] for place in places}
    unclear = "vf" in faulty or not faulty <= set(RECORD)
    return {word for head, words in FOLLOWERS.items() if unclear or head in faulty for word in words}


def said(entry: Params, words: t.Sequence[str], place: str, faults: Faults) -> Params:
    """Values of one record; None stays None."""
    found: Params = {}
    for word in words:
        with faults.gathered():
            value = entry[word]
            found[word] = None if value is None else CONVERTED.get(word, _plain)(place, word, value)
    return found


def named_vfs(place: str, value: t.Any) -> Selector:
    """Which VFs an option names.

    :raises InvalidRequest: none.
    """
    try:
        return parse_selector(value)
    except ValueError as error:
        raise InvalidRequest(f"{place}: {value!r} names no VFs", why=str(error), remedy=HOW_TO_WRITE) from None


def _plain(place: str, word: str, value: t.Any) -> t.Any:
    check_value(place, word, value)
    return value


def _mac(place: str, word: str, value: str) -> str:
    if value == AUTO:
        return value
    try:
        return t.cast(str, _plain(place, word, parse_mac(value)))
    except ValueError:
        remedy = 'write it as in "02:00:00:00:00:01", in quotes, or auto'
        raise InvalidRequest(f"{place}{word}: {value!r} is no MAC address", remedy=remedy) from None


def _driver(place: str, word: str, value: str) -> str:
    if not value.strip():  # from a template; no driver at all has a word of its own
        raise InvalidRequest(f"{place}{word}: {value!r} names no driver", remedy=f"give a name, {DEFAULT} or {NONE}")
    check_driver_name(value, f"{place}{word}")
    return value


def _mode(place: str, word: str, value: t.Any) -> int:
    """A quoted "0660". Bare numbers are refused: YAML reads 0660 as 432 and 660 as 660, which is 01224."""
    if not isinstance(value, str) or not re.fullmatch("[0-7]{3,4}", value):
        what = f"{place}{word}: {value!r} is no octal file mode in quotes"
        raise InvalidRequest(what, remedy='write it as in "0660"')
    return int(value, 8)


CONVERTED: dict[str, t.Callable[[str, str, t.Any], t.Any]] = {"mac": _mac, "driver": _driver, "mode": _mode}


def desired_rss(options: Params | None, place: str, faults: Faults) -> DesiredRss | None:
    """None where nothing is said.

    :param place: what stands before the options where they are named: "pfs[0].rss.".
    """
    if options is None:
        return None
    given = filled(RSS_OPTIONS, options)
    verbs = [name for name in TABLE if given[name] is not None and given[name] is not False]
    verb = verbs[0] if verbs else None
    value = given[verb] if verb else ()
    numbers = tuple(value) if isinstance(value, list) else (() if verb in (None, "default") else (value,))
    sizes = given["rings"] and Rings(given["rings"].get("rx"), given["rings"].get("tx"))
    chosen = desired_hash(given, place, faults)
    return DesiredRss(given["channels"], verb, numbers, given["min_queues"], sizes or None, chosen)
