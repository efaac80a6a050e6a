# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Samples of what dpdk-testpmd spends on packets that it drops: cycles of polls that found some, by its own count."""

from __future__ import annotations

import contextlib
import math
import typing as t

from ..errors import NotReached
from ..kernel.conversation import Ended
from ..model.drop_cost import Sample
from ..model.testpmd import busy_time, told_by_testpmd
from ..proof import STARTS, check_told, command, unit
from ..transient import check_gone
from .kernel_side import no_room

if t.TYPE_CHECKING:
    from ..kernel.conversation import Talk
    from ..kernel.kernel import Kernel
    from ..model.testpmd import Busy
    from ..proof import Proof
    from ..transient import Unit
    from .kernel_side import Clock, Sleep

UNIT = "kernel-bypass-sriov-drop-cost"
PROMPT = "testpmd> "
FORGET = "clear fwd stats all"
SAMPLES = 20
ANSWERS = 30.0  # seconds
OWN = ("-i", "--record-core-cycles")


class Port(t.NamedTuple):
    """The VF, and the interface of its PF; "" where that has none."""

    address: str
    mac: str | None
    pf: str


def samples(kernel: Kernel, proof: Proof, port: Port, seconds: float, clock: Clock, sleep: Sleep) -> list[Sample]:
    """:raises NotReached: it does not start, or does not answer."""
    most = STARTS + math.ceil(seconds) + int(ANSWERS)
    own = unit(proof, kernel.system.cpus_text(), UNIT, most)
    with answering(kernel, own, command(proof, port.address, OWN), port.address) as talk:
        check_told(proof, port.address, port.mac, told_by_testpmd(until_it_answers(talk)), "")
        start(talk)
        lost = no_room(kernel, port.pf) if port.pf else 0
        taken = [_sample(talk, seconds / SAMPLES, clock, sleep) for _number in range(SAMPLES)]
        lost = no_room(kernel, port.pf) - lost if port.pf else 0
        talk.say("quit")
        return [*taken[:-1], taken[-1]._replace(lost=taken[-1].lost + max(0, lost))]


@contextlib.contextmanager
def answering(kernel: Kernel, unit: Unit, argv: t.Sequence[str], label: str) -> t.Iterator[Talk]:
    """dpdk-testpmd for the time of a block.

    :param label: of what it has, for a refusal.
    :raises NotReached: it does not answer, or is there still behind the block.
    """
    talk = kernel.converse(unit.command(argv))
    try:
        yield talk
    except Ended as ended:
        raise NotReached(
            f"{argv[0]} does not answer",
            device=label,
            why=" ".join(ended.said.split())[-400:] or "it said nothing",
            remedy=f"look at `journalctl -u {UNIT}`, and at dmesg",
        ) from None
    finally:
        talk.close()
        check_gone(kernel, unit)


def until_it_answers(talk: Talk) -> str:
    """What it says while it starts; all of it where it ends then."""
    try:
        return talk.until(PROMPT, seconds=STARTS)
    except Ended as ended:
        return ended.said


def start(talk: Talk) -> None:
    """Have it receive."""
    talk.say("start")
    talk.until("packets/burst", PROMPT, seconds=ANSWERS)


def spent(talk: Talk) -> Busy:
    """Since it last forgot."""
    talk.say("show fwd stats all")
    return busy_time(talk.until("Accumulated forward statistics", PROMPT, seconds=ANSWERS))


def _sample(talk: Talk, seconds: float, clock: Clock, sleep: Sleep) -> Sample:
    """Nothing else is done meanwhile: where its CPU is taken away, the poll that finds packets counts that time too."""
    talk.say(FORGET)
    begin = clock()
    sleep(seconds)
    took = max(clock() - begin, 1e-9)
    seen = spent(talk)
    return Sample(took, seen.nanoseconds, seen.packets, lost=seen.lost)
