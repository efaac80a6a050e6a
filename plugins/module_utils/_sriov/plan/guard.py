# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The one judge of what may be taken away: who uses it, and whom it would cut off. Pure.

Each question is answered by refusals. One that has a consent (model.consent) is none where the user has allowed that;
one without, such as what would cut the operator's connection for good, is refused whatever is allowed.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..errors import InUse, NotKnown, WouldDestroy
from ..knowledge.bypass_drivers import bypass_of
from ..knowledge.driver import NO_CHANGE
from ..knowledge.queues import driver_of
from ..model.attributes import VfAttributes
from ..model.consent import DESTROY_VFS, IN_USE, LINK_RESET, TAKE_PF
from ..model.holders import BLOCKING, HANDED_OVER, PROCESS, ROUTE, SSH, UNSEEN, XSK
from ..model.unread import RSS, RULES
from ..model.user_changes import has_own_mac, has_own_mtu
from ..model.vfs import count_of_vfs
from .stage import vf_words

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..model.desired import DesiredVf
    from ..model.flow import FlowRule
    from ..model.host import Device, Pf

    Refusals = t.Iterator[SriovError]

OTHER_NIC = "reach the host over another NIC"
LINK_RESET_REMEDY = f"{OTHER_NIC}, or accept that its link is lost for some seconds: allow: [{LINK_RESET}]"
OR_IN_USE = f"or accept that its user loses it: allow: [{IN_USE}]"
# The kernel would wait for the program, and with it whoever changes a VF of the host (model.holders).
END_IT = "end the program first: nothing allows this while it has the device open"


def end_it(devices: t.Iterable[Device], kinds: t.Container[str]) -> str:
    """The remedy, with the services that could hand over where the users run in such."""
    users = (each for device in devices for each in device.holders if each.kind in kinds and not each.transient)
    units = sorted({each.unit for each in users if each.unit})
    how = f"; or have it stopped for the time of the run, and started again: release: [{', '.join(units)}]"
    return END_IT + (how if units else "")


def carries_ssh(pf: Pf) -> bool:
    """Whether the operator's connection goes over the PF or a VF of it."""
    return bool(_texts((pf.device.at_port(), *pf.vfs), SSH))


def default_routes(pf: Pf) -> list[str]:
    """Default routes that the PF or a VF of it carries, in words that go on behind another sentence."""
    devices = ((pf.device, "it"), *((vf, f"VF {vf.vf}") for vf in pf.vfs))
    return [f"{name} {text}" for device, name in devices for text in _texts((device,), ROUTE)]


def num_vfs_changes(pf: Pf, num_vfs: int, what: str) -> Refusals:
    """Another number of VFs destroys those that are there, and closes and opens the PF.

    VFs would go that nobody named: num_vfs 0 names all of them, another number none.

    :param what: the change, for the message.
    """
    if pf.num_vfs:
        yield from _destruction(pf, num_vfs)
    # Of a VF that carries the operator it is told already that it would go.
    taken = pf if link_goes_with_vfs(pf) else replace(pf, device=replace(pf.device, holders=()))
    yield from _link_away(taken, what, LINK_RESET_REMEDY, LINK_RESET, of_vfs=(ROUTE,))
    yield from queues_unknown(pf, what, RULES, RSS)


def link_goes_with_vfs(pf: Pf) -> bool:
    """Whether another number of VFs takes the PF's link away for a while. Of a port of a bond it may with any driver:
    mlx5 takes its LAG apart and makes it again (eswitch.c mlx5_eswitch_enable)."""
    netdev = pf.device.netdev
    return driver_of(pf).vf_change != NO_CHANGE or bool(netdev and netdev.master)


