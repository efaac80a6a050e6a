# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Shows that a user without privileges can read from a queue by AF_XDP: runs a reader of our own so."""

from __future__ import annotations

import sys
import typing as t

from .alone import check_user
from .copies import PACKAGE, sources
from .errors import DeviceNotFound, InUse, InvalidRequest, KernelRefused, NotReached, NotSupported, TookTooLong
from .kernel.bpf import SYSCALLS
from .kernel.xsk_reader import Wanted
from .model.paths import queue_map
from .model.xsk_told import MAP_REMEDY, told_by_reader
from .observe.names import find_interface
from .observe.not_seen import not_seen
from .observe.opened import Opened
from .transient import Unit, run_to_its_end
from .xsk_dpdk import Run, received

if t.TYPE_CHECKING:
    from .kernel.kernel import Kernel
    from .model.xsk_told import Told

UNIT = "kernel-bypass-sriov-reader"
SOURCE = "kernel/xsk_reader.py"
READER, DPDK = "reader", "dpdk"
STARTS = 60  # seconds that it may take to start and to end
ENOUGH = 20.0  # seconds for frames, where nobody says how long
GENERIC = 2  # XDP_ATTACHED_SKB: above the driver
ZEROCOPY, COPY = "zerocopy", "copy"


Found = t.Dict[str, t.Any]


class Proof(t.NamedTuple):
    """What is to be shown.

    :param pf: the interface, by any of its names.
    :param user: whom the reader runs as.
    :param frames: that have to come; None: however many.
    :param seconds: for how long it reads, at the longest; None: ENOUGH for frames, else until its socket is in place.
    :param mode: "any", "zerocopy" or "copy".
    :param python: that runs it; "": the one that runs this.
    :param by: "reader", ours, or "dpdk".
    :param megabytes: of hugepages, for dpdk.
    :param program: for dpdk.
    """

    pf: str
    queue: int
    user: str
    frames: int | None = None
    seconds: float | None = None
    mode: str = "any"
    python: str = ""
    by: str = READER
    megabytes: int = 128
    program: str = "dpdk-testpmd"


class Queue(t.NamedTuple):
    """Where it reads.

    :param entry: what `ip` tells of the interface.
    """

    interface: str
    number: int
    entry: t.Mapping[str, t.Any]

    @property
    def label(self) -> str:
        return f"queue {self.number} of {self.interface}"

    @property
    def map(self) -> str:
        return queue_map(self.interface)

    @property
    def xdp(self) -> t.Mapping[str, t.Any]:
        return t.cast("t.Mapping[str, t.Any]", self.entry.get("xdp") or {})

    @property
    def is_generic(self) -> bool:
        """Its program is above the driver, where every frame is copied."""
        return self.xdp.get("mode") == GENERIC


class Shown(t.NamedTuple):
    """What was shown: values for people and tasks."""

    values: dict[str, t.Any]
    warnings: tuple[str, ...] = ()


def prove(kernel: Kernel, proof: Proof, check: bool) -> Shown:
    """:raises SriovError: the queue cannot be read so; with what the kernel said to the reader."""
    check_user(kernel)
    queue = queue_for_programs(kernel, proof.pf, proof.queue)
    values = {"interface": queue.interface, "queue": queue.number, "map": queue.map}
    if check:
        nothing: dict[str, t.Any] = {"mode": None, "frames": 0, "seconds": 0.0, "statistics": {}}
        return Shown({**values, **nothing, "not_seen": not_seen(kernel)})
    found, warnings = _by_dpdk(kernel, proof, queue) if proof.by == DPDK else _by_reader(kernel, proof, queue)
    return Shown({**values, **found, "not_seen": not_seen(kernel)}, warnings)


def queue_for_programs(kernel: Kernel, pf: str, number: int) -> Queue:
    """:raises SriovError: there is none, or it was not given to programs, or somebody reads from it."""
    queue = _queue(kernel, pf, number)
    _check_map(kernel, queue)
    _check_free(kernel, queue)
    return queue


