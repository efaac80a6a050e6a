# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Plans the XDP program that gives queues of a PF to AF_XDP sockets. Pure: no I/O, no clock.

Attached by itself it is harmless: a queue without a socket passes its frames on to the kernel. What the driver drops
when it comes and goes is put back by the stages behind this one.
"""

from __future__ import annotations

import typing as t
from shlex import quote

from ..errors import InUse, InvalidRequest, NotSupported
from ..faults import Faults
from ..knowledge import xdp
from ..model.consent import GENERIC_XDP
from ..model.paths import BPF
from ..model.unread import CHANNELS, RULES, XSK
from ..model.xsk import FALLS_BACK, GENERIC, LEAST_ENTRIES, NATIVE, Xsk
from ..steps.xsk import AttachXdp, DetachXdp, PinProgram, SetMapGroup, SetNapi, Unpin
from .guard import xdp_changes
from .stage import Stage, check_known, interface

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..model.desired import DesiredPf
    from ..model.flow import FlowRule
    from ..model.host import Netdev, Pf
    from ..model.kept import Record
    from ..model.xsk import DesiredXsk, XdpFacts
    from ..steps.pci import Step

    Refusals = t.Iterator[SriovError]

ATTACH, DETACH = "xsk: cannot attach an XDP program", "xsk: cannot detach the XDP program"
TAKE_GENERIC = f"or take mode: generic, which is no faster than the kernel's own path: allow: [{GENERIC_XDP}]"


def plan_xsk(pf: Pf, desired: DesiredPf, record: Record | None) -> Stage:
    """`ip link set dev DEV xdpdrv pinned …`, and what goes before it.

    :param pf: as it is after the steps before.
    :param record: knows which rules are this collection's own.
    :returns: with refusals of all that is against it.
    :raises SriovError: it is not known what there is.
    """
    wanted = desired.xsk
    if wanted is None:
        return Stage()
    netdev = interface(pf, "xsk: there is nothing to attach an XDP program to")
    check_known(pf, "xsk: cannot tell which XDP program is attached, and what is pinned", XSK)
    faults, present = Faults(desired.allow), pf.xsk or Xsk()
    if wanted.absent:
        return _removal(pf, netdev, wanted, present, faults)
    check_known(pf, f"{wanted.place}queues: cannot tell which there are", CHANNELS, RULES)
    faults.add(*_of_queues(pf, desired, wanted, present, record))
    steps = _steps(pf, netdev, wanted, present)
    comes = any(isinstance(step, AttachXdp) for step in steps)
    if comes:
        faults.add(*_unattachable(pf, netdev, wanted, present))
        goes = [step.mode for step in steps if isinstance(step, DetachXdp)]
        faults.add(*xdp_changes(pf, ATTACH, NATIVE in (wanted.mode, *goes)))
    with faults.gathered():
        steps += _napi(pf, netdev, wanted, present)
    return Stage(steps, _copies(pf, netdev, wanted) if comes else (), faults)


def _steps(pf: Pf, netdev: Netdev, wanted: DesiredXsk, present: Xsk) -> list[Step]:
    named, group = (pf.device.address, netdev.name, pf.label), t.cast("int", wanted.group or 0)
    old, pins, steps = present.ours, present.pins, t.cast("list[Step]", [])
    stays = old is not None and old.pinned and old.mode == wanted.mode
    if old and not stays:
        steps.append(DetachXdp(*named, old.mode, old.number, old.pinned))
    if pins is None or not pins.whole:
        channels = pf.queues.channels
        most = max(channels.max_combined + channels.max_rx if channels else 0, pf.rx_queues or 0, LEAST_ENTRIES)
        steps.append(PinProgram(*named, most, group))
    elif pins.group != group:
        steps.append(SetMapGroup(*named, pins.group, group))
    return steps if stays else [*steps, AttachXdp(*named, wanted.mode)]


def _removal(pf: Pf, netdev: Netdev, wanted: DesiredXsk, present: Xsk, faults: Faults) -> Stage:
    """A program of others stays."""
    named, old, steps = (pf.device.address, netdev.name, pf.label), present.ours, t.cast("list[Step]", [])
    if old:
        steps.append(DetachXdp(*named, old.mode, old.number, old.pinned))
        faults.add(*xdp_changes(pf, DETACH, old.mode == NATIVE))
    if present.pins:
        steps.append(Unpin(*named))
    back = {word: 0 for word, value in wanted.napi_to_zero.items() if present.napi.get(word) == value}
    with faults.gathered():
        steps += _napi(pf, netdev, wanted._replace(napi={**wanted.napi, **back}), present)
    return Stage(steps, faults=faults)


def _of_queues(pf: Pf, desired: DesiredPf, wanted: DesiredXsk, present: Xsk, record: Record | None) -> Refusals:
    """Queues that are not there, and rules of others that would lead to a socket from now on."""
    place, there = f"{wanted.place}queues", pf.rx_queues
    for queue in wanted.queues:
        if there is not None and queue >= there:
            yield InvalidRequest(
                f"{place}: there is no queue {queue}",
                device=pf.label,
                why=f"it has {there} receive queue{'' if there == 1 else 's'}",
                remedy="name one that is there, or have more of them (rss: channels)",
            )
    if present.is_ready:
        return  # whoever has added a rule since then has meant the socket
    for rule in _rules_of_others(pf, desired, wanted, record):
        words = f"flow rule {rule.location} ({rule})"
        yield InUse(
            f"{place}: queue {t.cast('t.Any', rule.destination).queue} is taken",
            device=pf.label,
            why=f"{words} leads to it, and is none of this collection's",
            remedy="name another queue; or list the rule, or remove it (module flow_rule)",
            holders=[words],
        )


def _rules_of_others(pf: Pf, desired: DesiredPf, wanted: DesiredXsk, record: Record | None) -> t.Iterator[FlowRule]:
    ours = {(rule.flow, rule.target) for rule in record.ours} if record else set()
    asked = {(rule.flow, rule.target) for rule in desired.rules.present} if desired.rules else set()
    for rule in pf.queues.rules.rules if pf.queues.rules else ():
        leads = rule.destination
        if leads is None or leads.kind != "queue" or leads.queue not in wanted.queues:
            continue
        goes = desired.rules is not None and desired.rules.drops(rule)
        if not goes and (rule.flow, rule.target) not in ours | asked:
            yield rule


def _unattachable(pf: Pf, netdev: Netdev, wanted: DesiredXsk, present: Xsk) -> Refusals:
    """All that is against a program of ours on the interface."""
    facts = t.cast("XdpFacts", pf.xdp_facts)
    if "." in netdev.name:
        yield NotSupported(
            f"xsk: nothing can be pinned for {netdev.name}",
            device=pf.label,
            why=f"a bpffs takes no name with a dot, and its directory would be {BPF}/{netdev.name}",
            remedy="give the interface a name without one (systemd.link)",
        )
    other = present.attached
    if other and not other.ours:
        yield InUse(
            ATTACH,
            device=pf.label,
            why=f"{other} is attached",
            remedy=f"end the program that has attached it, or detach it: {_off(netdev, other.mode)}",
            holders=[str(other)],
        )
    yield from _by_kernel(pf, facts)
    if wanted.mode == GENERIC:
        yield NotSupported(
            f"{wanted.place}mode: generic is no way past the kernel",
            device=pf.label,
            why="the kernel builds a socket buffer for every frame first, and copies it: no faster than its own path",
            remedy=f"take mode: native, or accept that: allow: [{GENERIC_XDP}]",
            consent=GENERIC_XDP,
        )
        return
    yield from _by_driver(pf, netdev, facts)


def _by_kernel(pf: Pf, facts: XdpFacts) -> Refusals:
    if facts.no_bpf:
        yield NotSupported(ATTACH, device=pf.label, why=facts.no_bpf, remedy="leave out xsk")
    if facts.version < FALLS_BACK:
        least = ".".join(map(str, FALLS_BACK))
        yield NotSupported(
            ATTACH,
            device=pf.label,
            why=f"kernel {facts.release} drops what no socket takes: passing it on came with {least}",
            remedy=f"boot a kernel from {least} on",
        )
    if facts.families and "XDP" not in facts.families:
        why = f"kernel {facts.release} has no AF_XDP (CONFIG_XDP_SOCKETS)"
        yield NotSupported(ATTACH, device=pf.label, why=why, remedy="boot a kernel that has it")


def _by_driver(pf: Pf, netdev: Netdev, facts: XdpFacts) -> Refusals:
    """Native mode."""
    native = xdp.in_driver(pf, facts, xdp.NATIVE, netdev.name)
    if not native.holds:
        what = f"xsk: driver {pf.device.driver} has no native XDP"
        yield NotSupported(what, device=pf.label, why=native.words, remedy=f"use another NIC, {TAKE_GENERIC}")
        return
    if facts.lro:
        yield NotSupported(
            ATTACH,
            device=pf.label,
            why="large-receive-offload is on, which joins frames before a program sees them",
            remedy=f"turn it off: ethtool -K {quote(netdev.name)} lro off",
        )
    for words in xdp.refusals(pf, facts._replace(lro=False)):
        yield NotSupported(ATTACH, device=pf.label, why=words, remedy=f"change that, {TAKE_GENERIC}")


def _copies(pf: Pf, netdev: Netdev, wanted: DesiredXsk) -> list[str]:
    if wanted.mode == GENERIC:
        return []
    told = xdp.in_driver(pf, t.cast("XdpFacts", pf.xdp_facts), xdp.ZERO_COPY, netdev.name)
    return [] if told.holds else [f"AF_XDP sockets of {pf.label} get copies of frames, no zero-copy: {told.words}"]


def _napi(pf: Pf, netdev: Netdev, wanted: DesiredXsk, present: Xsk) -> list[Step]:
    """:raises NotSupported: the kernel has no such value."""
    steps: list[Step] = []
    for word, value in wanted.napi.items():
        before = present.napi.get(word)
        if before is None:
            raise NotSupported(
                f"{wanted.place}{word}: it cannot be set",
                device=pf.label,
                why="this kernel has no such value of an interface, or does not tell it",
                remedy=f"leave out {word}",
            )
        if before != value:
            steps.append(SetNapi(pf.device.address, netdev.name, pf.label, word, before, value))
    return steps


def _off(netdev: Netdev, mode: str) -> str:
    return f"ip link set dev {quote(netdev.name)} {'xdpgeneric' if mode == GENERIC else 'xdp'} off"
