# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is refused of a desired state whatever the host is: the planner's own judge, and the controller's. Pure.

The planner knows how many VFs there will be and calls a PF "enp1s0 (0000:01:00.0)"; the controller has only what the
options say of either. A number that is not known is None, and refuses nothing.
"""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest
from .desired import AUTO
from .driver_words import right_word
from .mac import MAC_ADDRESS, ZERO, is_multicast
from .selector import no_such_vf, vf_indices

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .desired import Desired, DesiredDrivers, DesiredPf, DesiredRules, DesiredVfs
    from .flow import Destination, FlowRule

RANGES = {"vlan": (0, 4094), "qos": (0, 7), "min_tx_rate": (0, 1 << 31), "max_tx_rate": (0, 1 << 31)}


def check_desired(desired: Desired) -> None:
    """All that can be known of the PFs before a host is asked.

    :param desired: not located: PFs as the user calls them.
    :raises InvalidRequest: some part that no host can meet.
    """
    seen: set[str] = set()
    for each in desired.pfs:
        if each.pf in seen:
            raise named_twice(each.pf)
        seen.add(each.pf)
        check_count(each.num_vfs, each.pf)
        check_down(each, each.num_vfs, each.pf)
    vfs = {each.pf: attributes_by_vf(each.vfs, each.num_vfs, each.pf) for each in desired.pfs}
    check_addresses(vfs)
    for each in desired.pfs:
        for index, entry in sorted(vfs[each.pf].items()):
            check_values(entry, index, each.pf)
        drivers_by_vf(each.drivers, each.num_vfs, each.pf)
        if each.rules:
            _check_rules(each.rules, each.num_vfs, each.pf)


def named_twice(pf: str, device: str = "") -> InvalidRequest:
    """The refusal of a PF that has two entries."""
    return InvalidRequest(f"pfs: {pf!r} is named twice", device=device, remedy="merge its entries")


def check_count(num_vfs: int | None, label: str) -> None:
    if num_vfs is not None and num_vfs < 0:
        raise InvalidRequest(f"num_vfs: {num_vfs} is negative", device=label, remedy="give a number from 0 on")


def check_down(desired: DesiredPf, num_vfs: int | None, label: str) -> None:
    if desired.up is False and num_vfs:
        raise InvalidRequest(
            "up: false goes with num_vfs: 0 only",
            device=label,
            why=f"{num_vfs} VFs would be left without link and mailbox",
            remedy="leave out up, or set num_vfs: 0",
        )


def attributes_by_vf(entries: Sequence[DesiredVfs], num_vfs: int | None, label: str) -> dict[int, DesiredVfs]:
    """The entry of each VF that is named.

    :raises InvalidRequest: a VF that there will not be, or that is named twice; one address for several.
    """
    found: dict[int, DesiredVfs] = {}
    for each in entries:
        indices = vf_indices(each.vfs, num_vfs, label)
        mac = each.attributes.mac
        if mac not in (None, AUTO) and len(indices) > 1:
            raise InvalidRequest(
                f"mac: {mac} for VFs {each.vfs}",
                device=label,
                why="two VFs with one address would share their frames",
                remedy="give each its own, or auto",
            )
        for index in indices:
            if index in found:
                raise InvalidRequest(
                    f"vfs: VF {index} is named twice", device=label, remedy="merge its entries into one"
                )
            found[index] = each
    return found


def drivers_by_vf(entries: Sequence[DesiredDrivers], num_vfs: int | None, label: str) -> dict[int, DesiredDrivers]:
    """The entry of each VF that is given a driver.

    :raises InvalidRequest: a VF that there will not be, or that is named twice.
    """
    found: dict[int, DesiredDrivers] = {}
    for each in entries:
        for index in vf_indices(each.vfs, num_vfs, label):
            if index in found:
                raise InvalidRequest(
                    f"drivers: VF {index} is named twice",
                    device=label,
                    why="a device has one driver",
                    remedy="name each VF in one entry",
                )
            found[index] = each
    return found


def check_driver_name(name: str, label: str = "") -> None:
    """What people write for a driver that is called otherwise on every host.

    :param label: the device that shall have it; "" where none is known.
    :raises InvalidRequest: with the right word.
    """
    word = right_word(name)
    if word is not None:
        raise misnamed_driver(name, word, label)


def misnamed_driver(name: str, word: str, label: str = "") -> InvalidRequest:
    """The refusal of a driver that is called otherwise."""
    what = f"driver: there is no driver {name!r}"
    return InvalidRequest(what, device=label, why=f"it is called {word!r} here", remedy=f"write it {word!r}")


def check_addresses(vfs: Mapping[str, Mapping[int, DesiredVfs]]) -> None:
    """Two VFs of one host with one address.

    :param vfs: each PF's, by its label; what `auto` will be is not known where it still says so.
    """
    owners: dict[str, str] = {}
    for label, entries in vfs.items():
        for index, each in entries.items():
            mac, owner = (each.attributes.mac or AUTO).lower(), f"VF {index} of {label}"
            other = owner if mac == AUTO else owners.setdefault(mac, owner)
            if other != owner:
                raise InvalidRequest(
                    f"mac: {mac} for {owner}", why=f"{other} shall have it too", remedy="give each VF its own"
                )


def check_values(desired: DesiredVfs, index: int, label: str) -> None:
    """Values that no driver takes."""
    wanted = desired.attributes
    if wanted.mac is not None and wanted.mac != AUTO:
        _check_mac(wanted.mac, index, label)
    for name, (least, most) in RANGES.items():
        value = getattr(wanted, name)
        if value is not None and not least <= value <= most:
            what, remedy = f"{name}: {value} is not between {least} and {most}", f"give {least} to {most}"
            raise invalid_value(what, index, label, remedy)
    low, high = wanted.min_tx_rate, wanted.max_tx_rate
    if low and high and low > high:
        what = f"min_tx_rate: {low} is more than max_tx_rate {high}"
        raise invalid_value(what, index, label, "give a smaller one")


def _check_mac(mac: str, index: int, label: str) -> None:
    if not MAC_ADDRESS.fullmatch(mac.lower()):
        remedy = 'write it as in "02:00:00:00:00:01", or auto'
        raise invalid_value(f"mac: {mac!r} is no MAC address", index, label, remedy)
    if mac == ZERO or is_multicast(mac):
        kind = "no address at all" if mac == ZERO else "a multicast address"
        raise invalid_value(f"mac: {mac} is {kind}", index, label, "give a unicast address, or auto")


def invalid_value(what: str, vf: int, label: str, remedy: str) -> InvalidRequest:
    """The refusal of a value of one VF."""
    return InvalidRequest(f"{what} (VF {vf})", device=label, remedy=remedy)


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


def check_vf_of_rule(name: str, rule: FlowRule, num_vfs: int, label: str) -> None:
    """:raises InvalidRequest: it leads into a VF that there will not be."""
    destination = rule.destination
    if destination and destination.vf is not None and destination.vf >= num_vfs:
        raise no_such_vf(f"{name}: cannot send to {destination}", num_vfs, label)


def _check_rules(desired: DesiredRules, num_vfs: int | None, label: str) -> None:
    for name, rule in zip(desired.names, desired.rules):
        leading_somewhere(name, rule, label)
        if num_vfs is not None:
            check_vf_of_rule(name, rule, num_vfs, label)
