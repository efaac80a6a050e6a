# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The one judge of what may be taken away: who uses it, whom it would cut off, and what the user allows. Pure.

What would cut the operator's connection for good is refused whatever is allowed. Consents: see model.desired.Consent.
"""

from __future__ import annotations

import typing as t

from ..errors import InUse, WouldDestroy
from ..knowledge.bypass_drivers import BYPASS_DRIVERS
from ..model.holders import PROCESS, ROUTE, SSH
from .stage import vf_words

if t.TYPE_CHECKING:
    from ..model.attributes import VfAttributes
    from ..model.desired import Consent, DesiredVfs
    from ..model.flow import FlowRule
    from ..model.host import Device, Pf

OTHER_NIC = "reach the host over another NIC"
LINK_RESET = "accept that its link is lost for some seconds: allow_link_reset: true"


def carries_ssh(pf: Pf) -> bool:
    """Whether the operator's connection goes over the PF or a VF of it."""
    return any(holder.kind == SSH for device in (pf.device, *pf.vfs) for holder in device.holders)


def check_num_vfs(pf: Pf, num_vfs: int, what: str, consent: Consent) -> None:
    """Another number of VFs destroys those that are there, and closes and opens the PF.

    :param what: the change, for the message.
    :raises WouldDestroy: VFs would go that nobody named: num_vfs 0 names all of them, another number none.
    :raises InUse: they are in use, or the link carries the operator.
    """
    if pf.num_vfs:
        _check_destruction(pf, num_vfs, consent)
    if not consent.allow_link_reset:
        _check_link(pf, what, f"{OTHER_NIC}, or {LINK_RESET}")


def check_down(pf: Pf) -> None:
    """Setting the PF down takes its link away for good.

    :raises InUse: it carries the operator.
    """
    _check_link(pf, "cannot set the PF down", OTHER_NIC)


def check_reset(pf: Pf, what: str, consent: Consent) -> None:
    """What resets the PF takes the link away from it and its VFs, and stops programs that drive a VF themselves.

    :raises InUse: the link carries the operator, or a program has a VF open, and nobody has accepted that.
    """
    carried = _texts((pf.device, *pf.vfs), SSH, ROUTE)
    if carried and not consent.allow_link_reset:
        raise InUse(
            what,
            device=pf.label,
            why=f"the PF is reset by it, and {' and '.join(carried)}",
            remedy=f"{OTHER_NIC}, or {LINK_RESET}",
            holders=carried,
        )
    programs = [f"VF {vf.vf}: {text}" for vf in pf.vfs for text in _texts((vf,), PROCESS)]
    if programs and not consent.force:
        raise InUse(
            what,
            device=pf.label,
            why=f"the PF and its VFs are reset by it, and programs lose theirs: {'; '.join(programs)}",
            remedy="end them first, or set force: true",
            holders=programs,
        )


def check_driver_change(device: Device, target: str | None, force: bool) -> None:
    """Another driver takes a device from whoever uses it, and a PF from the kernel.

    :param target: the driver's name; None for none.
    :raises InUse: it has VFs, carries the operator, or is in use or the kernel's and nobody has allowed that.
    """
    if device.num_vfs is not None:
        _check_pf_driver(device, device.num_vfs, target, force)
    carried = _texts((device,), SSH)
    others = [holder.text for holder in device.holders if holder.kind != SSH]
    if carried or (others and not force):
        raise InUse(
            f"driver: cannot change {device.driver} to {target or 'none'}",
            device=device.label,
            why="; ".join(carried or others),
            remedy=OTHER_NIC if carried else "release the device, or set force: true",
            holders=carried or others,
        )


