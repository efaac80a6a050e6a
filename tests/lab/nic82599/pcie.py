# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire to QEMU: one SOCK_SEQPACKET connection, spoken by shim/pciefn.c at the other end.

Every packet is a header of 24 bytes and data. QEMU asks (a register read waits for its answer, everything else is
posted); the model asks for memory and for interrupts. Whoever waits for an answer goes on taking packets: QEMU serves
DMA meanwhile, the model puts them aside in order, so neither can wait for the other."""

import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

HEADER = struct.Struct("<BBBBIQQ")  # op, function, bar, size, len, addr, val
SEGMENT = struct.Struct("<QI")
READ, WRITE, RESET, CONFIG, DMA_DATA = 1, 2, 3, 4, 5
HELLO, READ_REPLY, DMA_READ, DMA_WRITE, MSIX = 16, 17, 18, 19, 20
MAX_DMA = 96 * 1024  # a packet must fit the socket's send buffer (208 KiB by default) twice

Write = tuple[int, bytes]


@dataclass(frozen=True)
class Identity:
    """What the shim tells QEMU the function is (struct hello)."""

    vendor: int = 0x8086
    device: int = 0x10FB
    vf_device: int = 0x10ED
    subvendor: int = 0x8086
    subdevice: int = 0x0003
    class_id: int = 0x0200
    revision: int = 1
    total_vfs: int = 63
    vf_offset: int = 128
    vf_stride: int = 2
    vectors: int = 64
    vf_vectors: int = 3
    msix_bar: int = 4
    vf_msix_bar: int = 3
    bar_size: int = 0x20000
    vf_bar_size: int = 0x4000

    def packet(self) -> bytes:
        words = [getattr(self, name) for name in self.__dataclass_fields__]
        return HEADER.pack(HELLO, 0, 0, 0, 0, 0, 0) + struct.pack("<8s14H2I", b"PCIEFN1\0", *words)


class Pcie:
    """One connection to QEMU. `handler` gets what QEMU asks; Disconnected is raised when QEMU has gone."""

    class Disconnected(Exception):
        pass

    def __init__(self, sock: socket.socket, identity: Identity):
        self.sock = sock
        self.handler: Callable[[int, int, int, int, int], int | None] = lambda *request: None
        self._aside: deque[bytes] = deque()
        self._buffer = bytearray(256 * 1024)
        self._view = memoryview(self._buffer)
        self._send(identity.packet())

    def fileno(self) -> int:
        return self.sock.fileno()

    def _send(self, packet: bytes) -> None:
        try:
            self.sock.send(packet)
        except OSError as err:
            raise self.Disconnected from err

    def _receive(self, flags: int = 0) -> int:
        try:
            size = self.sock.recv_into(self._buffer, 0, flags)
        except BlockingIOError:
            return 0
        except OSError as err:
            raise self.Disconnected from err
        if not size:
            raise self.Disconnected
        return size

    def pump(self, limit: int = 256) -> None:
        """Handle what has arrived, at most `limit` packets, so that frames get their turn."""
        for _turn in range(limit):
            if self._aside:
                self._handle(self._aside.popleft())
                continue
            if not self._receive(socket.MSG_DONTWAIT):
                return
            self._handle(self._buffer)

    @property
    def waiting(self) -> bool:
        """Packets were put aside: the socket alone does not tell that there is work."""
        return bool(self._aside)

    def _handle(self, packet: bytes | bytearray) -> None:
        op, function, _bar, size, _length, addr, val = HEADER.unpack_from(packet)
        answer = self.handler(op, function, size, addr, val)
        if op == READ:
            self._send(HEADER.pack(READ_REPLY, function, 0, size, 0, addr, answer or 0))

    def dma_read(self, function: int, segments: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """The guest's memory at each (address, length); None when the function may not read there."""
        parts: list[bytes] = []
        for batch in _batches(segments, lambda segment: segment[1]):
            data = self._dma_read(function, batch)
            if data is None:
                return None
            parts += data
        return parts

    def _dma_read(self, function: int, segments: Sequence[tuple[int, int]]) -> list[bytes] | None:
        wanted = b"".join(SEGMENT.pack(*segment) for segment in segments)
        self._send(HEADER.pack(DMA_READ, function, 0, 0, len(segments), 0, 0) + wanted)
        while True:
            size = self._receive()
            if self._buffer[0] == DMA_DATA:
                break
            self._aside.append(bytes(self._view[:size]))
        if HEADER.unpack_from(self._buffer)[6]:
            return None
        parts, at = [], HEADER.size
        for _address, length in segments:
            parts.append(bytes(self._view[at : at + length]))
            at += length
        return parts

    def dma_write(self, function: int, writes: Sequence[Write]) -> None:
        """Posted, in order: a descriptor may follow its data in one call."""
        for batch in _batches(writes, lambda write: len(write[1])):
            head = HEADER.pack(DMA_WRITE, function, 0, 0, len(batch), 0, 0)
            table = b"".join(SEGMENT.pack(addr, len(data)) for addr, data in batch)
            self._send(b"".join((head, table, *(data for _head, data in batch))))

    def msix(self, function: int, vector: int) -> None:
        self._send(HEADER.pack(MSIX, function, 0, 0, 0, 0, vector))


def _batches(items: Sequence, length: Callable) -> list[list]:
    batches: list[list] = [[]]
    room = MAX_DMA
    for item in items:
        need = length(item) + SEGMENT.size
        if need > room and batches[-1]:
            batches.append([])
            room = MAX_DMA
        batches[-1].append(item)
        room -= need
    return batches if batches[-1] else []
