# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is refused of what is desired of a VF's attributes. Pure."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotKnown, NotSupported, SriovError
from ..knowledge.queues import driver_of
from ..knowledge.vf_support import ANY_RATE, LINK_SPEED
from ..model.attributes import DEFAULTS, shown
from ..model.holders import NETNS, UNPLACED
from ..model.host import ELSEWHERE, HERE, UNKNOWN
from ..model.mac import ZERO
from ..model.unread import ATTRIBUTES

if t.TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from ..knowledge.vf_support import Rates, VfSupport
    from ..model.attributes import VfAttributes
    from ..model.desired import DesiredVf
    from ..model.host import Device, Host, Pf

MTUS = (68, 65535)  # ETH_MIN_MTU, ETH_MAX_MTU
JUMBO = 1500  # a larger MTU is one of jumbo frames


Refusals = t.Iterator[SriovError]


class Beside(t.NamedTuple):
    """The MAC addresses that others than a PF and its VFs have.

    :param owners: of each address, who has it, in words.
    :param unread: whose could not be read, and why, in words.
    """

    owners: Mapping[str, str]
    unread: t.Sequence[str] = ()


def addresses_beside(host: Host, others: t.Iterable[Pf], vfs: Mapping[str, Mapping[int, DesiredVf]]) -> Beside:
    """Who has which address.

    :param others: the other PFs of the plan, after the steps so far.
    :param vfs: what is desired of the VFs of each PF: those that get an address lose theirs.
    """
    owners = {each.mac: each.owner for each in reversed(host.addresses)}
    unread = list(host.unread_addresses)
    for other in others:
        if not all(vf.planned for vf in other.vfs) and other.unknown(ATTRIBUTES):
            unread.append(f"those of the VFs of {other.label}: {other.unknown(ATTRIBUTES)}")
        addressed = {index for index, each in vfs[other.device.address].items() if each.attributes.mac}
        owners.update(_unaddressed(other, addressed, f" of {other.label}"))
    return Beside(owners, unread)


def _unaddressed(pf: Pf, addressed: Container[int], of: str = "") -> dict[str, str]:
    """The addresses of the VFs that are given none, and these VFs in words."""
    found: dict[str, str] = {}
    for index in range(len(pf.vfs)):
        mac = _mac(pf, index)
        if index not in addressed and mac and mac != ZERO:
            found.setdefault(mac, f"VF {index}{of}")
    return found


def _mac(pf: Pf, vf: int) -> str | None:
    attributes = pf.vfs[vf].attributes
    return attributes.mac if attributes else None


def taken_addresses(pf: Pf, desired: Mapping[int, DesiredVf], beside: Beside) -> Refusals:
    """Two functions of one card with one address: the switch in it would give frames to both, or to the wrong one. Two
    of one host, and no switch of the network knows where it is.

    :returns: a refusal of each that is wanted and another's, or may be; what nobody asks for may be as it is.
    """
    wanted = {index: each.attributes.mac for index, each in desired.items() if each.attributes.mac}
    owners = {**beside.owners, **_unaddressed(pf, wanted)}
    owners.update({netdev.mac: "the PF" for netdev in pf.device.netdevs})
    for index in sorted(wanted):
        if wanted[index] in owners:
            other = owners[wanted[index]]
            yield InvalidRequest(
                f"mac: {wanted[index]} for VF {index}",
                device=pf.label,
                why=f"{other} has it too",
                remedy="give each function an address of its own",
            )
    new = [wanted[index] for index in sorted(wanted) if _mac(pf, index) != wanted[index]]
    if new and beside.unread:
        yield NotKnown(
            f"mac: cannot tell whether another has {', '.join(new)}",
            device=pf.label,
            why=f"the addresses of this host are not all known: {'; '.join(beside.unread)}",
            remedy="run it again; a newer iproute2 may tell",
        )


def no_mac_on_infiniband(pf: Pf, vf: int) -> NotSupported:
    """drivers/infiniband/ulp/ipoib has no ndo_set_vf_mac, but ndo_set_vf_guid."""
    return NotSupported(
        f"mac: VF {vf} can have none",
        device=pf.label,
        why="the PF is an InfiniBand port, whose VFs have GUIDs",
        remedy="leave out mac; `ip link set dev PF vf N node_guid …` and port_guid set those",
    )


def check_vf(pf: Pf, vf: Device, desired: DesiredVf, change: VfAttributes) -> Refusals:
    """Values that the driver does not take."""
    support = driver_of(pf).vf_support
    for name, value in change.words().items():
        yield from _support(pf, vf, name, value, support)
    if change.max_tx_rate is not None:
        if support.rates and "max_tx_rate" not in support.refuses:
            yield from _rate(pf, vf, change, support.rates)
        yield from _as_no_limit(pf, vf, change.max_tx_rate)
    if desired.mtu is not None:
        yield from _mtu(pf, vf, desired.mtu, support)


def _support(pf: Pf, vf: Device, name: str, value: t.Any, support: VfSupport) -> Refusals:
    if name in DEFAULTS and value == DEFAULTS[name]:
        return
    why = support.refuses.get(name, "")
    if not why and value not in support.values.get(name, (value,)):
        why = f"it takes {' and '.join(support.values[name])} only"
    if not why and name in support.untold and not driver_of(pf).creates_vfs:
        why = "it takes it and never tells it: set it yourself (ip link set dev PF vf N …)"
    elif not why and name not in support.untold and _is_untold(vf, name):
        why = "it does not report it"
    if why:
        yield NotSupported(
            f"{name}: cannot set {shown(value)} for VF {vf.vf}",
            device=pf.label,
            why=f"driver {pf.device.driver}: {why}",
            remedy=f"leave out {name}",
        )


