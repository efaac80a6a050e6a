# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A PF as it was before the first change: the desired state that its record means. Pure: no I/O, no clock.

The record is made a PF, and what leads to that one from the one that is there is desired, as it is on the way back from
a run (way_back.py). Rules that this collection has added go; those of others stay.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import NotKnown
from ..faults import Faults
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..knowledge.new_vf import set_attributes
from ..knowledge.queues import driver_of, is_set_by_hand, own_table, present_rss
from ..model.attributes import VfAttributes
from ..model.consent import DESTROY_VFS
from ..model.desired import NONE, DesiredRss, DesiredRules, DesiredVfs
from ..model.host import Netdev
from ..model.mac import ZERO
from ..model.paths import RECORD
from ..model.rss_table import default_table
from ..model.selector import Selector
from ..model.unread import XSK
from ..model.vfs import ATTRIBUTES, said_of
from ..model.xsk import DesiredXsk
from ..steps.pci import SetAutoprobe, SetNumVfs
from .after import after_all
from .check_taken import OF_NODE, PARTS, same_card
from .stage import AS_IT_WAS, check_known
from .way_back import leading_to

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..errors import SriovError
    from ..model.desired import Desired, DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Device, Pf, State
    from ..model.kept import Record, Taken

    Words = t.Dict[str, t.Any]


OF_PORT = tuple(word for word in ATTRIBUTES if word != "mac")  # the PF's driver tells another one, too


class FromRecords(t.NamedTuple):
    """What is desired then.

    :param unknown: PFs of which it cannot be told: they are left out.
    """

    desired: Desired
    warnings: tuple[str, ...]
    unknown: list[SriovError]


def from_records(state: State, desired: Desired) -> FromRecords:
    """With what the records say in the place of `as_before`.

    :param state: the host, with its records.
    :param desired: located.
    """
    faults, warnings, pfs = Faults(), _others(state, desired), []
    for each in desired.pfs:
        with faults.gathered():
            wish, texts = _of_pf(state, each) if each.as_before else (each, [])
            pfs.append(wish)
            warnings += texts
    return FromRecords(desired._replace(pfs=tuple(pfs)), tuple(warnings), faults.found)


def _others(state: State, desired: Desired) -> list[str]:
    """PFs that are changed as well, and not named."""
    named = {each.pf for each in desired.pfs}
    return [
        f"{address} is not as it was before this collection changed it first either: it is not named, and is left"
        for address in sorted({*state.records} - named)
        if any(each.as_before for each in desired.pfs)
    ]


def _of_pf(state: State, desired: DesiredPf) -> tuple[DesiredPf, list[str]]:
    """:raises NotKnown: the record may be of another card, or what the PF is now cannot be read."""
    pf, record = state.pfs[desired.pf], state.records.get(desired.pf)
    card = same_card(record.perm_mac, pf) if record else False
    if card is None:
        raise NotKnown(
            f"{desired.place}as_before: cannot tell what it was",
            device=pf.label,
            why=f"whether what {RECORD} has is of this card is not known: its interface is elsewhere, or its driver "
            "gives it no address",
            remedy="bring its interface back to this network namespace; or say what it shall be, without as_before",
        )
    if record is None or not card:
        return desired, _without_record(pf, desired, record)
    check_known(pf, f"{desired.place}as_before: cannot tell what to take back", *PARTS)
    return _wish(state, pf, desired, record)


def _without_record(pf: Pf, desired: DesiredPf, record: Record | None) -> list[str]:
    """Where there is nothing of ours that is no news."""
    if not (pf.num_vfs or (pf.queues.rules and pf.queues.rules.rules)):
        return []
    why = f"what {RECORD} has is of another card" if record else f"{RECORD} has nothing of it"
    what = "it is left as it is"
    if desired.num_vfs is not None or desired.rules or desired.rss:
        what = "what the request says of it is taken away, and nothing else"
    return [f"what {pf.label} was before this collection changed it first is not known ({why}): {what}"]