def _by_reader(kernel: Kernel, proof: Proof, queue: Queue) -> tuple[Found, tuple[str, ...]]:
    told = _read(kernel, proof, queue)
    mode = COPY if queue.is_generic else told.mode  # the kernel says zerocopy there as well, and copies
    _check_told(kernel, proof, queue, told, mode)
    found = {"mode": mode, "frames": told.frames, "seconds": told.seconds, "statistics": dict(told.statistics)}
    return found, _lost(told)


def _by_dpdk(kernel: Kernel, proof: Proof, queue: Queue) -> tuple[Found, tuple[str, ...]]:
    """It does not tell whether frames were copied."""
    seconds = ENOUGH if proof.seconds is None else proof.seconds
    run = Run(
        unit=_unit_name(queue),
        user=proof.user,
        interface=queue.interface,
        queue=queue.number,
        mac=str(queue.entry.get("address", "")),
        path=queue.map,
        frames=proof.frames or 0,
        seconds=seconds,
        copies=proof.mode == COPY,
        megabytes=proof.megabytes,
        program=proof.program,
    )
    frames = received(kernel, run)
    return {"mode": None, "frames": frames, "seconds": seconds if proof.frames else 0.0, "statistics": {}}, ()


def command(proof: Proof, queue: Queue, machine: str) -> list[str]:
    """The program comes over its standard input: its user cannot read our files, and none is left behind."""
    frames = proof.frames if proof.frames is not None else (0 if proof.seconds is None else -1)
    seconds = ENOUGH if proof.seconds is None else proof.seconds
    wanted = Wanted(queue.interface, queue.number, queue.map, seconds, frames, proof.mode, SYSCALLS[machine])
    return [proof.python or sys.executable, "-I", "-", *wanted.words()]


def unit(proof: Proof, queue: Queue) -> Unit:
    """CAP_NET_RAW, and no more."""
    limits = (
        *("CapabilityBoundingSet=CAP_NET_RAW", "AmbientCapabilities=CAP_NET_RAW", "LimitMEMLOCK=infinity"),
        f"RuntimeMaxSec={STARTS + int(ENOUGH if proof.seconds is None else proof.seconds)}",
    )
    return Unit(_unit_name(queue), proof.user, limits)


def _unit_name(queue: Queue) -> str:
    return f"{UNIT}-{queue.entry['ifindex']}-{queue.number}"


def _read(kernel: Kernel, proof: Proof, queue: Queue) -> Told:
    program = sources(f"{PACKAGE}.{SOURCE[:-3].replace('/', '.')}")
    source = next(text for path, text in program.items() if path.endswith(SOURCE))
    out, error = run_to_its_end(kernel, unit(proof, queue), command(proof, queue, kernel.bpf.machine), source)
    return told_by_reader(f"{out}\n{error}")


def _queue(kernel: Kernel, pf: str, number: int) -> Queue:
    """:raises SriovError: there is none."""
    name = find_interface(kernel, pf)
    entry = next((each for each in kernel.link.interfaces() if each["ifname"] == name), None)
    if entry is None:
        raise DeviceNotFound(f"pf: {name} went away meanwhile", remedy="run it again when the interface is there")
    count = kernel.interfaces.rx_queues(name)
    if count and number >= count:
        why, remedy = f"its queues are 0 to {count - 1}", "name one of these"
        raise InvalidRequest(f"queue: there is no queue {number}", device=name, why=why, remedy=remedy)
    return Queue(name, number, entry)


