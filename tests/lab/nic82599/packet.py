# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hardware parser (7.1.2.1) finds in a frame: VLAN tag, addresses, ports, and whether checksums hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

IPV4, IPV6, VLAN = 0x0800, 0x86DD, 0x8100
TCP, UDP, SCTP = 6, 17, 132
MIN_FRAME = 60
IPV6_EXTENSIONS = frozenset((0, 43, 60))


def ones_sum(data: bytes | memoryview, start: int = 0) -> int:
    """Ones' complement sum of 16-bit words: 2**16 is 1 modulo 0xFFFF, so the sum is a remainder."""
    padded = bytes(data) + b"\0" * (len(data) & 1)
    return (int.from_bytes(padded, "big") + start) % 0xFFFF


def checksum(data: bytes | memoryview, start: int = 0) -> int:
    return 0xFFFF - ones_sum(data, start)


def insert_vlan(frame: bytes, tci: int) -> bytes:
    return frame[:12] + VLAN.to_bytes(2, "big") + tci.to_bytes(2, "big") + frame[12:]


@dataclass
class Packet:
    """A frame with its VLAN tag taken apart. Offsets are into `data`, which never carries the tag."""

    frame: bytes
    vlan: int | None
    data: bytes

    @classmethod
    def parse(cls, frame: bytes) -> Packet:
        if frame[12:14] == b"\x81\x00" and len(frame) >= 18:
            return cls(frame, int.from_bytes(frame[14:16], "big"), frame[:12] + frame[16:])
        return cls(frame, None, frame)

    @property
    def dst(self) -> bytes:
        return self.frame[:6]

    @property
    def src(self) -> bytes:
        return self.frame[6:12]

    @property
    def ethertype(self) -> int:
        return int.from_bytes(self.data[12:14], "big")

    @cached_property
    def ip(self) -> Ip | None:
        if self.ethertype == IPV4:
            return _parse_ipv4(self.data)
        if self.ethertype == IPV6:
            return _parse_ipv6(self.data)
        return None


@dataclass
class Ip:
    version: int
    src: bytes
    dst: bytes
    proto: int
    start: int  # of the IP header
    payload: int  # offset behind the IP headers
    end: int
    fragment: bool
    extended: bool  # options or extension headers
    data: bytes

    @cached_property
    def ports(self) -> tuple[int, int] | None:
        """(source, destination), None when there is no transport header to look at."""
        if self.fragment or self.proto not in (TCP, UDP, SCTP) or self.end - self.payload < 8:
            return None
        ports = self.data[self.payload : self.payload + 4]
        return int.from_bytes(ports[:2], "big"), int.from_bytes(ports[2:], "big")

    @property
    def header_ok(self) -> bool:
        return self.version == 6 or ones_sum(self.data[self.start : self.payload]) == 0

    @property
    def l4_checked(self) -> bool:
        """Whether the hardware looks at the transport checksum: never at fragments, nor at UDP sent without one."""
        if self.ports is None or self.proto == SCTP:
            return False
        return self.proto == TCP or self.data[self.payload + 6 : self.payload + 8] != b"\0\0"

    @property
    def l4_ok(self) -> bool:
        length = self.end - self.payload
        return ones_sum(self.data[self.payload : self.end], pseudo_header(self.src, self.dst, self.proto, length)) == 0


def pseudo_header(src: bytes, dst: bytes, proto: int, length: int) -> int:
    return ones_sum(src + dst) + proto + (length & 0xFFFF) + (length >> 16)


def _parse_ipv4(data: bytes) -> Ip | None:
    if len(data) < 34 or data[14] >> 4 != 4:
        return None
    payload = 14 + 4 * (data[14] & 15)
    end = 14 + int.from_bytes(data[16:18], "big")
    if payload < 34 or end < payload or end > len(data):
        return None
    fragment = bool(int.from_bytes(data[20:22], "big") & 0x3FFF)
    return Ip(4, data[26:30], data[30:34], data[23], 14, payload, end, fragment, payload > 34, data)


def _parse_ipv6(data: bytes) -> Ip | None:
    if len(data) < 54 or data[14] >> 4 != 6:
        return None
    end = 54 + int.from_bytes(data[18:20], "big")
    if end > len(data):
        return None
    proto, at = data[20], 54
    while proto in IPV6_EXTENSIONS and at + 8 <= end:
        proto, at = data[at], at + 8 + 8 * data[at + 1]
    fragment = proto == 44 and at + 8 <= end
    if fragment:
        proto = data[at]
    return Ip(6, data[22:38], data[38:54], proto, 14, min(at, end), end, fragment, at > 54, data)