def _wish(state: State, pf: Pf, desired: DesiredPf, record: Record) -> tuple[DesiredPf, list[str]]:
    taken = state.taken.get(desired.pf)
    new = _with_vfs_anew(state, pf, record)
    goal = _as_recorded(pf, new, record)
    given = _given(record)
    found = leading_to([goal, new, pf])
    if new is not pf:
        found = found._replace(vfs=tuple(_what_was_set(new, vf, given, found.vfs) for vf in goal.vfs))
    if taken:  # what is owed to VFs is nothing of theirs any more
        found = found._replace(vfs=(*(_every_word(vf, given) for vf in goal.vfs), *found.vfs))
    rules, stay = _rules(pf, record)
    up, warnings = _up(pf, found)
    found = found._replace(rules=rules, ntuple=_ntuple(pf, record, rules, stay), up=up)
    rss, more = _channels(new, _rss(pf, new, goal, record, found, taken))
    found = found._replace(rss=rss)
    found = found._replace(allow=desired.allow | {DESTROY_VFS}, release=desired.release, place=desired.place)
    found = found._replace(xsk=_xsk(pf, desired, record))
    return found._replace(port=desired.port, as_before=True), [*warnings, *more, *_addresses(pf, record)]


def _xsk(pf: Pf, desired: DesiredPf, record: Record) -> DesiredXsk | None:
    """No queues: the table is asked for by itself."""
    place, there = f"{desired.place}xsk.", bool(pf.xsk and (pf.xsk.ours or pf.xsk.pins))
    if not (there or record.xsk or record.napi or pf.unknown(XSK)):
        return None
    if record.xsk is None:
        return DesiredXsk(napi=record.napi, absent=True, place=place)
    mode, group = record.xsk
    return DesiredXsk(group=group, mode=mode, napi=record.napi, place=place)


def _with_vfs_anew(state: State, pf: Pf, record: Record) -> Pf:
    """With as many VFs as there were; new ones, unless there are that many."""
    if pf.device.num_vfs is None or pf.num_vfs == record.num_vfs:
        return pf
    address, label = pf.device.address, pf.label
    steps: list[t.Any] = [SetAutoprobe(address, label, record.drivers_autoprobe)]
    steps += [SetNumVfs(address, label, pf.num_vfs, 0)] if pf.num_vfs else []
    steps += [SetNumVfs(address, label, 0, record.num_vfs)] if record.num_vfs else []
    return after_all(state, steps).pfs[address]


def _given(record: Record) -> dict[int, str]:
    """Addresses that the administrator had given VFs, by their numbers. An earlier version did not tell them apart."""
    if not record.vfs:
        return {index: mac for index, mac in enumerate(record.macs) if mac not in (None, ZERO)}
    return {kept.vf: kept.said["mac"] for kept in record.vfs if "mac" in kept.said}


def _as_recorded(pf: Pf, new: Pf, record: Record) -> Pf:
    """What there was."""
    words = {kept.vf: kept.said for kept in record.vfs}
    vfs = tuple(_vf(vf, mac, words.get(index, {})) for index, (vf, mac) in enumerate(zip(new.vfs, record.macs)))
    channels, rss = new.queues.channels, new.queues.rss
    if channels and record.channels:
        channels = channels._replace(combined=record.channels)
    if rss:
        own = own_table(replace(new, queues=new.queues._replace(channels=channels)))
        rss = rss._replace(table=record.table or record.own_table or own)
    netdev = pf.device.netdev
    device = new.device
    if netdev and record.up is not None:
        device = device.with_netdev(replace(netdev, up=record.up))
    queues = new.queues._replace(channels=channels, rss=rss)
    autoprobe = record.drivers_autoprobe
    return replace(new, device=device, num_vfs=record.num_vfs, drivers_autoprobe=autoprobe, vfs=vfs, queues=queues)


