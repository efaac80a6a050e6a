# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is refused of a flow rule: what the driver would refuse, and what it would take and then do otherwise. Pure."""

from __future__ import annotations

import errno
import ipaddress
import typing as t

from ..errors import InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge.driver import ADDRESSES_AND_PORTS
from ..knowledge.queues import driver_of
from ..knowledge.rss import pool_stride
from ..model.check import leading_somewhere
from ..model.flow import field_bits, number_words
from ..model.vfs import count_of_vfs
from .check_vf_rules import check_steering, check_vf
from .guard import cuts_ssh

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..knowledge.driver import Steering
    from ..model.desired import DesiredRules
    from ..model.flow import Destination, FlowRule
    from ..model.holders import SshPeer
    from ..model.host import Pf

TCP = 6  # IPPROTO_TCP


def rule_faults(pf: Pf, desired: DesiredRules, ssh: Sequence[SshPeer], queues_known: bool = True) -> Faults:
    """Rules that the driver would refuse, or take and do something else.

    :param ssh: the operator's connection, or everybody's, where the PF carries one.
    :param queues_known: whether the PF has its queues; if not, where a rule leads is not judged.
    """
    faults = Faults()
    for name, rule in zip(desired.names, desired.rules):
        with faults.gathered():
            destination = leading_somewhere(name, rule, pf.label)
            with faults.gathered():
                _check_location(pf, name, rule)
            with faults.gathered():
                _check_management(pf, name, rule, destination, ssh)
            _check_form(pf, name, rule, destination)
            if queues_known:
                check_target(pf, name, rule)
    return faults


def check_target(pf: Pf, name: str, rule: FlowRule) -> None:
    """:raises SriovError: its VF or queue is not there, or its frames would end elsewhere."""
    destination = rule.destination
    if destination and destination.kind == "vf":
        check_vf(pf, name, rule)
    elif destination and destination.kind == "queue":
        _check_queue(pf, name, rule, driver_of(pf).steering)


def _check_form(pf: Pf, name: str, rule: FlowRule, destination: Destination) -> None:
    steering = driver_of(pf).steering
    _check_context(pf, name, rule, steering)
    if destination.kind == "vf":
        check_steering(pf, name, rule)
    if steering.flow_types is not None and rule.flow_type not in steering.flow_types:
        raise NotSupported(
            f"{name}: flow type {rule.flow_type}",
            device=pf.label,
            why=f"driver {pf.device.driver} takes {', '.join(steering.flow_types)}",
            remedy="use one of these",
        )
    strange = [field for field, _v, _m in rule.match if steering.fields is not None and field not in steering.fields]
    if strange:
        raise NotSupported(
            f"{name}: cannot match {strange[0]}",
            device=pf.label,
            why=f"driver {pf.device.driver} matches {', '.join(steering.fields or ())}",
            remedy=f"leave out {strange[0]}",
        )
    protocol = next((value for field, value, _mask in rule.match if field == "proto"), None)
    if steering.ip_protocols and rule.flow_type in ("ip4", "ip6") and protocol not in steering.ip_protocols:
        raise NotSupported(
            f"{name}: cannot match {rule.flow_type} with {'any' if protocol is None else 'this'} L4 protocol",
            device=pf.label,
            why=f"driver {pf.device.driver} takes proto {', '.join(map(str, steering.ip_protocols))} only",
            remedy="name one of these, or write a rule for each of TCP and UDP",
        )
    _check_field_masks(pf, name, rule, steering)
    _check_zeros(pf, name, rule, steering)
    if not steering.drop and destination.kind == "drop":
        raise NotSupported(
            f"{name}: cannot drop",
            device=pf.label,
            why=f"driver {pf.device.driver} has no such action",
            remedy="drop in the kernel (nft)",
        )


def _check_context(pf: Pf, name: str, rule: FlowRule, steering: Steering) -> None:
    """:raises SriovError: its RSS context is not there. What the kernel did not say, it will say of the rule."""
    context, what = rule.context, f"{name}: cannot send to RSS context {rule.context}"
    if context is None:
        return
    answer = pf.queues.contexts.get(context, 0)
    if not steering.contexts or answer == errno.EOPNOTSUPP:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"driver {pf.device.driver} has no RSS contexts",
            remedy="send to a queue",
        )
    if answer:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"there is none of this number ({errno.errorcode.get(answer, answer)})",
            remedy="create it first (ethtool -X … context new, which says its number), or name one that is there",
        )


def _check_zeros(pf: Pf, name: str, rule: FlowRule, steering: Steering) -> None:
    """:raises NotSupported: it would not be compared, or nobody could see afterwards whether it is."""
    zero = next((field for field, value, _mask in rule.match if not value and field in ADDRESSES_AND_PORTS), None)
    if zero is None or (steering.masks_told and steering.compares_zero):
        return
    untold = f"tells no masks: it lists such a rule as one without {zero}"
    raise NotSupported(
        f"{name}: cannot match {zero} {number_words(rule.flow_type, zero, 0)}",
        device=pf.label,
        why=f"driver {pf.device.driver} {'does not compare a field of zero' if steering.masks_told else untold}",
        remedy=f"leave out {zero}, or name another",
    )


