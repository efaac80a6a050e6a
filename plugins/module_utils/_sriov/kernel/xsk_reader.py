# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A program that counts the frames of one RX queue by an AF_XDP socket. It needs CAP_NET_RAW, and no more.

    python3 -I - INTERFACE QUEUE MAP SECONDS FRAMES MODE BPF < xsk_reader.py

It puts its socket into the pinned map MAP; ends after so many seconds, or once so many frames have come (0: once the
socket is in the map); BPF is the number of bpf(2) here. It prints a line of JSON for each thing that happens: "ready",
"result", "failed". One file that imports nothing of ours: it is run by another user, who cannot read our files.

Numbers and layouts: include/uapi/linux/if_xdp.h and bpf.h; they are the same on all architectures with 64 bits.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import mmap
import os
import select
import socket
import struct
import sys
import threading
import time
import typing as t

AF_XDP, SOL_XDP = 44, 283
MMAP_OFFSETS, RX_RING, UMEM_REG, FILL_RING, COMPLETION_RING, STATISTICS, OPTIONS = 1, 2, 4, 5, 6, 7, 8
RX_PLACE, FILL_PLACE = 0, 0x100000000  # XDP_PGOFF_RX_RING, XDP_UMEM_PGOFF_FILL_RING
MODES = {"any": 0, "copy": 1 << 1, "zerocopy": 1 << 2}  # XDP_COPY, XDP_ZEROCOPY
IS_ZEROCOPY = 1  # XDP_OPTIONS_ZEROCOPY
MAP_UPDATE, OBJ_GET = 2, 7
BPF_NOEXIST = 1  # nobody else's socket is replaced
BPF_SIZE = 128  # bytes of union bpf_attr that are given: what the kernel does not know of it must be zero, and is
CHUNKS, CHUNK = 1024, 4096  # 4 MiB, half of what a user may lock by itself; no page is smaller than a chunk
RING_DESCRIPTORS = {"rx": 16, "fill": 8}  # bytes: struct xdp_desc; an address
COUNTERS = (
    "rx_dropped",
    "rx_invalid_descs",
    "tx_invalid_descs",
    "rx_ring_full",
    "rx_fill_ring_empty_descs",
    "tx_ring_empty_descs",
)  # struct xdp_statistics; the first three before Linux 5.9

UMEM = struct.Struct("=QQIIII")  # struct xdp_umem_reg: place, size, size of a chunk, headroom, flags, -
ADDRESS = struct.Struct("=HHIII")  # struct sockaddr_xdp: family, flags, interface, queue, -
PINNED = struct.Struct("=QII")  # path, descriptor, flags
ELEMENT = struct.Struct("=IxxxxQQQ")  # descriptor, key, value, flags
NUMBER = struct.Struct("=I")


class Failed(Exception):
    """The kernel refused.

    :param act: what, in a word: "socket", "umem", "ring", "interface", "bind", "map", "put".
    """

    def __init__(self, act: str, number: int) -> None:
        super().__init__(act, number)
        self.act = act
        self.number = number


class Wanted(t.NamedTuple):
    """What is to be read.

    :param path: of the pinned map.
    :param seconds: the longest that it runs.
    :param frames: after which it ends; 0: once the socket is in the map; less: after the seconds.
    :param mode: one of MODES.
    :param bpf: the number of bpf(2) on this machine.
    """

    interface: str
    queue: int
    path: str
    seconds: float
    frames: int
    mode: str
    bpf: int

    def words(self) -> list[str]:
        """As the program takes them."""
        return [str(each) for each in self]


def parsed(words: t.Sequence[str]) -> Wanted:
    interface, queue, path, seconds, frames, mode, bpf = words
    return Wanted(interface, int(queue), path, float(seconds), int(frames), mode, int(bpf))


class Ring:
    """One that is shared with the kernel: who puts something in moves the producer on, who takes it out the consumer.

    :param offsets: struct xdp_ring_offset: of producer, consumer and descriptors.
    """

    def __init__(self, descriptor: int, offsets: t.Sequence[int], size: int, place: int) -> None:
        producer, consumer, first = offsets[:3]
        with acting("ring"):
            self._memory = mmap.mmap(descriptor, first + CHUNKS * size, offset=place)
        numbers = memoryview(self._memory)
        self._producer = numbers[producer : producer + 4].cast("I")
        self._consumer = numbers[consumer : consumer + 4].cast("I")
        self.entries = numbers[first : first + CHUNKS * size].cast("Q")

    @property
    def produced(self) -> int:
        number = self._producer[0]
        fence()
        return number

    def produce(self, number: int) -> None:
        fence()
        self._producer[0] = number & 0xFFFFFFFF

    def consume(self, number: int) -> None:
        fence()
        self._consumer[0] = number & 0xFFFFFFFF


