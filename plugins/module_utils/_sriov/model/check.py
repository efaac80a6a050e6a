# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is refused of a desired state whatever the host is, all of it together. Pure.

The controller asks before the first connection, converge() before the host is read.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import InvalidRequest
from ..faults import Faults
from .desired import AUTO, BY_WHAT, DEFAULT, NONE
from .driver_words import right_word
from .mac import LAST_AUTO, ZERO, is_multicast
from .selector import MOST_VFS, check_there, no_such_vf, parse_selector
from .vfs import NODE_WORDS, said_of, turning_points

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .desired import Desired, DesiredPf, DesiredVfs
    from .flow import Destination, FlowRule
    from .vfs import Said

RANGES = {"vlan": (0, 4094), "qos": (0, 7), "min_tx_rate": (0, 1 << 31), "max_tx_rate": (0, 1 << 31)}
DRIVER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
CHOICES = {"vlan_proto": ("802.1Q", "802.1ad"), "link_state": ("auto", "enable", "disable")}


def check_desired(desired: Desired) -> None:
    """All that can be known before a host is asked.

    :param desired: not located: PFs as the user calls them.
    :raises SriovError: the parts that no host can meet.
    """
    faults = Faults()
    seen: dict[str, DesiredPf] = {}
    fixed: dict[str, dict[int, str]] = {}
    for each in desired.pfs:
        if seen.setdefault(each.pf, each) is not each:
            faults.add(named_twice(seen[each.pf], each))
        macs = _macs(each)
        fixed[each.pf] = {index: mac for index, mac in macs.items() if mac is not None and mac != AUTO}
        _check_pf(each, macs, faults)
    faults.add(*shared_addresses(fixed))
    faults.tell()


def named_twice(first: DesiredPf, second: DesiredPf, device: str = "") -> InvalidRequest:
    """The refusal of a PF that has two entries, of different names or not.

    :param device: what both mean, where that is known.
    """
    other = first.place.rstrip(".") or "another entry"
    what = f"{second.place}pf: {second.pf!r} is {'the PF' if device else 'also that'} of {other}"
    return InvalidRequest(what, device=device, remedy="make one entry of the two")


def _check_pf(desired: DesiredPf, macs: Mapping[int, str | None], faults: Faults) -> None:
    place, label = desired.place, desired.pf
    if not label.strip():
        faults.add(InvalidRequest(f"{place}pf: it is empty", remedy=f"name it {BY_WHAT}"))
    if desired.num_vfs is not None and desired.num_vfs < 0:
        what = f"{place}num_vfs: {desired.num_vfs} is negative"
        faults.add(InvalidRequest(what, device=label, remedy="give a number from 0 on"))
        return  # what is said of its VFs means nothing
    with faults.gathered():
        check_down(desired, desired.num_vfs, label)
    with faults.gathered():
        check_ntuple(desired, label)
    faults.add(*_contradictions(desired.vfs, label))
    if desired.num_vfs is not None:  # else the host knows which of them there are
        faults.add(*beyond_auto((index for index, mac in macs.items() if mac == AUTO), label))
    for each in desired.vfs:
        with faults.gathered():
            check_there(each.vf, desired.num_vfs, f"{each.name}.vf", label)
    for index in turning_points(desired.vfs, desired.num_vfs):
        faults.add(*_check_vf(said_of(desired.vfs, index), label))
    for name, rule in zip(desired.rules.names, desired.rules.present) if desired.rules else ():
        with faults.gathered():
            leading_somewhere(name, rule, label)
            check_vf_of_rule(name, rule, desired.num_vfs, label)


def check_ntuple(desired: DesiredPf, label: str) -> None:
    """:raises InvalidRequest: rules shall be there, and not be in force."""
    if desired.ntuple is False and desired.rules and desired.rules.present:
        raise InvalidRequest(
            f"{desired.place}ntuple: false contradicts {desired.rules.names[0]}",
            device=label,
            why="without the feature no flow rule is in force",
            remedy="leave out one of them",
        )