def _is_untold(vf: Device, name: str) -> bool:
    return bool(not vf.planned and vf.attributes and getattr(vf.attributes, name) is None)


def _rate(pf: Pf, vf: Device, change: VfAttributes, rates: Rates) -> Refusals:
    rate, driver = t.cast(int, change.max_tx_rate), pf.device.driver
    what = f"max_tx_rate: cannot set {rate} Mbit/s for VF {vf.vf}"
    if rate and not rates.least <= rate <= (rates.most or rate):
        range_words = f"{rates.least} to {rates.most}" if rates.most else f"{rates.least} or more"
        yield NotSupported(
            what,
            device=pf.label,
            why=f"driver {driver} takes {range_words}, or 0 for no limit",
            remedy="give a rate that it takes",
        )
    elif rate % rates.step:
        yield NotSupported(
            what,
            device=pf.label,
            why=f"driver {driver} has multiples of {rates.step} only, and it would be {rate - rate % rates.step}",
            remedy=f"give a multiple of {rates.step}",
        )
    yield from _rate_by_link(pf, what, rate, rates)
    vlan = change.vlan if change.vlan is not None else vf.attributes and vf.attributes.vlan
    if rate and rates.needs_vlan and not vlan:
        yield NotSupported(
            what,
            device=pf.label,
            why=f"driver {driver} limits VFs that have a VLAN only",
            remedy="give the VF a vlan, or leave out max_tx_rate",
        )


def _rate_by_link(pf: Pf, what: str, rate: int, rates: Rates) -> Refusals:
    netdev = pf.device.netdev
    if netdev is None:
        return
    if not netdev.carrier and (rates.needs_link == ANY_RATE or (rates.needs_link and rate)):
        yield NotSupported(
            what,
            device=pf.label,
            why="the PF has no link, and the driver takes rates only while it has one",
            remedy="plug in the cable, and run again" if netdev.up else "set the PF up first (module pf, up: true)",
        )
        return
    if netdev.speed and rates.speed not in (None, netdev.speed):
        yield NotSupported(
            what,
            device=pf.label,
            why=f"the link of the PF has {netdev.speed} Mbit/s, and driver {pf.device.driver} takes rates, 0 too, only "
            f"while it has exactly {rates.speed}",
            remedy=f"leave out max_tx_rate, or bring the link to {rates.speed} Mbit/s",
        )
    elif netdev.speed and rates.within_link and rate > netdev.speed:
        yield NotSupported(
            what,
            device=pf.label,
            why=f"the link of the PF has {netdev.speed} Mbit/s, and driver {pf.device.driver} takes no more than that",
            remedy=f"give at most {netdev.speed}, or 0 for no limit",
        )


def _as_no_limit(pf: Pf, vf: Device, rate: int) -> Refusals:
    """A limit that the driver tells as it tells that there is none."""
    absent, netdev = driver_of(pf).vf_support.absent.get("max_tx_rate"), pf.device.netdev
    speed = netdev.speed if netdev else 0
    if rate and absent is not None and rate == (speed if absent == LINK_SPEED else absent):
        yield NotSupported(
            f"max_tx_rate: cannot set {rate} Mbit/s for VF {vf.vf}",
            device=pf.label,
            why=f"driver {pf.device.driver} tells {rate} for a VF without a limit, so nobody can see one of that",
            remedy="give 0, which is no limit",
        )


def _mtu(pf: Pf, vf: Device, mtu: int, support: VfSupport) -> Refusals:
    # First what the PF is in the way of: ixgbevf may have found it so at probe, and that limit explains nothing.
    netdev = vf.netdev
    pf_mtu = pf.device.netdev.mtu if pf.device.netdev else 0
    if mtu > JUMBO and support.jumbo_after_pf and pf_mtu <= JUMBO:
        yield NotSupported(
            f"mtu: cannot set {mtu} for VF {vf.vf}",
            device=pf.label,
            why=f"driver {pf.device.driver} stops a VF with jumbo frames while the PF has an MTU of {pf_mtu}",
            remedy=f"raise the PF's first: `ip link set dev PF mtu {mtu}`",
        )
        return
    least, most = (netdev.min_mtu, netdev.max_mtu) if netdev and netdev.max_mtu else MTUS
    if not least <= mtu <= most:
        what = f"mtu: {mtu} is not between {least} and {most} (VF {vf.vf})"
        yield InvalidRequest(what, device=pf.label, remedy="give one that its driver takes")


def check_interface(pf: Pf, vf: Device, mtu: int) -> Refusals:
    """A VF without an interface in this network namespace whose MTU could be set."""
    if len(vf.netdevs) > 1:
        yield InvalidRequest(
            f"mtu: cannot set {mtu} for VF {vf.vf}",
            device=pf.label,
            why=f"it has more than one interface: {', '.join(netdev.name for netdev in vf.netdevs)}",
            remedy="leave out mtu, and set each by `ip link set dev NAME mtu N`",
        )
    if vf.interface == HERE:
        return
    away = vf.interface in (ELSEWHERE, UNKNOWN)
    texts = [holder.text for holder in vf.holders if holder.kind in (NETNS, UNPLACED)]
    yield NotSupported(
        f"mtu: cannot set {mtu} for VF {vf.vf}",
        device=pf.label,
        why=" and ".join(texts) if away else f"its interface is not there: {vf.driver or 'no driver'} has it",
        remedy=f"leave out mtu, or {'bring it back' if away else 'give the VF its kernel driver'}",
    )
