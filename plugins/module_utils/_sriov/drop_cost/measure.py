# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Measures what a packet costs that is dropped: looks, refuses, has it dropped, counts, and brings all back."""

from __future__ import annotations

import typing as t

from ..alone import check_user
from ..errors import InvalidRequest, NotReached
from ..faults import Faults
from ..kept.drop_cost import DropCost
from ..kept.files import Files
from ..model.drop_cost import (
    AF_XDP,
    DROP_TRAFFIC,
    IN_KERNEL,
    IPTABLES,
    LEAST_PACKETS,
    NFT,
    NFTABLES,
    RAW,
    TESTPMD,
    UNREAL,
    XDP_PROGRAM,
    XSK,
    figures,
    sides,
)
from ..model.mac import ZERO
from ..model.under_way import UnderWay
from ..observe.names import find_pf
from ..observe.observer import Observer
from ..others import blocked_as_far_as_known
from ..proof import Proof, vf_for_programs
from ..xsk_proof import queue_for_programs
from . import kernel_side, queue_side, setting, user_side
from .refusals import refusals

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.drop_cost import Request, Sample
    from ..model.host import Netdev, Pf
    from .kernel_side import Clock, Sleep


class Measured(t.NamedTuple):
    """What was found, and what of an earlier run was put back first."""

    values: dict[str, t.Any]
    steps: list[str]


class Means(t.NamedTuple):
    """How time passes, and who is told what is about to be done."""

    timeout: float
    clock: Clock
    sleep: Sleep
    tell: t.Callable[[UnderWay], None]


def measure(kernel: Kernel, request: Request, check: bool, means: Means) -> Measured:
    """:raises SriovError: it is refused, or there is nothing to measure; the PF is as it was."""
    check_user(kernel)
    left = DropCost(Files(kernel.root)).read()
    if left and check:
        return Measured({}, [f"bring {left.label} back to what it was before a run that was killed"])
    steps: list[str] = []
    if left:
        means.tell(UnderWay([f"bring {left.label} back to what it was"], [left.address]))
        steps = setting.back(kernel, left)
    found = _in_kernel if request.contender in IN_KERNEL else _on_queue if request.contender == XSK else _in_user_space
    values = found(kernel, request, check, means)
    return Measured({"contender": request.contender, "clock": clock_of(kernel), **values}, steps)


def clock_of(kernel: Kernel) -> dict[str, t.Any]:
    """Whose time it was: of an emulated CPU, where an instruction may take as long as any other."""
    _code, out, _error = kernel.run(["systemd-detect-virt", "--vm"])
    virtual = out.strip() or "unknown"
    source = kernel.system.clock_source()
    return {"virtualization": virtual, "clock_source": source, "real": virtual not in (*UNREAL, "unknown")}


def _in_kernel(kernel: Kernel, request: Request, check: bool, means: Means) -> dict[str, t.Any]:
    pf, netdev = _pf(kernel, request, means.timeout)
    by = _what_drops(kernel, request)
    faults = Faults(request.allow)
    faults.add(*refusals(kernel, request, pf, netdev, by))
    faults.tell()
    values = {"dropped_by": by, "interface": netdev.name, "pci_address": pf.device.address}
    if check:
        return values
    was = setting.before(kernel, request, pf, netdev.name, by)
    DropCost(Files(kernel.root)).write(was)
    means.tell(UnderWay([f"have {by} drop what {netdev.name} receives"], [was.address]))
    try:
        setting.make(kernel, was, request.queues)
        taken = kernel_side.samples(kernel, was, request.seconds, means.clock, means.sleep)
    finally:
        setting.back(kernel, was)
    _check_enough(taken, pf.label)
    return {**values, "time_of": "threads of NAPI", **figures(taken)}


