# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive (7.1): from a frame to the descriptors of one or more queues.

A frame that finds no descriptor waits in the packet buffer (512 KB, 7.1.3) until the driver moves the ring's tail.
Silicon with DROP_EN set drops it at once; it serves a CPU that is a thousand times faster than an emulated one."""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from . import packet as P
from . import regs as R

if TYPE_CHECKING:
    from .fdir import Filter
    from .nic import Nic

BUFFER_SIZE = 512 * 1024
FETCH = 64  # descriptors read at a time, as silicon prefetches
WRITE_BACK = struct.Struct("<IIIHH")
# Receive descriptor status and errors (7.1.6.2)
DD, EOP, FLM, VP, L4CS, IPCS, LB = 1, 2, 4, 8, 0x20, 0x40, 1 << 18
L4E, IPE = 1 << 30, 1 << 31
Write = tuple[int, bytes]  # address, data
TYPE_IP = {(4, False): 0x10, (4, True): 0x30, (6, False): 0x40, (6, True): 0xC0}
TYPE_L4 = {P.TCP: 0x100, P.UDP: 0x200, P.SCTP: 0x400}
RSS_TYPE_FDIR = 0xF


class Arrival(NamedTuple):
    """A frame on its way into a queue, with what the descriptor will say of it."""

    packet: P.Packet
    info: int  # RSS type, packet type
    hash: int
    status: int


class Ring:
    def __init__(self, queue: int):
        self.queue, self.base = queue, R.rx_ring(queue)
        self.clear()

    def clear(self) -> None:
        self.backlog: deque[Arrival] = deque()
        self.backlog_bytes = 0
        self.buffers: deque[int] = deque()  # of descriptors already read, from the head on
        self.fetched = 0  # the next descriptor to read


class Receiver:
    def __init__(self, nic: Nic):
        self.nic = nic
        self.rings = [Ring(queue) for queue in range(R.NUM_QUEUES)]
        self.used = 0  # octets of the packet buffer
        self._dirty: set[int] = set()
        bases = [ring.base for ring in self.rings]
        nic.on_write_each([base + R.TAIL for base in bases], self._write_tail)
        nic.on_write_each([base + R.DCTL for base in bases], self._write_dctl)
        nic.writable([base + R.BAL for base in bases], R.BAL_MASK)
        nic.writable([base + R.LEN for base in bases], R.LEN_MASK)

    def reset(self) -> None:
        for ring in self.rings:
            ring.clear()
        self.used = 0
        self._dirty.clear()
        self.nic.pools.reset()

    # ---- ring registers ----------------------------------------------------------------------------------------

    def _write_tail(self, queue: int, value: int) -> None:
        ring = self.rings[queue]
        self.nic[ring.base + R.TAIL] = value & 0xFFFF
        if ring.backlog:
            self._fill(ring)

    def _write_dctl(self, queue: int, value: int) -> None:
        base = self.rings[queue].base
        if (value ^ self.nic[base + R.DCTL]) & R.DCTL_ENABLE:
            self.disable(queue)
            self.nic[base + R.HEAD] = 0
        self.nic[base + R.DCTL] = value

    def disable(self, queue: int) -> None:
        ring = self.rings[queue]
        self.used -= ring.backlog_bytes
        ring.clear()
        self.nic[ring.base + R.DCTL] &= ~R.DCTL_ENABLE

    # ---- where a frame goes ------------------------------------------------------------------------------------

    def from_wire(self, frame: bytes) -> None:
        nic = self.nic
        totals = nic.counters.totals
        if not nic.faults.link or nic.faults.removed:
            totals["dropped_no_link"] += 1
            return
        if len(frame) < P.MIN_FRAME:
            frame += bytes(P.MIN_FRAME - len(frame))  # no sender on a real wire makes a shorter one
        if nic.faults.lose_frame():
            totals["dropped_by_fault"] += 1
            return
        nic.counters.seen_on_wire(frame)
        if not nic[R.RXCTRL] & R.RXCTRL_RXEN:
            totals["dropped_rx_disabled"] += 1
            return
        packet = P.Packet.parse(frame)
        if len(packet.data) + 4 > nic[R.MAXFRS] >> 16:
            nic.counters.add(R.ROC)
            totals["dropped_too_long"] += 1
        elif not nic.pools.port_accepts(packet):
            totals["dropped_by_address"] += 1
        else:
            nic.counters.received(frame)
            self._classify(packet)

    def _classify(self, packet: P.Packet) -> None:
        nic = self.nic
        pools: list[int | None] = list(nic.pools.of(packet)) if nic.pools.enabled else [None]
        found = nic.fdir.match(packet, pools[0] or 0 if pools else 0)
        if found and found.drop:
            nic.counters.totals["dropped_by_fdir"] += 1
            return
        kind, value = nic.rss.hash(packet)
        queues = [nic.rss.queue(pool, kind, value) for pool in pools]
        if found:
            queues = self._steer(found, packet, pools, queues)
        arrival = self._describe(packet, kind, value, found)
        for queue in queues:
            self._enqueue(queue, arrival)
        if not queues:
            nic.counters.totals["dropped_no_pool"] += 1

    def _steer(self, found: Filter, packet: P.Packet, pools: list, queues: list[int]) -> list[int]:
        """A filter's queue is absolute. A unicast frame goes there and nowhere else; of a replicated one, the copy
        of that queue's pool does. Whether silicon takes a frame out of its MAC address's pool is not settled (Intel's
        README says no, DPDK's how-to yes): `fdir_l2_strict` gives the other answer."""
        if not self.nic.pools.enabled:
            return [found.queue]
        target = self.nic.pool_of(found.queue)
        if packet.dst[0] & 1 or self.nic.faults.fdir_l2_strict:
            return [found.queue if pool == target else queue for pool, queue in zip(pools, queues, strict=True)]
        return [found.queue]

    def _describe(self, packet: P.Packet, kind: int, value: int, found: Filter | None) -> Arrival:
        ip, info, status = packet.ip, kind, 0
        if ip:
            info |= TYPE_IP[ip.version, ip.extended] | (TYPE_L4.get(ip.proto, 0) if ip.ports else 0)
            if ip.version == 4:
                status |= IPCS | (0 if ip.header_ok else IPE)
            if ip.l4_checked:
                status |= L4CS | (0 if ip.l4_ok else L4E)
        if found:
            status |= FLM
            if self.nic[R.FDIRCTRL] & R.FDIRCTRL_REPORT:
                info, value = info & ~0xF | RSS_TYPE_FDIR, found.soft_id << 16 | found.hash
        return Arrival(packet, info, value, status)

    def from_pool(self, packet: P.Packet, pools: list[int]) -> None:
        """A frame of the internal switch. The 82599 does not look at its layers 3 and 4 (only the X550 has
        MRQC.L3L4TXSWEN): no RSS, no Flow Director, no checksum status."""
        per = self.nic.queues_per_pool
        for pool in pools:
            self.nic.counters.totals["switched"] += 1
            self._enqueue(pool * per, Arrival(packet, 0, 0, LB))

    # ---- packet buffer and rings ----------------------------------------------------------------------------

    def _enqueue(self, queue: int, arrival: Arrival) -> None:
        nic, ring, size = self.nic, self.rings[queue], len(arrival.packet.frame)
        dctl = nic[ring.base + R.DCTL]
        if not dctl & R.DCTL_ENABLE or nic.pools.enabled and not nic.pools.receives(nic.pool_of(queue)):
            nic.counters.totals["dropped_queue_disabled"] += 1
            return
        drops = bool(nic[ring.base + R.SRRCTL] & R.SRRCTL_DROP_EN) or queue in nic.pools.drop_enabled
        # No queue may hold more than what it leaves free: one that nobody empties must not starve the others.
        full = ring.backlog_bytes + size > BUFFER_SIZE - self.used
        if full or nic.faults.strict_drop and drops and not self._room(ring):
            nic.counters.queue_dropped(queue, buffer_full=not drops)
            return
        ring.backlog.append(arrival)
        ring.backlog_bytes += size
        self.used += size
        self._dirty.add(queue)

    def _room(self, ring: Ring) -> bool:
        count = self.nic[ring.base + R.LEN] >> 4
        free = len(ring.buffers) + (self.nic[ring.base + R.TAIL] - ring.fetched) % count if count else 0
        return free > len(ring.backlog)

    def flush(self) -> None:
        """Give the rings what has arrived since the last call: a burst costs one interrupt and few packets."""
        while self._dirty:
            self._fill(self.rings[self._dirty.pop()])

    def _fill(self, ring: Ring) -> None:
        nic, base = self.nic, ring.base
        size = (nic[base + R.SRRCTL] & 0x1F) << 10 or 2048
        head, count = nic[base + R.HEAD], nic[base + R.LEN] >> 4
        function = nic.function_of(ring.queue)
        writes: list[Write] = []
        descriptors: list[bytes] = []
        while ring.backlog:
            arrival = ring.backlog[0]
            data, vlan, status = self._stripped(arrival, nic[base + R.DCTL])
            needed = -(-len(data) // size)
            if not self._fetch(ring, function, count, needed):
                break
            ring.backlog.popleft()
            ring.backlog_bytes -= len(arrival.packet.frame)
            self.used -= len(arrival.packet.frame)
            for at in range(0, len(data), size):
                part = data[at : at + size]
                last = EOP if at + size >= len(data) else 0
                words = WRITE_BACK.pack(arrival.info, arrival.hash, status | DD | last, len(part), vlan)
                writes.append((ring.buffers.popleft(), part))
                descriptors.append(words)
            nic.counters.queue_received(ring.queue, len(data), bool(data[0] & 1))
        if writes:
            nic[base + R.HEAD] = (head + len(descriptors)) % count
            nic.bus.dma_write(function, writes + self._written_back(base, head, count, descriptors))
            nic.interrupts.rx_queue(ring.queue)

    def _written_back(self, base: int, head: int, count: int, descriptors: list[bytes]) -> list[Write]:
        """All of them at once, behind their data: a driver that polls meanwhile finds all or none. (At the end of the
        ring they are in two pieces.)"""
        first = descriptors[: count - head]
        pieces = [(head, first), (0, descriptors[len(first) :])]
        return [(self._descriptor(base, index), b"".join(piece)) for index, piece in pieces if piece]

    def is_given_back(self) -> bool:
        """Whether drivers have taken nearly all that they were given: nothing waits, and no ring lacks more than a
        quarter of its descriptors. (Drivers give them back in portions.)"""
        return not any(ring.backlog or self._lacking(ring) * 4 > self._size(ring) for ring in self.rings)

    def _size(self, ring: Ring) -> int:
        return self.nic[ring.base + R.LEN] >> 4 if self.nic[ring.base + R.DCTL] & R.DCTL_ENABLE else 0

    def _lacking(self, ring: Ring) -> int:
        """Descriptors between tail and head: written back, and not given again."""
        size, tail = self._size(ring), self.nic[ring.base + R.TAIL]
        return (self.nic[ring.base + R.HEAD] - tail - 1) % size if size else 0

    @staticmethod
    def _stripped(arrival: Arrival, dctl: int) -> tuple[bytes, int, int]:
        """Data, VLAN tag and status as the ring's owner wants them."""
        packet = arrival.packet
        if packet.vlan is not None and dctl & R.RXDCTL_VME:
            return packet.data, packet.vlan, arrival.status | VP
        return packet.frame, 0, arrival.status

    def _descriptor(self, base: int, index: int) -> int:
        return (self.nic[base + R.BAH] << 32 | self.nic[base + R.BAL]) + 16 * index

    def _fetch(self, ring: Ring, function: int, count: int, needed: int) -> bool:
        """Have at least `needed` buffers at hand, if the driver has given that many."""
        nic, base = self.nic, ring.base
        while len(ring.buffers) < needed:
            available = (nic[base + R.TAIL] - ring.fetched) % count if count else 0
            amount = min(available, FETCH, count - ring.fetched)
            if amount <= 0:
                return False
            data = nic.bus.dma_read(function, [(self._descriptor(base, ring.fetched), 16 * amount)])
            if data is None:
                nic.counters.totals["dma_errors"] += 1
                return False
            ring.buffers.extend(struct.unpack_from("<Q", data[0], 16 * i)[0] for i in range(amount))
            ring.fetched = (ring.fetched + amount) % count
        return True
