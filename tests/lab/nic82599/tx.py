# SPDX-License-Identifier: GPL-3.0-or-later
"""Transmit (7.2): from descriptors to frames, and out to the wire or to another pool."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import offload
from . import packet as P
from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

DESCRIPTOR = struct.Struct("<QII")
FETCH = 256
# Advanced descriptors (7.2.3.2.4)
TYPE_MASK, TYPE_CONTEXT = 0xF << 20, 2 << 20
EOP, RS, DEXT, VLE = 1 << 24, 1 << 27, 1 << 29, 1 << 30
INDEX_CONTEXT, CHECK_CONTEXT = 1 << 4, 1 << 7
DD = struct.pack("<I", 1)


@dataclass
class Job:
    """The descriptors of one frame (or of one large send)."""

    command: int
    options: int
    context: offload.Context
    segments: list[tuple[int, int]] = field(default_factory=list)


class Transmitter:
    def __init__(self, nic: Nic):
        self.nic = nic
        bases = [R.tx_ring(queue) for queue in range(R.NUM_QUEUES)]
        nic.on_write_each([base + R.TAIL for base in bases], self._write_tail)
        nic.on_write_each([base + R.DCTL for base in bases], self._write_dctl)
        nic.writable([base + R.BAL for base in bases], R.BAL_MASK)
        nic.writable([base + R.LEN for base in bases], R.LEN_MASK)
        nic.on_write([R.VFTE, R.VFTE + 4], self._write_vfte)
        self.reset()

    def reset(self) -> None:
        self.contexts = [[offload.Context(), offload.Context()] for _turn in range(R.NUM_QUEUES)]

    # ---- ring registers ----------------------------------------------------------------------------------------

    def _write_tail(self, queue: int, value: int) -> None:
        self.nic[R.tx_ring(queue) + R.TAIL] = value & 0xFFFF
        self._run(queue)
        self.nic.rx.flush()  # what the internal switch delivered

    def _write_dctl(self, queue: int, value: int) -> None:
        base = R.tx_ring(queue)
        if value & ~self.nic[base + R.DCTL] & R.DCTL_ENABLE:
            self.nic[base + R.HEAD] = 0
            self.contexts[queue] = [offload.Context(), offload.Context()]
        self.nic[base + R.DCTL] = value

    def _write_vfte(self, addr: int, value: int) -> None:
        """A pool that may send again takes up where it was stopped."""
        self.nic[addr] = value
        for queue in range(R.NUM_QUEUES):
            self._run(queue)
        self.nic.rx.flush()

    def disable(self, queue: int) -> None:
        self.nic[R.tx_ring(queue) + R.DCTL] &= ~R.DCTL_ENABLE

    # ---- descriptors ---------------------------------------------------------------------------------------------

    def _run(self, queue: int) -> None:
        nic, base = self.nic, R.tx_ring(queue)
        count = nic[base + R.LEN] >> 4
        if not (nic[base + R.DCTL] & R.DCTL_ENABLE and nic[R.DMATXCTL] & R.DMATXCTL_TE and count):
            return
        while nic[base + R.HEAD] != nic[base + R.TAIL] < count and nic.pools.may_send(nic.pool_of(queue)):
            if not self._batch(queue, base, count):
                return

    def _batch(self, queue: int, base: int, count: int) -> bool:
        """Take what lies between head and tail, up to the end of the ring; False: no whole frame is there."""
        nic, function = self.nic, self.nic.function_of(queue)
        head, tail = nic[base + R.HEAD], nic[base + R.TAIL]
        amount = min((tail - head) % count, FETCH)
        start = nic[base + R.BAH] << 32 | nic[base + R.BAL]
        first = min(amount, count - head)
        parts = [(start + 16 * head, 16 * first)] + ([(start, 16 * (amount - first))] if amount > first else [])
        data = nic.bus.dma_read(function, parts)
        if data is None:
            nic.counters.totals["dma_errors"] += 1
            return False
        jobs, taken, reports = self._parse(queue, b"".join(data))
        if not taken:
            return False
        self._send(queue, function, jobs)
        nic[base + R.HEAD] = (head + taken) % count
        if reports:
            nic.bus.dma_write(function, [(start + 16 * ((head + i) % count) + 12, DD) for i in reports])
            nic.interrupts.tx_queue(queue)
        return True

    def _parse(self, queue: int, data: bytes) -> tuple[list[Job], int, list[int]]:
        """Whole frames, how many descriptors they took, and which of those want their DD bit."""
        jobs: list[Job] = []
        job: Job | None = None
        taken = 0
        reports: list[int] = []
        pending: list[int] = []
        contexts = self.contexts[queue]
        for index, (addr, command, options) in enumerate(DESCRIPTOR.iter_unpack(data)):
            if command & RS:
                pending.append(index)
            if command & DEXT and command & TYPE_MASK == TYPE_CONTEXT:
                contexts[bool(options & INDEX_CONTEXT)] = offload.Context.parse(addr, command, options)
            else:
                if job is None:
                    job = Job(command, options, contexts[bool(options & INDEX_CONTEXT)])
                job.segments.append((addr, command & 0xFFFF))
                if not command & EOP:
                    continue
                jobs.append(job)
                job = None
            if job is None:
                taken, reports, pending = index + 1, reports + pending, []
        return jobs, taken, reports

    def _send(self, queue: int, function: int, jobs: list[Job]) -> None:
        nic = self.nic
        data = nic.bus.dma_read(function, [segment for job in jobs for segment in job.segments])
        if data is None:
            nic.counters.totals["dma_errors"] += 1
            return
        at = 0
        for job in jobs:
            whole = b"".join(data[at : at + len(job.segments)])
            at += len(job.segments)
            if not job.command & DEXT:
                nic.counters.totals["legacy_tx_descriptors"] += 1
                job.options = 0
            wanted = job.context.vlan if job.command & VLE else None
            for frame in offload.frames(whole, job.command, job.options, job.context):
                self._emit(queue, frame, wanted)

    # ---- frames ---------------------------------------------------------------------------------------------------

    def _emit(self, queue: int, frame: bytes, tag: int | None) -> None:
        nic, pool = self.nic, self.nic.pool_of(queue)
        tag = nic.pools.tag(pool, tag)
        if tag is not None:
            frame = P.insert_vlan(frame, tag)
        if len(frame) < P.MIN_FRAME:
            frame += bytes(P.MIN_FRAME - len(frame))
        packet = P.Packet.parse(frame)
        if nic.pools.is_spoofed(pool, packet):
            nic.pools.count_spoofed(pool)
            return
        nic.counters.queue_transmitted(queue, len(frame))
        if nic[R.HLREG0] & R.HLREG0_LPBK:
            nic.rx.from_wire(frame)
            return
        if nic.pools.enabled and nic[R.PFDTXGSWC] & R.PFDTXGSWC_LBEN:
            pools = nic.pools.of(packet, source=pool)
            nic.rx.from_pool(packet, pools)
            if pools and not packet.dst[0] & 1:
                return  # a unicast frame for a neighbour does not leave the card
        self._to_wire(frame)

    def _to_wire(self, frame: bytes) -> None:
        if not self.nic.faults.link or self.nic.faults.removed:
            self.nic.counters.totals["tx_dropped_no_link"] += 1
            return
        self.nic.counters.transmitted(frame)
        self.nic.send(frame)