def pf_goes_down(pf: Pf) -> Refusals:
    """Its link is away for good, for whoever uses it. What it carries of the operator nothing allows to be lost."""
    what = "cannot set the PF down"
    yield from queues_unknown(pf, what, RULES, RSS)
    pf = replace(pf, device=pf.device.at_port())
    carried = list(_link_away(pf, what, OTHER_NIC))
    yield from carried or _users(what, pf.label, [(pf.device, "")], "release it", waits=HANDED_OVER)


def pf_resets(pf: Pf, what: str) -> Refusals:
    """The link goes away from the PF and its VFs, and programs that drive a VF themselves lose it."""
    carried = _texts((pf.device.at_port(), *pf.vfs), SSH, ROUTE)
    if carried:
        yield InUse(
            what,
            device=pf.label,
            why=f"the PF is reset by it, and {' and '.join(carried)}",
            remedy=LINK_RESET_REMEDY,
            holders=carried,
            consent=LINK_RESET,
        )
    remedies = (
        (HANDED_OVER, end_it(pf.vfs, HANDED_OVER), ""),
        ((PROCESS, UNSEEN), f"end them first, {OR_IN_USE}", IN_USE),
    )
    for kinds, remedy, consent in remedies:
        programs = [f"VF {vf.vf}: {text}" for vf in pf.vfs for text in _texts((vf,), *kinds)]
        if programs:
            why = f"the PF and its VFs are reset by it, and programs lose theirs: {'; '.join(programs)}"
            yield InUse(what, device=pf.label, why=why, remedy=remedy, holders=programs, consent=consent)


def queues_unknown(pf: Pf, what: str, *parts: str) -> Refusals:
    """Rules and a table that the driver would drop, and that nobody could put back, as they cannot be read.

    :param parts: what it would drop; words of model.unread.
    """
    unknown, netdev = pf.unknown(*parts), pf.device.netdev
    if unknown and driver_of(pf).reopens and netdev and netdev.up:
        names = " and ".join(words for part, words in ((RULES, "flow rules"), (RSS, "RSS table")) if part in parts)
        drops = f"{pf.device.driver} drops {names} by it, and what there is is not known"
        yield NotKnown(
            what,
            device=pf.label,
            why=f"{drops}: {unknown}",
            remedy=f"run it again, and see dmesg; or accept that they are lost: allow: [{IN_USE}]",
            consent=IN_USE,
        )


def driver_changes(device: Device, target: str | None) -> Refusals:
    """Another driver takes a device from whoever uses it, and a PF from the kernel.

    :param target: the driver's name; None for none.
    """
    if device.num_vfs is not None:
        yield from _pf_driver(device, device.num_vfs, target)
    if device.driver is None:
        return  # nothing is taken: a program may have the node of its IOMMU group open
    what = f"driver: cannot change {device.driver} to {target or 'none'}"
    yield from _users(what, device.label, [(device, "")], "release the device")


def orphan_reloads(vf: Device) -> Refusals:
    """A VF without an interface is healed without being asked, but for one whose RDMA device a program has open."""
    yield from _users(f"driver: cannot load {vf.driver} anew", vf.label, [(vf, "")], "release the device")


