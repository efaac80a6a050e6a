# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Samples of both sides of a queue that dpdk-testpmd reads by AF_XDP: threads of NAPI fill it, its polls empty it."""

from __future__ import annotations

import contextlib
import math
import typing as t

from ..errors import KernelRefused, NotReached, TookTooLong
from ..model.drop_cost import MOSTLY, Sample
from ..model.testpmd import told_by_testpmd
from ..xsk_dpdk import STARTS, Run, check_port, command, unit
from .kernel_side import between, look, napi_threads
from .user_side import ANSWERS, FORGET, OWN, UNIT, answering, spent, start, until_it_answers

if t.TYPE_CHECKING:
    from ..kernel.conversation import Talk
    from ..kernel.kernel import Kernel
    from ..model.drop_cost import Before, Request
    from ..xsk_proof import Queue
    from .kernel_side import Clock, Sleep

SAMPLES = 10


def run_for(request: Request, queue: Queue) -> Run:
    """What dpdk-testpmd is to do. A copy is the kernel's choice, where its driver has no zero-copy."""
    return Run(
        unit=UNIT,
        user=request.user,
        interface=queue.interface,
        queue=queue.number,
        mac=str(queue.entry.get("address", "")),
        path=queue.map,
        frames=0,
        seconds=STARTS + math.ceil(request.seconds) + ANSWERS,
        copies=False,
        megabytes=request.megabytes,
        program=request.program,
        own=OWN,
    )


@contextlib.contextmanager
def reading(kernel: Kernel, run: Run) -> t.Iterator[Talk]:
    """It has its socket in the map for the time of a block.

    :raises SriovError: it is too old, or has no port, or does not answer.
    """
    own = unit(run, kernel.system.cpus_text())
    with answering(kernel, own, command(run), run.label) as talk:
        check_port(run, told_by_testpmd(until_it_answers(talk)), "")
        yield talk
        talk.say("quit")


def mode(kernel: Kernel, queue: Queue) -> str | None:
    """How its frames come, "zerocopy" or "copy"; None where the kernel does not tell.

    Above the driver they are copied, whatever it says.
    """
    if queue.is_generic:
        return "copy"
    try:
        zero_copy = kernel.netlink.sockets.xdp_zero_copy(queue.entry["ifindex"], queue.number)
    except (KernelRefused, TookTooLong):
        return None
    return None if zero_copy is None else "zerocopy" if zero_copy else "copy"


def samples(kernel: Kernel, talk: Talk, was: Before, seconds: float, clock: Clock, sleep: Sleep) -> list[Sample]:
    """:raises NotReached: NAPI has no threads, or they have done something else."""
    threads = napi_threads(kernel, was)
    driver = kernel.interfaces.driver(was.pf) or ""
    start(talk)
    received, taken = 0, []
    for _number in range(SAMPLES):
        talk.say(FORGET)
        first = look(kernel, was.pf, threads, clock)
        sleep(seconds / SAMPLES)
        last = look(kernel, was.pf, threads, clock)
        told, nic = spent(talk), between(first, last, driver)
        received += nic.packets
        taken.append(
            nic._replace(
                busy=nic.busy + told.nanoseconds,
                user=told.nanoseconds,
                packets=told.packets,
                lost=nic.lost + told.lost,
            )
        )
    _check_read(was, sum(each.packets for each in taken), received)
    return taken


def _check_read(was: Before, read: int, received: int) -> None:
    """:raises NotReached: much of what NAPI has done was for others, and cost something else."""
    if read < MOSTLY * received:
        raise NotReached(
            "contender: its queue did not get what came",
            device=was.label,
            why=f"of {received} packets that the PF received {read} came to the queue, and others cost something else",
            remedy="have the generator send what a flow rule leads to the queue (module flow_rule), and nothing else",
        )
