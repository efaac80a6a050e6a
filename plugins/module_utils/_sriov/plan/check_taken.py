# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What of the things that a run has taken is still missing, and still owed. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.index import without_port
from ..knowledge.new_vf import given_address, starts_of
from ..model.attributes import VfAttributes
from ..model.desired import NONE
from ..model.kept import KeptVf, Taken
from ..model.mac import ZERO
from ..model.unread import ATTRIBUTES as OF_VFS
from ..model.unread import CHANNELS, FUNCTION, NTUPLE, NUM_VFS, PERM_MAC, RSS, RULES
from ..model.vfs import ATTRIBUTES
from .after import DEFAULT_ACCESS, DEFAULT_MTU

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.desired import DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Device, Pf

PARTS = (NUM_VFS, FUNCTION, CHANNELS, NTUPLE, RSS, RULES, OF_VFS)  # of a record
OF_NODE = ("owner", "group", "mode")
OF_DRIVER = ("driver", *OF_NODE, "no_iommu", "mtu", "up")  # what goes with it
TOGETHER = (("vlan", "qos", "vlan_proto"), ("min_tx_rate", "max_tx_rate"), OF_NODE)
NO_ADDRESS = (None, "", ZERO)
Words = t.Dict[str, t.Any]


def same_card(perm_mac: str | None, pf: Pf) -> bool | None:
    """Whether what is kept of a PF is of the card that is there now; None: nobody can tell.

    A PF has no address while its interface is in another namespace, or its driver gives it none.
    """
    there = {pf.perm_mac, *(netdev.perm_mac for netdev in pf.device.netdevs)} - {*NO_ADDRESS}
    if perm_mac in NO_ADDRESS:
        return True if not there and without_port(pf.device.driver) else None
    if perm_mac in there:
        return True
    return False if there and not pf.unknown(PERM_MAC) else None


def missing(taken: Taken, now: Pf) -> Taken:
    """What of it is not there, or cannot be seen."""
    rules, rss, queues = now.queues.rules, now.queues.rss, now.queues
    there = {(rule.flow, rule.target) for rule in rules.rules} if rules else set()
    vfs = (_missing_of_vf(now, kept) for kept in taken.vfs)
    return taken._replace(
        rules=tuple(rule for rule in taken.rules if (rule.flow, rule.target) not in there),
        table=None if rss and rss.table == taken.table else taken.table,
        channels=None if queues.channels and now.combined == taken.channels else taken.channels,
        vfs=tuple(kept for kept in vfs if kept.said or kept.to),
    )


def still_owed(taken: Taken, now: Pf, desired: DesiredPf) -> Taken:
    """What is owed after a run that has reached its wish: what could not be seen, and what is of VFs that are not there
    and that the request does not exclude."""
    left = missing(taken, now)
    rules = (rule for rule in left.rules if now.queues.rules is None or _is_beyond(rule, len(now.vfs)))
    seen, netdev = now.queues.rss is not None, now.device.netdev
    shown = seen and netdev is not None and netdev.up  # while it is down nobody knows whose a table is
    owed = left._replace(
        rules=tuple(rules),
        table=None if shown else left.table,
        vfs=tuple(kept for kept in left.vfs if kept.vf >= len(now.vfs)),
    )
    return not_contradicted(owed, desired)


def not_contradicted(taken: Taken, desired: DesiredPf) -> Taken:
    """Without what a request decides itself."""
    rss, wished, most = desired.rss, desired.rules, desired.num_vfs
    rules = (rule for rule in taken.rules if most is None or not _is_beyond(rule, most))
    return taken._replace(
        rules=tuple(rule for rule in rules if not (wished and (wished.drops(rule) or wished.names_flow(rule)))),
        table=None if rss and rss.verb else taken.table,
        channels=None if most is not None or (rss and rss.channels is not None) else taken.channels,
        vfs=tuple(kept for kept in taken.vfs if most is None or kept.vf < most),
    )


def kept_vf(vf: int, said: t.Mapping[str, t.Any], to: str | None) -> KeptVf:
    """One that gets the driver back that it had is on its way to no other."""
    return KeptVf(vf, said, None if to == said.get("driver") else to)


def merged(new: Taken, old: Taken) -> Taken:
    """Both: where they contradict each other, the new one counts."""
    places, flows = {rule.location for rule in new.rules}, {rule.flow for rule in new.rules}
    rules = (rule for rule in old.rules if rule.location not in places and rule.flow not in flows)
    said = {kept.vf: kept for kept in old.vfs}
    for kept in new.vfs:
        before = said.get(kept.vf, kept)
        said[kept.vf] = kept_vf(kept.vf, {**before.said, **kept.said}, kept.to or before.to)
    return new._replace(
        perm_mac=new.perm_mac or old.perm_mac,
        rules=tuple(sorted((*new.rules, *rules), key=lambda rule: rule.location or 0)),
        table=new.table or old.table,
        channels=new.channels or old.channels,
        vfs=tuple(said[index] for index in sorted(said)),
    )