def check_vf_change(pf: Pf, vf: Device, desired: DesiredVfs, change: VfAttributes, force: bool) -> None:
    """A VF that carries the operator is not changed; one in use keeps its address.

    :param change: the attributes that would be written.
    :raises InUse: it carries the operator, or would lose its address in use and nobody has allowed that.
    """
    carried = _texts((vf,), SSH)
    other_mtu = desired.mtu not in (None, vf.netdev.mtu if vf.netdev else None)
    if carried and (change.words() or other_mtu or _loses_address(vf, desired, change)):
        raise InUse(
            f"vfs: cannot change VF {vf.vf}",
            device=pf.label,
            why=f"it {' and '.join(carried)}",
            remedy=OTHER_NIC,
            holders=carried,
        )
    holders = [holder.text for holder in vf.holders]
    if holders and not force and _loses_address(vf, desired, change):
        bypass = vf.driver in BYPASS_DRIVERS
        reason = "its user goes on with the old one" if bypass else f"{vf.driver} takes it only when it is loaded anew"
        raise InUse(
            f"mac: cannot give VF {vf.vf} {desired.attributes.mac}",
            device=pf.label,
            why=f"it is in use, and {reason}: {'; '.join(holders)}",
            remedy="release it, or set force: true",
            holders=holders,
        )


def check_channels(pf: Pf, what: str, kept: t.Sequence[FlowRule]) -> None:
    """Rules for queues that would go: the kernel keeps the channels for their sake (ethtool_check_max_channel).

    :param kept: those that nobody wants to go.
    :raises InUse: there is one.
    """
    if kept:
        words = f"flow rule {kept[0].location} ({kept[0]})"
        raise InUse(
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


def _check_destruction(pf: Pf, num_vfs: int, consent: Consent) -> None:
    going = f"VFs 0 to {pf.num_vfs - 1}" if pf.num_vfs > 1 else "VF 0"
    if num_vfs and not consent.recreate:
        raise WouldDestroy(
            f"num_vfs: cannot go from {pf.num_vfs} to {num_vfs} VFs",
            device=pf.label,
            why=f"the kernel does that only through 0: {', '.join(map(vf_words, pf.vfs))} would be destroyed",
            remedy="set recreate: true if that is what you want",
        )
    for vf in pf.vfs:
        _refuse_if_it_carries(vf, (SSH,), f"cannot remove VF {vf.vf}", vf.label, OTHER_NIC)
    holders = [f"VF {vf.vf}: {holder.text}" for vf in pf.vfs for holder in vf.holders if holder.kind != SSH]
    if holders and not consent.force:
        raise InUse(
            f"num_vfs: cannot remove {going}",
            device=pf.label,
            why="; ".join(holders),
            remedy="release them, or set force: true",
            holders=holders,
        )


def _check_link(pf: Pf, what: str, remedy: str) -> None:
    for device in (pf.device, *pf.vfs):
        _refuse_if_it_carries(device, (SSH, ROUTE), what, pf.label, remedy)


def _refuse_if_it_carries(device: Device, kinds: tuple[str, ...], what: str, label: str, remedy: str) -> None:
    reasons = _texts((device,), *kinds)
    if reasons:
        raise InUse(
            what,
            device=label,
            why=f"{'it' if device.label == label else device.label} {' and '.join(reasons)}",
            remedy=remedy,
            holders=reasons,
        )


def _check_pf_driver(device: Device, num_vfs: int, target: str | None, force: bool) -> None:
    if num_vfs and device.driver is not None:
        raise InUse(
            f"driver: cannot take {device.driver} away",
            device=device.label,
            why=f"it is a PF, and its {num_vfs} VFs live on that driver",
            remedy="remove the VFs first (module pf, num_vfs: 0)",
            holders=[f"{num_vfs} VFs"],
        )
    if (target is None or target != device.default_driver) and not force:
        raise InUse(
            f"driver: {target or 'none'} would take the PF from the kernel",
            device=device.label,
            why="it is a PF, and its interface would be gone",
            remedy="create VFs and give those away; force: true if you mean the PF itself",
        )


def _loses_address(vf: Device, desired: DesiredVfs, change: VfAttributes) -> bool:
    mac = desired.attributes.mac
    if mac is None:
        return False
    return change.mac is not None or bool(vf.netdev and vf.netdev.mac != mac)


def _texts(devices: t.Iterable[Device], *kinds: str) -> list[str]:
    return [holder.text for device in devices for holder in device.holders if holder.kind in kinds]