def vf_changes(pf: Pf, vf: Device, desired: DesiredVf, change: VfAttributes) -> Refusals:
    """A VF that carries the operator is not changed; one in use keeps its address, and what its user may send.

    :param change: the attributes that would be written.
    """
    carried, loses = _texts((vf,), SSH), _loses_address(vf, desired, change)
    other_mtu = vf.netdev is not None and desired.mtu not in (None, vf.netdev.mtu) and not has_own_mtu(vf, desired)
    holders = [holder.text for holder in vf.holders]
    if carried and (change.words() or other_mtu or loses):
        yield InUse(
            f"vfs: cannot change VF {vf.vf}",
            device=pf.label,
            why=f"it {' and '.join(carried)}",
            remedy=OTHER_NIC,
            holders=carried,
        )
        return
    if holders and loses:
        bypass, is_open = bypass_of(vf), bool(_texts((vf,), *BLOCKING))
        reason = "its user goes on with the old one" if bypass else f"{vf.driver} takes it only when it is loaded anew"
        yield InUse(
            f"mac: cannot give VF {vf.vf} {desired.attributes.mac}",
            device=pf.label,
            why=f"it is in use, and {reason}: {'; '.join(holders)}",
            remedy=end_it((vf,), BLOCKING) if is_open else f"release it, {OR_IN_USE}",
            holders=holders,
            consent="" if is_open else IN_USE,
        )
    cut = _cut(pf, vf, change) + (["mtu"] if other_mtu else [])  # the driver stops its queues for it
    if holders and cut:
        # Of what was handed over too: the kernel waits for nobody here, and a VF of a guest may have to be shut off.
        yield InUse(
            f"{', '.join(cut)}: cannot change for VF {vf.vf}",
            device=pf.label,
            why=f"it is in use, and what its user sends and receives would change: {'; '.join(holders)}",
            remedy=f"release it, or accept that for its user: allow: [{IN_USE}]",
            holders=holders,
            consent=IN_USE,
        )


def xdp_changes(pf: Pf, what: str, native: bool) -> Refusals:
    """An XDP program that comes or goes takes the frames from whoever has a socket, and in the driver the link too."""
    sockets = [holder.text for holder in pf.device.at_port().holders if holder.kind == XSK]
    if sockets:
        yield InUse(
            what,
            device=pf.label,
            why=f"sockets get no frames any more: {'; '.join(sockets)}",
            remedy=f"end the program first, {OR_IN_USE}",
            holders=sockets,
            consent=IN_USE,
        )
    if native:
        yield from pf_resets(pf, what)
        yield from queues_unknown(pf, what, RULES, RSS)


def queues_go(pf: Pf, what: str, left: int, kept: t.Sequence[FlowRule]) -> Refusals:
    """Rules and AF_XDP sockets for queues that would go: the kernel keeps the channels for their sake
    (net/ethtool/ioctl.c ethtool_set_channels, ethtool_check_max_channel).

    :param left: channels that there would be.
    :param kept: rules for others that nobody wants to go.
    """
    sockets = [holder.text for holder in pf.device.at_port().holders if (holder.queue or 0) >= left]
    if sockets:
        why = "; ".join(sockets)
        yield InUse(what, device=pf.label, why=why, remedy="end the program first", holders=sockets)
    for rule in kept[:1]:
        words = f"flow rule {rule.location} ({rule})"
        yield InUse(
            what,
            device=pf.label,
            why=f"{words} needs more",
            remedy="remove the rule first (module flow_rule, state: absent)",
            holders=[words],
        )


def cuts_ssh(pf: Pf, name: str, rule: FlowRule, client: str) -> InUse:
    """The refusal of a rule that may match the operator's connection and leads away from the kernel."""
    return InUse(
        f"{name}: {rule} would cut the SSH connection from {client}",
        device=pf.label,
        why="the frames of the connection match it, and would not reach the kernel any more",
        remedy=f"match less, or {OTHER_NIC}",
        holders=[f"the SSH connection from {client}"],
    )


def _destruction(pf: Pf, num_vfs: int) -> Refusals:
    if num_vfs:
        yield WouldDestroy(
            f"num_vfs: cannot go from {pf.num_vfs} to {count_of_vfs(num_vfs)}",
            device=pf.label,
            why=f"the kernel does that only through 0: {', '.join(map(vf_words, pf.vfs))} would be destroyed",
            remedy=f"allow: [{DESTROY_VFS}] if that is what you want",
            consent=DESTROY_VFS,
        )
    going = f"VFs 0 to {pf.num_vfs - 1}" if pf.num_vfs > 1 else "VF 0"
    users = [(vf, f"VF {vf.vf}: ") for vf in pf.vfs]
    yield from _users(f"num_vfs: cannot remove {going}", pf.label, users, "release them")