def _vf(vf: Device, mac: str | None, words: t.Mapping[str, t.Any]) -> Device:
    """:param vf: the one that there is, or a new one."""
    if not words:
        return replace(vf, attributes=replace(vf.attributes or VfAttributes(), mac=mac))
    attributes = VfAttributes(mac=mac, **{word: value for word, value in words.items() if word in OF_PORT})
    driver = None if words["driver"] == NONE else words["driver"]
    node: Words = {f"dev_{word}": words.get(word) for word in OF_NODE}
    netdev = Netdev("", 0, "", mtu=words["mtu"], up=words["up"]) if "mtu" in words else None
    vfio = any(node.values()) or driver in BYPASS_DRIVERS
    return replace(
        vf, attributes=attributes, driver=driver, netdevs=(netdev,) if netdev else (), vfio=vfio, cdev=None, **node
    )


def _what_was_set(pf: Pf, vf: Device, given: t.Mapping[int, str], told: Sequence[DesiredVfs]) -> DesiredVfs:
    """What a new VF does not have by itself, and what the present one has otherwise.

    An address that its driver made up is none of the administrator's: the driver makes another one up.
    """
    index = t.cast(int, vf.vf)
    words = {**set_attributes(pf, vf), **{word: value for word, (value, _entry) in said_of(told, index).items()}}
    words.pop("mac", None)
    words.update({"up": True} if vf.netdev and vf.netdev.up else {}, **_address(index, given))
    return DesiredVfs(Selector(((index, index),)), words, AS_IT_WAS)


def _address(vf: int, given: t.Mapping[int, str]) -> Words:
    return {"mac": given[vf]} if vf in given else {}


def _every_word(vf: Device, given: t.Mapping[int, str]) -> DesiredVfs:
    """All that a VF had, whatever it has now."""
    index = t.cast(int, vf.vf)
    words: Words = {word: value for word, value in (vf.attributes or VfAttributes()).words().items() if word != "mac"}
    words.update(_address(index, given), driver=vf.driver or NONE)
    if vf.netdev:
        words.update({"mtu": vf.netdev.mtu} if vf.netdev.mtu else {}, **({"up": True} if vf.netdev.up else {}))
    words.update((word, getattr(vf, f"dev_{word}")) for word in OF_NODE if getattr(vf, f"dev_{word}") is not None)
    return DesiredVfs(Selector(((index, index),)), words, AS_IT_WAS)


def _rules(pf: Pf, record: Record) -> tuple[DesiredRules | None, list[FlowRule]]:
    """Those that are missing or elsewhere come back, and those that were added go.

    :returns: with the rules of others, which stay.
    """
    if pf.queues.rules is None or (record.rules and record.ntuple is False and driver_of(pf).ntuple_needed):
        return None, []  # where the feature was off none of them was in force, and none could be asked for
    now, before = pf.queues.rules.rules, {(rule.flow, rule.target) for rule in record.rules}
    ours = tuple(rule for rule in record.ours if (rule.flow, rule.target) not in before)
    mine, moved = {(rule.flow, rule.target) for rule in ours}, {*record.ours} - {*record.rules}
    there = {(rule.flow, rule.target) for rule in now if rule not in moved}
    stay = [rule for rule in now if (rule.flow, rule.target) not in mine and not _goes(rule, record)]
    places = {rule.location for rule in stay}
    missing = [rule for rule in record.rules if (rule.flow, rule.target) not in there and not _goes(rule, record)]
    back = tuple(rule.at(None) if rule.location in places else rule for rule in missing)
    if not (back or ours):
        return None, stay
    # There were several for one flow: those that are there would contradict one that comes, if they were not named.
    flows = {rule.flow for rule in back}
    beside = tuple(
        rule for rule in stay if rule.flow in flows and (rule.flow, rule.target) in before and rule not in moved
    )
    names = tuple(f"flow rule {rule.location} as it was" for rule in (*missing, *beside))
    return DesiredRules((*back, *beside), names, unwanted=ours), stay


