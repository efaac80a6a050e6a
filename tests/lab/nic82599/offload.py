# SPDX-License-Identifier: GPL-3.0-or-later
"""What the transmit path does to a frame: checksums (7.2.5) and segmentation (7.2.4).

As silicon does, the transport checksum starts from what the driver left in the field (the pseudo header's sum), so that
a driver that leaves a wrong one makes a wrong frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from . import packet

TSE = 1 << 31
IXSM, TXSM = 1 << 8, 1 << 9  # POPTS of the data descriptor
L4T_UDP, L4T_TCP, L4T_SCTP = 0, 1, 2
CHECKSUM_AT = {L4T_UDP: 6, L4T_TCP: 16}
FIN_PSH, CWR = 0x09, 0x80


@dataclass(frozen=True)
class Context:
    """An advanced context descriptor (7.2.3.2.3)."""

    vlan: int = 0
    mac_length: int = 0
    ip_length: int = 0
    ipv4: bool = False
    l4_type: int = 0
    l4_length: int = 0
    mss: int = 0

    @classmethod
    def parse(cls, low: int, command: int, options: int) -> Context:
        return cls(
            vlan=low >> 16 & 0xFFFF,
            mac_length=low >> 9 & 0x7F,
            ip_length=low & 0x1FF,
            ipv4=bool(command >> 10 & 1),
            l4_type=command >> 11 & 3,
            l4_length=options >> 8 & 0xFF,
            mss=options >> 16,
        )

    @property
    def l4_start(self) -> int:
        return self.mac_length + self.ip_length


def frames(data: bytes, command: int, options: int, context: Context) -> Iterator[bytes]:
    if command & TSE and context.mss:
        yield from _segments(data, options, context)
    elif options & (IXSM | TXSM):
        frame = bytearray(data)
        _checksums(frame, options, context, 0)
        yield bytes(frame)
    else:
        yield data


def checksum(data: bytearray, start: int = 0) -> int:
    return packet.checksum(bytes(data), start)


def _checksums(frame: bytearray, options: int, context: Context, l4_extra: int) -> None:
    start = context.mac_length
    if options & IXSM and context.ip_length:
        frame[start + 10 : start + 12] = b"\0\0"
        frame[start + 10 : start + 12] = checksum(frame[start : context.l4_start]).to_bytes(2, "big")
    if not options & TXSM:
        return
    start = context.l4_start
    if context.l4_type == L4T_SCTP:
        frame[start + 8 : start + 12] = bytes(4)
        frame[start + 8 : start + 12] = crc32c(frame[start:]).to_bytes(4, "little")
        return
    at = start + CHECKSUM_AT.get(context.l4_type, 16)
    value = checksum(frame[start:], l4_extra)
    if context.l4_type == L4T_UDP and not value:
        value = 0xFFFF  # 0 means: sent without a checksum
    frame[at : at + 2] = value.to_bytes(2, "big")


def _segments(data: bytes, options: int, context: Context) -> Iterator[bytes]:
    header_end = context.l4_start + context.l4_length
    header, payload = data[:header_end], data[header_end:]
    for number, at in enumerate(range(0, len(payload) or 1, context.mss)):
        part = payload[at : at + context.mss]
        frame = bytearray(header + part)
        last = at + context.mss >= len(payload)
        _fix_ip(frame, context, number)
        _fix_l4(frame, context, at, number == 0, last)
        # The driver's pseudo header has no length in it: each segment's is its own.
        _checksums(frame, options | TXSM, context, len(frame) - context.l4_start)
        yield bytes(frame)


def _fix_ip(frame: bytearray, context: Context, number: int) -> None:
    ip = context.mac_length
    if context.ipv4:
        frame[ip + 2 : ip + 4] = (len(frame) - ip).to_bytes(2, "big")
        ident = int.from_bytes(frame[ip + 4 : ip + 6], "big") + number & 0xFFFF
        frame[ip + 4 : ip + 6] = ident.to_bytes(2, "big")
    else:
        frame[ip + 4 : ip + 6] = (len(frame) - ip - 40).to_bytes(2, "big")


def _fix_l4(frame: bytearray, context: Context, at: int, first: bool, last: bool) -> None:
    l4 = context.l4_start
    if context.l4_type == L4T_UDP:
        frame[l4 + 4 : l4 + 6] = (len(frame) - l4).to_bytes(2, "big")
        return
    sequence = int.from_bytes(frame[l4 + 4 : l4 + 8], "big") + at & 0xFFFFFFFF
    frame[l4 + 4 : l4 + 8] = sequence.to_bytes(4, "big")
    if not last:
        frame[l4 + 13] &= ~FIN_PSH
    if not first:
        frame[l4 + 13] &= ~CWR & 0xFF


def _crc32c_table() -> list[int]:
    table = []
    for value in range(256):
        for _turn in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC32C = _crc32c_table()


def crc32c(data: bytes | bytearray) -> int:
    """SCTP's checksum."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