class Reader:
    """An AF_XDP socket with its memory, in the map from put() on."""

    def __init__(self) -> None:
        with acting("socket"):
            self._socket = socket.socket(AF_XDP, socket.SOCK_RAW, 0)
        self._memory = mmap.mmap(-1, CHUNKS * CHUNK)
        place = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._set("umem", UMEM_REG, UMEM.pack(place, CHUNKS * CHUNK, CHUNK, 0, 0, 0))
        for ring in (FILL_RING, COMPLETION_RING, RX_RING):
            self._set("ring", ring, NUMBER.pack(CHUNKS))
        offsets = self._offsets()
        self._rx = Ring(self._socket.fileno(), offsets[0], RING_DESCRIPTORS["rx"], RX_PLACE)
        self._fill = Ring(self._socket.fileno(), offsets[2], RING_DESCRIPTORS["fill"], FILL_PLACE)
        self._taken, self._given = 0, CHUNKS
        for number in range(CHUNKS):
            self._fill.entries[number] = number * CHUNK
        self._fill.produce(self._given)

    def bind(self, interface: str, queue: int, mode: str) -> str:
        """:returns: "zerocopy" or "copy": what it has become."""
        with acting("interface"):
            number = socket.if_nametoindex(interface)
        address = ADDRESS.pack(AF_XDP, MODES[mode], number, queue, 0)
        call("bind", libc().bind, self._socket.fileno(), address, len(address))  # Python knows no such address
        options = NUMBER.unpack(self._socket.getsockopt(SOL_XDP, OPTIONS, NUMBER.size))[0]
        return "zerocopy" if options & IS_ZEROCOPY else "copy"

    def put(self, path: str, queue: int, bpf: int) -> None:
        """Into the map, which its user may open as any file."""
        name = ctypes.create_string_buffer(os.fsencode(path))
        descriptor = bpf_call("map", bpf, OBJ_GET, PINNED.pack(ctypes.addressof(name), 0, 0))
        try:
            key, value = ctypes.c_uint32(queue), ctypes.c_uint32(self._socket.fileno())
            places = (ctypes.addressof(key), ctypes.addressof(value))
            bpf_call("put", bpf, MAP_UPDATE, ELEMENT.pack(descriptor, *places, BPF_NOEXIST))
        finally:
            os.close(descriptor)

    def wait(self, seconds: float) -> None:
        """Until a frame is there, at most so long."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.poll(max(0.0, seconds) * 1000)

    def take(self) -> int:
        """The frames that are there, whose memory goes back to the kernel: how many."""
        count = (self._rx.produced - self._taken) & 0xFFFFFFFF
        for number in range(self._taken, self._taken + count):
            place = self._rx.entries[2 * (number % CHUNKS)]  # the first half of struct xdp_desc
            self._fill.entries[(self._given + number - self._taken) % CHUNKS] = place - place % CHUNK
        self._taken, self._given = self._taken + count, self._given + count
        self._rx.consume(self._taken)
        self._fill.produce(self._given)
        return count

    def statistics(self) -> dict[str, int]:
        """What the socket has lost; as many counters as this kernel has."""
        told = self._socket.getsockopt(SOL_XDP, STATISTICS, 8 * len(COUNTERS))
        return dict(zip(COUNTERS, struct.unpack(f"={len(told) // 8}Q", told)))

    def _set(self, act: str, option: int, value: bytes) -> None:
        with acting(act):
            self._socket.setsockopt(SOL_XDP, option, value)

    def _offsets(self) -> list[tuple[int, ...]]:
        """Of the four rings: RX, TX, fill, completion. Before Linux 5.4 they have no flags."""
        with acting("ring"):
            told = self._socket.getsockopt(SOL_XDP, MMAP_OFFSETS, 128)
        each = len(told) // 4
        return [struct.unpack_from(f"={each // 8}Q", told, ring * each) for ring in range(4)]


@contextlib.contextmanager
def acting(act: str) -> t.Iterator[None]:
    """An errno becomes Failed; Python gives none where there is no such interface."""
    try:
        yield
    except OSError as error:
        raise Failed(act, error.errno or errno.ENODEV) from None


_LOCK = threading.Lock()


def fence() -> None:
    """Reads and writes before it are done before those behind it: Python has no other way to say so.

    To give a lock back orders what is before, to take it again orders what is behind.
    """
    for _each in range(2):
        with _LOCK:
            pass


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def call(act: str, function: t.Any, *arguments: t.Any) -> int:
    answer = function(*arguments)
    if answer < 0:
        raise Failed(act, ctypes.get_errno())
    return int(answer)


def bpf_call(act: str, bpf: int, command: int, attributes: bytes) -> int:
    given = ctypes.create_string_buffer(attributes, BPF_SIZE)
    words = (ctypes.c_long(bpf), ctypes.c_int(command), ctypes.byref(given), ctypes.c_uint(BPF_SIZE))
    return call(act, libc().syscall, *words)


def read(wanted: Wanted, say: t.Callable[[dict[str, t.Any]], None]) -> None:
    """:raises Failed: the kernel refused."""
    reader = Reader()
    mode = reader.bind(wanted.interface, wanted.queue, wanted.mode)
    reader.put(wanted.path, wanted.queue, wanted.bpf)
    say({"event": "ready", "mode": mode})
    begun, spent, frames = time.monotonic(), time.process_time(), 0
    while wanted.frames < 0 or frames < wanted.frames:
        left = begun + wanted.seconds - time.monotonic()
        if left <= 0:
            break
        reader.wait(min(left, 0.5))
        frames += reader.take()
    took, spent = round(time.monotonic() - begun, 3), round(time.process_time() - spent, 6)
    lost = reader.statistics()
    say({"event": "result", "frames": frames, "seconds": took, "cpu_seconds": spent, "statistics": lost})


def main(words: t.Sequence[str]) -> int:
    def say(event: dict[str, t.Any]) -> None:
        print(json.dumps(event), flush=True)

    try:
        read(parsed(words), say)
    except Failed as failed:
        say({"event": "failed", "act": failed.act, "errno": failed.number, "text": os.strerror(failed.number)})
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # the rings are views of memory that Python will not unmap: the kernel does