def check_down(desired: DesiredPf, num_vfs: int | None, label: str) -> None:
    """:raises InvalidRequest: the PF shall be down, and have VFs."""
    if desired.up is False and num_vfs and not desired.as_it_was:
        raise InvalidRequest(
            f"{desired.place}up: false goes with num_vfs: 0 only",
            device=label,
            why=f"{num_vfs} VF{'' if num_vfs == 1 else 's'} would be left without link and mailbox",
            remedy="leave out up, or set num_vfs: 0",
        )


def check_value(place: str, word: str, value: t.Any) -> None:
    """One value of an entry of VFs.

    :param place: what stands before its word: "vfs[0].".
    :raises InvalidRequest: no driver takes it.
    """
    if word in RANGES:
        least, most = RANGES[word]
        if not least <= value <= most:
            what = f"{place}{word}: {value} is not between {least} and {most}"
            raise InvalidRequest(what, remedy=f"give {least} to {most}")
    if value not in CHOICES.get(word, (value,)):
        what = f"{place}{word}: {value!r} is none of {', '.join(CHOICES[word])}"
        raise InvalidRequest(what, remedy="give one of them")
    if word == "mac" and value != AUTO and (value == ZERO or is_multicast(value)):
        kind = "no address at all" if value == ZERO else "a multicast address"
        raise InvalidRequest(f"{place}mac: {value} is {kind}", remedy="give a unicast address, or auto")


def _contradictions(entries: Sequence[DesiredVfs], label: str) -> t.Iterator[InvalidRequest]:
    """Pairs of entries that name one VF and give it different values, where the later is no refinement."""
    for number, later in enumerate(entries):
        for earlier in entries[:number]:
            common = earlier.vf.overlap(later.vf)
            if common is None or later.vf.refines(earlier.vf):
                continue
            for word in (word for word in later.said if word in earlier.said):
                if later.said[word] != earlier.said[word]:
                    yield _contradiction(earlier, later, word, common, label)


def _contradiction(earlier: DesiredVfs, later: DesiredVfs, word: str, vf: int, label: str) -> InvalidRequest:
    values = [_shown(word, each.said[word]) for each in (later, earlier)]
    return InvalidRequest(
        f"{later.name}.{word}: {values[0]} contradicts {values[1]} in {earlier.name}",
        device=label,
        why=f"both name VF {vf} (vf {earlier.vf} and vf {later.vf})",
        remedy="name each VF once; only an entry for fewer of the VFs of an earlier one may say otherwise",
    )


def _shown(word: str, value: t.Any) -> str:
    if value is None:
        return "null"
    return f"{value:04o}" if word == "mode" else str(value).lower() if isinstance(value, bool) else str(value)


def _check_vf(said: Said, label: str) -> t.Iterator[InvalidRequest]:
    """Words that do not go together."""
    for word, plain in (("qos", 0), ("vlan_proto", "802.1Q")):
        value, entry = said.get(word, (plain, None))
        if entry and value != plain and not said.get("vlan", (0,))[0]:
            beside = entry.said.get("vlan")  # the VLAN is there, and another entry takes it from some VFs
            yield InvalidRequest(
                f"{entry.name}.{word}: {value} without a VLAN",
                device=label,
                why="it is part of the VLAN tag that the card adds"
                + (", and a later entry takes the VLAN of some VFs away" if beside else ""),
                remedy=f"say {word}: null there too" if beside else f"give vlan too, or leave out {word}",
            )
    low, high = (said.get(word, (0, None)) for word in ("min_tx_rate", "max_tx_rate"))
    if low[0] and high[0] and low[0] > high[0] and low[1]:
        where = f" in {high[1].name}" if high[1] and high[1] is not low[1] else ""
        what = f"{low[1].name}.min_tx_rate: {low[0]} is more than max_tx_rate {high[0]}{where}"
        yield InvalidRequest(what, device=label, remedy="give a smaller one")
    for word in NODE_WORDS:
        if word in said and said[word][0] is not False and "driver" not in said:
            yield InvalidRequest(
                f"{said[word][1].name}.{word}: without a driver",
                device=label,
                why="it is about the node of a driver for user space",
                remedy="give the driver too, as in driver: vfio-pci",
            )