def _users(
    what: str, label: str, devices: t.Sequence[tuple[Device, str]], release: str, waits: tuple[str, ...] = BLOCKING
) -> Refusals:
    """Who uses what would be taken away, each with what would have to be said of it.

    :param devices: each with what stands before the words for its users.
    :param waits: kinds of users that the kernel would wait for.
    """
    named = [(holder.kind, name + holder.text) for device, name in devices for holder in device.holders]
    rest = {kind for kind, _text in named} - {SSH, *waits}
    end = end_it([device for device, _name in devices], waits)
    remedies = (((SSH,), OTHER_NIC, ""), (waits, end, ""), (rest, f"{release}, {OR_IN_USE}", IN_USE))
    for kinds, remedy, consent in remedies:
        holders = [text for kind, text in named if kind in kinds]
        if holders:
            why = "; ".join(holders)
            yield InUse(what, device=label, why=why, remedy=remedy, holders=holders, consent=consent)


def _link_away(pf: Pf, what: str, remedy: str, consent: str = "", of_vfs: tuple[str, ...] = (SSH, ROUTE)) -> Refusals:
    for device, kinds in ((pf.device, (SSH, ROUTE)), *((vf, of_vfs) for vf in pf.vfs)):
        reasons = _texts((device,), *kinds)
        if reasons:
            who = "it" if device.label == pf.label else device.label
            why = f"{who} {' and '.join(reasons)}"
            yield InUse(what, device=pf.label, why=why, remedy=remedy, holders=reasons, consent=consent)


def _pf_driver(device: Device, num_vfs: int, target: str | None) -> Refusals:
    if num_vfs and device.driver is not None:
        yield InUse(
            f"driver: cannot take {device.driver} away",
            device=device.label,
            why=f"it is a PF, and its {num_vfs} VFs live on that driver"
            if num_vfs > 1
            else "it is a PF, and its VF lives on that driver",
            remedy="remove the VFs first (module pf, num_vfs: 0)",
            holders=[count_of_vfs(num_vfs)],
        )
    if target is None or target != device.default_driver:
        yield InUse(
            f"driver: {target or 'none'} would take the PF from the kernel",
            device=device.label,
            why="it is a PF, and its interface would be gone",
            remedy=f"create VFs and give those away; allow: [{TAKE_PF}] if you mean the PF itself",
            consent=TAKE_PF,
        )


def _cut(pf: Pf, vf: Device, change: VfAttributes) -> list[str]:
    """Attributes whose change takes something from the VF's user, or gives its frames another VLAN."""
    before, netdev = vf.attributes or VfAttributes(), pf.device.netdev
    carrier = bool(netdev and netdev.carrier)
    changed = change.missing(before).words()
    return [name for name, value in changed.items() if _is_tighter(name, getattr(before, name), value, carrier)]


def _is_tighter(name: str, before: t.Any, value: t.Any, carrier: bool) -> bool:
    """What only gives more, such as trust, is no loss.

    :param before: None where the driver does not tell.
    :param carrier: of the PF, which link_state auto hands on.
    """
    if name == "max_tx_rate":  # 0 is no limit
        return bool(value) and (not before or value < before)
    if name == "min_tx_rate":
        return bool(value < (before or 0))
    tighter = {
        "vlan": True,
        "qos": True,
        "vlan_proto": True,
        "spoofchk": value is True,
        "trust": value is False,
        "link_state": value == "disable" or (value == "auto" and before == "enable" and not carrier),
    }
    return tighter.get(name, False)


def _loses_address(vf: Device, desired: DesiredVf, change: VfAttributes) -> bool:
    mac = desired.attributes.mac
    if mac is None or has_own_mac(vf, desired):
        return False
    return change.mac is not None or vf.goes_by_another(mac)


def _texts(devices: t.Iterable[Device], *kinds: str) -> list[str]:
    return [holder.text for device in devices for holder in device.holders if holder.kind in kinds]