def without_driver(kept: KeptVf) -> KeptVf:
    """But for what goes with its driver."""
    return KeptVf(kept.vf, {word: value for word, value in kept.said.items() if word not in OF_DRIVER})


def lost_words(pf: Pf, kept: KeptVf) -> Words:
    """What a VF has not got back."""
    if kept.vf >= len(pf.vfs):
        by_itself = pf.drivers_autoprobe and kept.said.get("driver") == pf.vf_default_driver
        return {word: value for word, value in kept.said.items() if not (word == "driver" and by_itself)}
    vf = pf.vfs[kept.vf]
    return {word: value for word, value in owed_words(pf, vf, kept).items() if not has_word(vf, word, value)}


def owed_words(pf: Pf, vf: Device, kept: KeptVf) -> Words:
    """What a VF shall have again: only where it has what a new VF has, as another value somebody has set since then."""
    if vf.planned:
        return dict(kept.said)
    words = {word: value for word, value in kept.said.items() if word not in OF_DRIVER}
    words.update(_words_of_driver(vf, kept))
    changed = {word for word in words if not _is_as_new(pf, vf, word) and not has_word(vf, word, words[word])}
    for group in TOGETHER:
        if changed & {*group}:
            changed |= {*group}
    return {word: value for word, value in words.items() if word not in changed}


def _words_of_driver(vf: Device, kept: KeptVf) -> Words:
    """One that has another driver by now has been given it since, with all that belongs to it.

    Unless it is the one that the kernel gives to each VF that is made, and nobody uses it.
    """
    had = kept.said.get("driver")
    if kept.to and vf.driver == kept.to:
        return {"driver": kept.to} if vf.driver_override else {}  # it was killed before it cleared the name
    if vf.driver_override not in (None, kept.to, had):
        return {}
    if had is None and vf.driver != vf.default_driver:
        return {}  # with another driver, or none, its interface has gone
    if had is not None and vf.driver not in (None, had) and (vf.driver != vf.default_driver or vf.holders):
        return {}
    return {word: value for word, value in kept.said.items() if word in OF_DRIVER}


def _is_as_new(pf: Pf, vf: Device, word: str) -> bool:
    """Whether a VF has of it what one has that nobody has touched; what is not told is so."""
    if word == "mac":
        return given_address(pf, vf) is None
    if word in ATTRIBUTES:
        value = getattr(vf.attributes or VfAttributes(), word)
        return value is None or value == starts_of(pf).get(word, value)
    if word == "mtu":
        return vf.netdev is None or vf.netdev.mtu in (0, DEFAULT_MTU)
    if word in OF_NODE:
        return not bypass_of(vf) or access_of(vf)[word] in (None, DEFAULT_ACCESS[f"dev_{word}"])
    return True


def has_word(vf: Device, word: str, value: t.Any) -> bool:
    if word in ATTRIBUTES:
        return bool(getattr(vf.attributes or VfAttributes(), word) == value)
    if word == "driver":
        return (vf.driver or NONE) == value and not (value == NONE and vf.driver_override)
    if word in ("mtu", "up"):
        return vf.netdev is not None and getattr(vf.netdev, word) == value
    if word in OF_NODE:
        return bool(access_of(vf)[word] == value)
    return vf.driver is not None  # no_iommu: it is of the driver


def access_of(vf: Device) -> Words:
    """Owner, group and mode of its node; of its own one where that of its group has none."""
    found = (vf.dev_owner, vf.dev_group, vf.dev_mode)
    return dict(zip(OF_NODE, vf.cdev[1:] if vf.cdev and None in found else found))


def _missing_of_vf(now: Pf, kept: KeptVf) -> KeptVf:
    if kept.vf >= len(now.vfs):
        return kept
    vf = now.vfs[kept.vf]
    to = kept.to if vf.driver != kept.to or vf.driver_override else None
    said = kept.said if to or not kept.to else without_driver(kept).said
    left = {word: value for word, value in said.items() if not has_word(vf, word, value)}
    if to and (vf.driver or NONE) == kept.said.get("driver") and not vf.driver_override:
        to = None  # it has its own
    return KeptVf(kept.vf, left, to)


def _is_beyond(rule: FlowRule, num_vfs: int) -> bool:
    """Whether it leads into a VF that there is not."""
    vf = rule.destination.vf if rule.destination else None
    return vf is not None and vf >= num_vfs


def by_vf(entries: Iterable[t.Any], num_vfs: int) -> dict[int, Words]:
    """Words of entries, by the VFs that they name."""
    found: dict[int, Words] = {}
    for entry in entries:
        for index in entry.vf.indices(num_vfs):
            found.setdefault(index, {}).update(entry.said)
    return found