def beyond_auto(indices: Iterable[int], label: str) -> t.Iterator[InvalidRequest]:
    """:param indices: the VFs that are given `auto`."""
    beyond = [index for index in indices if index > LAST_AUTO]
    if beyond:
        yield InvalidRequest(
            f"mac: auto has no address for VF{'' if len(beyond) == 1 else 's'} {parse_selector(beyond)}",
            device=label,
            why=f"the index is one octet of it, 0 to {LAST_AUTO}",
            remedy="give these VFs addresses of your own",
        )


def _macs(desired: DesiredPf) -> dict[int, str | None]:
    """The address, or `auto`, of each VF that is given one and named by a number."""
    named = min(max(turning_points(desired.vfs, None)) if desired.num_vfs is None else desired.num_vfs, MOST_VFS)
    indices = {index for entry in desired.vfs if "mac" in entry.said for index in entry.vf.indices(named)}
    return {index: said_of(desired.vfs, index).get("mac", (None,))[0] for index in sorted(indices)}


def shared_addresses(macs: Mapping[str, Mapping[int, str]]) -> t.Iterator[InvalidRequest]:
    """One refusal for each address that several VFs of the host would have.

    :param macs: by the label of the PF, and by VF.
    """
    owners: dict[str, list[str]] = {}
    for label, of_pf in macs.items():
        for index, mac in of_pf.items():
            owners.setdefault(mac, []).append(f"VF {index} of {label}")
    for mac, vfs in owners.items():
        if len(vfs) > 1:
            yield InvalidRequest(
                f"mac: {mac} for {_listed(vfs)}",
                why="two VFs with one address would share their frames",
                remedy="give each its own, or auto",
            )


def _listed(vfs: Sequence[str]) -> str:
    shown = list(vfs) if len(vfs) <= 3 else [*vfs[:2], f"{len(vfs) - 2} more"]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def check_driver_name(name: str, place: str = "driver") -> None:
    """What people write for a driver that is called otherwise on every host, and what no driver is called.

    :param place: how the option is named.
    :raises InvalidRequest: with the right word, where there is one.
    """
    word = right_word(name)
    if word is not None:
        raise misnamed_driver(name, word, place)
    if not DRIVER_NAME.fullmatch(name):
        raise InvalidRequest(
            f"{place}: {name!r} names no driver",
            why="a name has letters, digits, _ . + and -, and begins with none of the last three",
            remedy=f"give a name, {DEFAULT} or {NONE}",
        )


def misnamed_driver(name: str, word: str, place: str = "driver") -> InvalidRequest:
    """The refusal of a driver that is called otherwise."""
    what = f"{place}: there is no driver {name!r}"
    return InvalidRequest(what, why=f"it is called {word!r} here", remedy=f"write it {word!r}")


def leading_somewhere(name: str, rule: FlowRule, label: str) -> Destination:
    """Where a rule leads.

    :param name: how the options call it: "rules[0]".
    :raises InvalidRequest: nowhere.
    """
    destination = rule.destination
    if destination is None or destination.kind == "wake":
        raise InvalidRequest(
            f"{name}: action {rule.cookie} leads nowhere",
            device=label,
            why="bits 63:40 are set, which no driver reads" if destination is None else "it is for wake-on-LAN",
            remedy="give vf and queue, queue, or drop",
        )
    return destination


def check_vf_of_rule(name: str, rule: FlowRule, num_vfs: int | None, label: str) -> None:
    """:param num_vfs: None where it is not known: then nothing is refused.

    :raises InvalidRequest: it leads into a VF that there will not be.
    """
    vf = rule.destination.vf if rule.destination else None
    if vf is not None and num_vfs is not None and vf >= num_vfs:
        raise no_such_vf(f"{name}: cannot send to {rule.destination}", num_vfs, vf, label)