def _check_field_masks(pf: Pf, name: str, rule: FlowRule, steering: Steering) -> None:
    """:raises NotSupported: the driver would refuse the mask of a field, or leave the field out."""
    for field, _value, mask in rule.match:
        bits, taken = field_bits(rule.flow_type, field), steering.masks.get(field, (mask,))
        if field in steering.whole and mask != (1 << bits) - 1:
            raise NotSupported(
                f"{name}: cannot match a part of {field}",
                device=pf.label,
                why=f"driver {pf.device.driver} compares all {bits} bits of it or none",
                remedy=f"name one whole {field}, or leave it out",
            )
        if mask not in taken:
            words = [number_words(rule.flow_type, field, each, hexadecimal=True) for each in (mask, *taken)]
            raise NotSupported(
                f"{name}: cannot match {field} with mask {words[0]}",
                device=pf.label,
                why=f"driver {pf.device.driver} takes {' or '.join(words[1:])} for it",
                remedy="give such a mask (masks), or leave out the field",
            )


def _check_queue(pf: Pf, name: str, rule: FlowRule, steering: Steering) -> None:
    queue = t.cast(int, t.cast("Destination", rule.destination).queue)
    what = f"{name}: cannot send to queue {queue}"
    if pf.rx_queues is not None and queue >= pf.rx_queues:
        raise InvalidRequest(
            what,
            device=pf.label,
            why=f"the PF has {pf.rx_queues} queue{'s' if pf.rx_queues > 1 else ''}, 0 to {pf.rx_queues - 1}",
            remedy="name one of them",
        )
    stride = pool_stride(driver_of(pf), pf.num_vfs)
    if stride and steering.drop_queue is not None and pf.num_vfs * stride + queue == steering.drop_queue:
        raise NotSupported(
            what,
            device=pf.label,
            why=f"beside {count_of_vfs(pf.num_vfs)} it is queue {steering.drop_queue} of the card, which driver "
            f"{pf.device.driver} programs as drop: its frames would be lost",
            remedy="name another queue, or have another number of VFs",
        )


def _check_location(pf: Pf, name: str, rule: FlowRule) -> None:
    size = pf.queues.rules.size if pf.queues.rules else None
    if rule.location is not None and driver_of(pf).steering.places:
        raise NotSupported(
            f"{name}: location {rule.location} cannot be named",
            device=pf.label,
            why=f"driver {pf.device.driver} picks the locations of all rules itself",
            remedy="leave out location",
        )
    if rule.location is not None and size is not None and not 0 <= rule.location < size:
        raise InvalidRequest(
            f"{name}: location {rule.location} is out of range",
            device=pf.label,
            why=f"the driver has locations 0 to {size - 1}",
            remedy="leave location out, or name one of these",
        )


def check_masks(pf: Pf, rules: list[FlowRule], desired: DesiredRules) -> None:
    """Drivers with one mask for the port, or for a flow type, take it from the first rule, until the last one is gone.

    :param rules: all that there will be.
    :raises NotSupported: two of them have different masks.
    """
    steering = driver_of(pf).steering
    mask_of, per_type = steering.mask_of, steering.mask_per_type
    if mask_of is None or desired.absent:
        return
    masks: dict[str, dict[t.Any, FlowRule]] = {}
    for rule in rules:
        masks.setdefault(rule.flow_type if per_type else "", {}).setdefault(mask_of(rule), rule)
    for name, rule in zip(desired.names, desired.rules):
        beside = masks.get(rule.flow_type if per_type else "", {})
        other = next((other for mask, other in beside.items() if mask != mask_of(rule)), None)
        if other is None:
            continue
        hint = steering.mask_hint(rule, other) if steering.mask_hint else ""
        scope, them = (f"flow type {rule.flow_type}", f"{rule.flow_type} ") if per_type else ("a port", "")
        raise NotSupported(
            f"{name}: {rule} has another mask than {other}",
            device=pf.label,
            why=f"driver {pf.device.driver} has one mask for all rules of {scope}: every rule must compare the same "
            f"fields and bits{hint}",
            remedy=f"write all {them}rules with the same fields, or remove the others first (exclusive: true)",
        )


def _check_management(pf: Pf, name: str, rule: FlowRule, destination: Destination, ssh: Sequence[SshPeer]) -> None:
    cut = [each for each in ssh if _may_match(rule, each)] if destination.kind != "queue" else []
    if cut:
        raise cuts_ssh(pf, name, rule, cut[0].client)


def _may_match(rule: FlowRule, ssh: SshPeer) -> bool:
    """Whether frames of the connection may match; a field that is not known of them is taken to."""
    fields = {"src_ip": _number(ssh.client), "dst_ip": _number(ssh.server)}
    fields.update(src_port=_number(ssh.client_port), dst_port=_number(ssh.server_port), proto=TCP)
    family = {4: "4", 6: "6"}.get(_version(ssh.client), "")
    if rule.flow_type not in ("ether", f"tcp{family}", f"ip{family}"):
        return False
    return all(
        fields.get(field) is None or t.cast(int, fields[field]) & mask == value for field, value, mask in rule.match
    )


def _number(text: str) -> int | None:
    try:
        return int(text) if text.isascii() and text.isdigit() else int(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _version(text: str) -> int:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).version
    except ValueError:
        return 0
