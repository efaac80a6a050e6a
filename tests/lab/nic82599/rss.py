# SPDX-License-Identifier: GPL-3.0-or-later
"""Receive side scaling (7.1.2.8): Toeplitz hash, one key and one indirection table for the PF and all VFs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import packet as P
from . import regs as R

if TYPE_CHECKING:
    from .nic import Nic

KEY_BYTES, LONGEST_INPUT = 40, 36
# RSS types of the receive descriptor (7.1.6.2), each with its enable bit in MRQC
TCP4, IP4, TCP6, IP6, UDP4, UDP6 = 1, 2, 3, 5, 7, 8
ENABLE = {TCP4: 1 << 16, IP4: 1 << 17, IP6: 1 << 20, TCP6: 1 << 21, UDP4: 1 << 22, UDP6: 1 << 23}
WITH_PORTS = {(4, P.TCP): TCP4, (4, P.UDP): UDP4, (6, P.TCP): TCP6, (6, P.UDP): UDP6}


def tables(key: bytes) -> list[list[int]]:
    """For every position of an input byte, its contribution by value: a hash is then one XOR a byte."""
    bits = int.from_bytes(key, "big")
    total = 8 * len(key)
    rows = []
    for position in range(LONGEST_INPUT):
        windows = [bits >> total - 32 - (8 * position + bit) & 0xFFFFFFFF for bit in range(8)]
        row = [0] * 256
        for value in range(1, 256):
            low = value & -value
            row[value] = row[value ^ low] ^ windows[8 - low.bit_length()]
        rows.append(row)
    return rows


def toeplitz(rows: list[list[int]], data: bytes) -> int:
    value = 0
    for row, byte in zip(rows, data, strict=False):
        value ^= row[byte]
    return value


class Rss:
    def __init__(self, nic: Nic):
        self.nic = nic
        self._key = b""
        self._rows: list[list[int]] = []

    def _rows_of_key(self) -> list[list[int]]:
        first = R.RSSRK >> 2
        key = self.nic.words[first : first + KEY_BYTES // 4].tobytes()
        if key != self._key:
            self._key, self._rows = key, tables(key)
        return self._rows

    def hash(self, packet: P.Packet) -> tuple[int, int]:
        """(RSS type, hash); type 0 when nothing in the frame is to be hashed."""
        ip, mrqc = packet.ip, self.nic[R.MRQC]
        if ip is None:
            return 0, 0
        kind = WITH_PORTS.get((ip.version, ip.proto), 0) if ip.ports else 0
        if kind and mrqc & ENABLE[kind]:
            return kind, toeplitz(self._rows_of_key(), ip.src + ip.dst + ip.data[ip.payload : ip.payload + 4])
        kind = IP4 if ip.version == 4 else IP6
        if mrqc & ENABLE[kind]:
            return kind, toeplitz(self._rows_of_key(), ip.src + ip.dst)
        return 0, 0

    def queue(self, pool: int | None, rss_type: int, value: int) -> int:
        """The absolute queue for a frame of this hash; `pool` None: no pools."""
        nic = self.nic
        mode = nic[R.MRQC] & 0xF
        if not rss_type:
            entry = 0
        else:
            index = value & 0x7F
            entry = nic[R.RETA + (index & ~3)] >> 8 * (index & 3) & 0xF
        if pool is None:
            return entry if mode == R.MRQC_RSS else 0
        if mode not in (R.MRQC_VMDQ_RSS32, R.MRQC_VMDQ_RSS64):
            entry = 0
        # PSRTYPE.RQPL: how many queues the pool's owner opened, as a power of two
        opened = 1 << (nic[R.PSRTYPE + 4 * pool] >> R.PSRTYPE_RQPL_SHIFT)
        per = nic.queues_per_pool or 1
        return pool * per + (entry & (min(opened, per) - 1))