def _goes(rule: FlowRule, record: Record) -> bool:
    """With its VF."""
    vf = rule.destination.vf if rule.destination else None
    return vf is not None and vf >= record.num_vfs


def _ntuple(pf: Pf, record: Record, rules: DesiredRules | None, stay: Sequence[FlowRule]) -> bool | None:
    """Off again only where it takes nothing from others."""
    feature = pf.queues.ntuple
    if feature is None or not feature.changeable or record.ntuple in (None, feature.on):
        return None
    return True if record.ntuple else None if stay or (rules and rules.present) else False


def _up(pf: Pf, found: DesiredPf) -> tuple[bool | None, list[str]]:
    """Who uses the PF by now keeps it up: that it was down is nothing that anybody misses."""
    users = [holder.text for holder in pf.device.at_port().holders]
    if found.up is not False or not users:
        return found.up, []
    return None, [f"{pf.label} was down before this collection set it up, and stays up: {'; '.join(users)}"]


def _rss(pf: Pf, new: Pf, goal: Pf, record: Record, found: DesiredPf, taken: Taken | None) -> DesiredRss | None:
    """:param found: what tells the PF from what it was, as far as that shows."""
    rss = (found.rss or DesiredRss())._replace(hash=record.hash)
    resets = (found.up, found.ntuple, rss.channels) != (None, None, None)
    if record.table is not None and resets and not rss.verb:
        rss = rss._replace(verb="table", numbers=record.table)  # it is there now, and may not be after these
    plain = _plain_table(goal, record)
    other = is_set_by_hand(pf) or bool(taken and taken.table) or any(_was_another(record, each) for each in (pf, new))
    if record.table is None and plain and other:
        as_kernel = plain == default_table(len(plain), present_rss(goal) or 1)
        rss = rss._replace(verb="default" if as_kernel else "table", numbers=() if as_kernel else plain)
    sizes = pf.queues.ring_sizes
    if record.rings and sizes and (sizes.rx, sizes.tx) != (record.rings.rx, record.rings.tx):
        rss = rss._replace(rings=record.rings)
    return None if rss == DesiredRss() else rss


def _channels(new: Pf, rss: DesiredRss | None) -> tuple[DesiredRss | None, list[str]]:
    """Unless there are not so many any more, as a host with fewer CPUs has fewer."""
    most = new.queues.channels.max_combined if new.queues.channels else 0
    if rss is None or rss.channels is None or rss.channels <= most:
        return rss, []
    text = f"{new.label} had {rss.channels} combined channels, and has {most} at most now: they are left as they are"
    if rss.verb == "table" and max(rss.numbers) >= most:
        return rss._replace(channels=None, verb=None, numbers=()), [f"{text}, and so is the RSS table"]
    return rss._replace(channels=None), [text]


def _plain_table(pf: Pf, record: Record) -> tuple[int, ...]:
    """The one that there was, unless the queues are others by now, or else that of the driver; empty where it has none.

    :param pf: as it was.
    """
    own, then = own_table(pf), record.own_table
    group = max(present_rss(pf) or 0, *own, 0)
    return then if then and len(then) == len(own) and max(then) <= group else own


def _was_another(record: Record, pf: Pf) -> bool:
    return record.own_table is not None and pf.queues.rss is not None and record.own_table != pf.queues.rss.table


def _addresses(pf: Pf, record: Record) -> list[str]:
    """No driver takes zeros for an address, so a VF that had none keeps the one that it was given."""
    if pf.num_vfs != record.num_vfs:
        return []
    pairs = enumerate(zip(pf.vfs, record.macs))
    kept = [str(i) for i, (vf, mac) in pairs if mac == ZERO and vf.attributes and vf.attributes.mac not in (None, ZERO)]
    return [f"VFs of {pf.label} had no address, and keep the one that they have: {', '.join(kept)}"] if kept else []
