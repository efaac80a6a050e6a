# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is not measured, and why: before anything on the host is changed."""

from __future__ import annotations

import typing as t

from ..errors import InUse, InvalidRequest, NotKnown, NotSupported, WouldDestroy
from ..kernel.dropping import PLAIN
from ..knowledge.queues import driver_of
from ..model.consent import IN_USE
from ..model.drop_cost import AF_XDP, DROP_TRAFFIC, IPTABLES, NFTABLES, XDP_PROGRAM
from ..model.holders import SSH, UNSEEN
from ..model.holders import XDP as XDP_HOLDER
from ..model.unread import RSS, RULES

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..kernel.kernel import Kernel
    from ..model.drop_cost import Request
    from ..model.host import Netdev, Pf

    Refusals = t.Iterator[SriovError]

OTHER_NIC = "measure another NIC, or reach the host over another one"
PACKAGES = {IPTABLES: "iptables", NFTABLES: "nftables"}


def refusals(kernel: Kernel, request: Request, pf: Pf, netdev: Netdev, by: str) -> Refusals:
    """Of who is measured in the kernel.

    :param by: what drops.
    """
    what = f"contender: cannot measure {by}"
    yield from _consent(request, pf, by)
    yield from _state(kernel, pf, netdev, what)
    yield from _session(pf, what)
    if by == AF_XDP:
        return
    yield from _program(pf, what)
    yield from _queues(request, pf)
    if by == XDP_PROGRAM:
        yield from _xdp(kernel, pf, what)
    else:
        yield from _rule(kernel, request, pf, netdev, by, what)


def _consent(request: Request, pf: Pf, by: str) -> Refusals:
    whose = {XDP_PROGRAM: "everything", AF_XDP: f"what comes to queue {request.queue}"}.get(by, "")
    whose = whose or f"what comes to UDP port {request.port}"
    yield WouldDestroy(
        "contender: packets would be dropped",
        device=pf.label,
        why=f"{whose} is dropped for {request.seconds:g} s",
        remedy=f"if that is what you want: allow: [{DROP_TRAFFIC}]",
        consent=DROP_TRAFFIC,
    )


def _state(kernel: Kernel, pf: Pf, netdev: Netdev, what: str) -> Refusals:
    if not netdev.up:
        yield InvalidRequest(what, device=pf.label, why="it is down", remedy="set it up (module pf, up: true)")
    if kernel.napi.threaded(netdev.name) is None:
        yield NotSupported(
            what,
            device=pf.label,
            why="its NAPI cannot run in threads, by which CPU time is measured",
            remedy="take Linux 5.12 or later",
        )


def _session(pf: Pf, what: str) -> Refusals:
    """It would be lost, or spoil the figures."""
    carried = [holder.text for holder in pf.device.at_port().holders if holder.kind == SSH]
    if carried:
        why = f"it {' and '.join(carried)}"
        yield InUse(what, device=pf.label, why=why, remedy=OTHER_NIC, holders=carried)


def _program(pf: Pf, what: str) -> Refusals:
    programs = [holder.text for holder in pf.device.at_port().holders if holder.kind == XDP_HOLDER]
    if programs:
        remedy = "detach it first (module xsk_queue, or `ip link set dev NAME xdp off`)"
        yield InUse(what, device=pf.label, why="; ".join(programs), remedy=remedy, holders=programs)


def _queues(request: Request, pf: Pf) -> Refusals:
    if request.queues is None:
        return
    rss, unknown = pf.queues.rss, pf.unknown(RSS)
    what = f"queues: {request.queues}"
    if unknown:
        yield NotKnown(what, device=pf.label, why=unknown, remedy="run it again, and see dmesg")
    elif rss is None or not rss.table:
        why = f"driver {pf.device.driver} has no RSS table"
        yield NotSupported(what, device=pf.label, why=why, remedy="leave out queues")
    elif not 1 <= request.queues <= rss.rings:
        why = f"the RSS group has {rss.rings} queues"
        yield InvalidRequest(what, device=pf.label, why=why, remedy=f"give 1 to {rss.rings}, or leave it out")


def _xdp(kernel: Kernel, pf: Pf, what: str) -> Refusals:
    """To attach it resets the NIC of many drivers, and all packets are dropped."""
    holders = [h.text for h in pf.device.at_port().holders if h.kind not in (SSH, XDP_HOLDER, UNSEEN)]
    if holders:
        remedy = f"release it, or accept that they receive nothing meanwhile: allow: [{IN_USE}]"
        why = f"the program drops everything: {'; '.join(holders)}"
        yield InUse(what, device=pf.label, why=why, remedy=remedy, holders=holders, consent=IN_USE)
    driver = driver_of(pf)
    if pf.num_vfs and driver.xdp_excludes_vfs:
        why = f"{pf.device.driver} has XDP or VFs, not both, and there are {pf.num_vfs} VFs"
        yield NotSupported(what, device=pf.label, why=why, remedy="measure it without VFs (module pf, num_vfs: 0)")
    rules, unknown = pf.queues.rules, pf.unknown(RULES)
    if driver.reopens and (unknown or (rules and rules.rules)):
        why = unknown or f"{pf.device.driver} drops flow rules when a program is attached, and there are some"
        yield InUse(what, device=pf.label, why=why, remedy="remove the rules first (module flow_rule, state: absent)")
    cannot = kernel.bpf.why_not()
    if cannot:
        yield NotSupported(what, device=pf.label, why=cannot, remedy="measure the other contenders")


def _rule(kernel: Kernel, request: Request, pf: Pf, netdev: Netdev, by: str, what: str) -> Refusals:
    if not kernel.dropping.has(by):
        yield NotSupported(what, device=pf.label, why=f"there is no program {by}", remedy=f"install {PACKAGES[by]}")
        return
    if not PLAIN.fullmatch(netdev.name):
        why = f"nft takes no interface that is called {netdev.name!r}"
        yield NotSupported(what, device=pf.label, why=why, remedy="give it a plain name")
        return
    if kernel.dropping.is_there(by, netdev.name, request.port):
        why = f"{by} has the same rule already, and nothing says that it is of an earlier run"
        yield InUse(what, device=pf.label, why=why, remedy="remove it, or take another port", holders=[why])