def _on_queue(kernel: Kernel, request: Request, check: bool, means: Means) -> dict[str, t.Any]:
    pf, netdev = _pf(kernel, request, means.timeout)
    faults = Faults(request.allow)
    faults.add(*refusals(kernel, request, pf, netdev, AF_XDP))
    with faults.gathered():
        queue = queue_for_programs(kernel, request.pf, request.queue)
    faults.tell()
    values = {"dropped_by": AF_XDP, "interface": netdev.name, "pci_address": pf.device.address}
    if check:
        return values
    means.tell(UnderWay([f"have {request.program} drop what comes to {queue.label}"], [pf.device.address]))
    with queue_side.reading(kernel, queue_side.run_for(request, queue)) as talk:
        mode = queue_side.mode(kernel, queue)
        was = setting.before(kernel, request, pf, netdev.name, AF_XDP)
        DropCost(Files(kernel.root)).write(was)
        try:
            setting.make(kernel, was, None)
            taken = queue_side.samples(kernel, talk, was, request.seconds, means.clock, means.sleep)
        finally:
            setting.back(kernel, was)
    _check_enough(taken, pf.label)
    told = {"time_of": "threads of NAPI, and polls of testpmd that found packets", "mode": mode}
    return {**values, **told, **figures(taken), **sides(taken)}


def _in_user_space(kernel: Kernel, request: Request, check: bool, means: Means) -> dict[str, t.Any]:
    proof = Proof(request.pf, request.vf, request.user, megabytes=request.megabytes, program=request.program)
    vf, not_seen = vf_for_programs(kernel, proof, means.timeout)
    faults = Faults(request.allow)
    faults.add(*_unheard(request, vf["pci_address"]))
    faults.tell()
    physfn = kernel.pci.physfn(vf["pci_address"]) or ""
    name = next(iter(kernel.pci.interfaces(physfn)), "")
    values = {"dropped_by": TESTPMD, "interface": name, "pci_address": vf["pci_address"], "not_seen": not_seen}
    if check:
        return values
    mac = vf["attributes"]["mac"]
    port = user_side.Port(vf["pci_address"], None if mac in (None, ZERO) else mac, name)
    means.tell(UnderWay([f"have {request.program} drop what VF {request.vf} receives"], [port.address]))
    taken = user_side.samples(kernel, proof, port, request.seconds, means.clock, means.sleep)
    _check_enough(taken, port.address)
    return {**values, "time_of": "polls of testpmd that found packets", **figures(taken)}


def _unheard(request: Request, address: str) -> t.Iterator[InvalidRequest]:
    yield InvalidRequest(
        "contender: packets would be dropped",
        device=address,
        why=f"what VF {request.vf} receives is dropped for {request.seconds:g} s",
        remedy=f"if that is what you want: allow: [{DROP_TRAFFIC}]",
        consent=DROP_TRAFFIC,
    )


def _pf(kernel: Kernel, request: Request, timeout: float) -> tuple[Pf, Netdev]:
    observer = Observer(kernel, timeout, blocked_as_far_as_known(kernel))
    nic = find_pf(kernel, observer.interfaces, request.pf, plain=True)
    pf = observer.pf(nic.address, nic.port)
    if pf.device.netdev is None:
        why = "it has no interface, or several, in this network namespace"
        raise InvalidRequest("pf: cannot measure", device=pf.label, why=why, remedy="name one by its interface")
    return pf, pf.device.netdev


def _what_drops(kernel: Kernel, request: Request) -> str:
    """In table raw: iptables-legacy where there is one. iptables-nft writes nft's rules, and costs what they do."""
    if request.contender == NFT:
        return NFTABLES
    if request.contender == RAW:
        return IPTABLES if kernel.dropping.has(IPTABLES) else NFTABLES
    return XDP_PROGRAM


def _check_enough(taken: t.Sequence[Sample], label: str) -> None:
    """:raises NotReached: too little came."""
    if any(sample.counts for sample in taken):
        return
    received, seconds = sum(sample.packets for sample in taken), sum(sample.seconds for sample in taken)
    raise NotReached(
        "contender: too little was received to be measured",
        device=label,
        why=f"{received} packets came in {seconds:.1f} s, in none of its {len(taken)} parts {LEAST_PACKETS}",
        remedy="have a generator send all the while, and look at flow rules and addresses; rx_rate tells what comes",
    )