def _check_map(kernel: Kernel, queue: Queue) -> None:
    """:raises SriovError: no program looks into it, so that no frame could come."""
    number = kernel.bpf.pinned_map(queue.map)
    what = f"cannot read from {queue.label} by AF_XDP"
    if number is None:
        raise NotSupported(what, why=f"{queue.map} is not there", remedy=MAP_REMEDY)
    if not queue.xdp:
        why = f"no XDP program is attached to {queue.interface}, so that nobody looks into the map"
        raise NotSupported(what, why=why, remedy=MAP_REMEDY)
    attached = queue.xdp.get("prog", {}).get("id")
    program = None if attached is None else kernel.bpf.program(attached)
    if program is not None and number not in program.maps:
        why = f"the XDP program that is attached (id {attached}, {program.name}) does not look into {queue.map}"
        raise NotSupported(what, why=why, remedy="detach it, and " + MAP_REMEDY)


def _check_free(kernel: Kernel, queue: Queue) -> None:
    """:raises InUse: somebody reads from it."""
    user = _user(kernel, queue)
    if user:
        holder = f"{user} has an AF_XDP socket on it"
        remedy = "end it, or name another queue: nothing is taken away for a proof"
        raise InUse(f"{queue.label} is in use", why=holder, remedy=remedy, holders=[holder])


def _user(kernel: Kernel, queue: Queue) -> str:
    """Who has a socket on it; "" for nobody, or where the kernel does not tell: bind(2) refuses it then."""
    try:
        sockets = kernel.netlink.sockets.xdp()
    except (KernelRefused, TookTooLong):
        return ""
    place = (queue.entry["ifindex"], queue.number)
    inode = next((each.inode for each in sockets if (each.ifindex, each.queue) == place), None)
    return "" if inode is None else Opened(kernel.processes).with_socket(inode)[0]


def _check_told(kernel: Kernel, proof: Proof, queue: Queue, told: Told, mode: str | None) -> None:
    what = f"the reader as user {proof.user}"
    if told.failure:
        raise _refused(kernel, what, queue, told)
    if told.mode is None or told.frames is None:
        why = told.said or "it said nothing"
        remedy = "look at dmesg; where its user may not run this Python, name another (python: /usr/bin/python3)"
        raise NotReached(f"{what} did not come to its end", device=queue.label, why=why, remedy=remedy)
    if proof.mode == ZEROCOPY and mode != ZEROCOPY:
        why = "its program is attached above the driver (generic), where every frame is copied"
        raise NotReached(f"{what} has no zero-copy", device=queue.label, why=why, remedy="mode: copy, or any")
    if told.frames < (proof.frames or 0):
        lost = _lost(told)
        why = "; ".join([f"{told.frames} of {proof.frames} frames came in {told.seconds:g} s", *lost])
        remedy = "look at the flow rules, and at who sends; rx_rate tells what the queue receives"
        raise NotReached(f"{what} received too few frames", device=queue.label, why=why, remedy=remedy)


def _refused(kernel: Kernel, what: str, queue: Queue, told: Told) -> KernelRefused:
    act, number = told.failure or ("", 0)
    cause = told.failure and told.failure.cause
    user = _user(kernel, queue) if act == "bind" else ""
    why = "; ".join(filter(None, [cause.why if cause else f"at {ACTS.get(act, act)}", user]))
    remedy = cause.remedy if cause else "look at dmesg"
    return KernelRefused(f"{what} cannot read", device=queue.label, why=why, remedy=remedy, errno=number)


ACTS = {
    "socket": "socket(AF_XDP)",
    "umem": "setsockopt(XDP_UMEM_REG)",
    "ring": "making and mapping its rings",
    "interface": "if_nametoindex()",
    "bind": "bind(2)",
    "map": "opening the map (BPF_OBJ_GET)",
    "put": "putting its socket into the map (BPF_MAP_UPDATE_ELEM)",
}


def _lost(told: Told) -> tuple[str, ...]:
    """What came to its queue, and it has not got."""
    lost = [f"{name} {count}" for name, count in told.statistics.items() if count and name.startswith("rx_")]
    return (f"its socket has lost frames, or had no room: {', '.join(lost)}",) if lost else ()
