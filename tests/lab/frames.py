"""Builds and reads Ethernet frames: IPv4 with UDP or TCP, and numbered test frames."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from lab.errors import LabError

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_VLAN = 0x8100
PROTOCOL_TCP = 6
PROTOCOL_UDP = 17
PROTOCOL_GRE = 47
PROTOCOL_SCTP = 132
DEFAULT_SRC_MAC = "02:00:00:00:ff:01"
TEST_PORT = 4321  # UDP destination of numbered test frames
MIN_FRAME = 60  # without the frame check sequence, which no NIC of the lab carries
_TEST_MAGIC = b"KBLT"
_TEST_HEADER = struct.Struct(">4sI")


def parse_mac(text: str) -> bytes:
    """``02:00:00:00:01:00`` as six bytes."""
    try:
        value = bytes.fromhex(text.replace(":", "").replace("-", ""))
    except ValueError:
        value = b""
    if len(value) != 6:
        raise LabError(f"{text!r} is not a MAC address such as 02:00:00:00:01:00.")
    return value


def format_mac(value: bytes) -> str:
    """Six bytes as ``02:00:00:00:01:00``."""
    return value.hex(":")


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(
    *, dst_mac: str, payload: bytes, ethertype: int, src_mac: str = DEFAULT_SRC_MAC, vlan: int | None = None
) -> bytes:
    """An Ethernet frame, padded to the least length; `vlan` adds an 802.1Q tag."""
    tag = b"" if vlan is None else struct.pack(">HH", ETHERTYPE_VLAN, vlan)
    frame = parse_mac(dst_mac) + parse_mac(src_mac) + tag + struct.pack(">H", ethertype) + payload
    return frame.ljust(MIN_FRAME, b"\0")


def ipv4(*, src_ip: str, dst_ip: str, protocol: int, payload: bytes) -> bytes:
    """An IPv4 packet without options."""

    def header(check: int) -> bytes:
        addresses = socket.inet_aton(src_ip), socket.inet_aton(dst_ip)
        return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, check, *addresses)

    return header(checksum(header(0))) + payload


def _transport_checksum(src_ip: str, dst_ip: str, protocol: int, segment: bytes) -> int:
    pseudo = socket.inet_aton(src_ip) + socket.inet_aton(dst_ip) + struct.pack(">BBH", 0, protocol, len(segment))
    return checksum(pseudo + segment)


def udp(
    *,
    dst_mac: str,
    src_ip: str = "10.0.0.1",
    dst_ip: str = "10.0.0.2",
    sport: int = 1234,
    dport: int = TEST_PORT,
    payload: bytes = b"",
    src_mac: str = DEFAULT_SRC_MAC,
    vlan: int | None = None,
) -> bytes:
    """A UDP datagram over IPv4 in an Ethernet frame."""

    def segment(check: int) -> bytes:
        return struct.pack(">HHHH", sport, dport, 8 + len(payload), check) + payload

    # 0 means "no checksum" in UDP, so a sum of 0 is sent as 0xffff (RFC 768).
    check = _transport_checksum(src_ip, dst_ip, PROTOCOL_UDP, segment(0)) or 0xFFFF
    packet = ipv4(src_ip=src_ip, dst_ip=dst_ip, protocol=PROTOCOL_UDP, payload=segment(check))
    return ethernet(dst_mac=dst_mac, src_mac=src_mac, ethertype=ETHERTYPE_IPV4, payload=packet, vlan=vlan)


def tcp(
    *,
    dst_mac: str,
    src_ip: str = "10.0.0.1",
    dst_ip: str = "10.0.0.2",
    sport: int = 1234,
    dport: int = TEST_PORT,
    payload: bytes = b"",
    flags: int = 0x02,
    seq: int = 0,
    ack: int = 0,
    src_mac: str = DEFAULT_SRC_MAC,
    vlan: int | None = None,
) -> bytes:
    """A TCP segment (SYN unless `flags` says otherwise) over IPv4 in an Ethernet frame."""

    def segment(check: int) -> bytes:
        return struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, check, 0) + payload

    check = _transport_checksum(src_ip, dst_ip, PROTOCOL_TCP, segment(0))
    packet = ipv4(src_ip=src_ip, dst_ip=dst_ip, protocol=PROTOCOL_TCP, payload=segment(check))
    return ethernet(dst_mac=dst_mac, src_mac=src_mac, ethertype=ETHERTYPE_IPV4, payload=packet, vlan=vlan)


def _crc32c(data: bytes) -> int:
    """The checksum of SCTP (RFC 9260, appendix A)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _bit in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def sctp(
    *,
    dst_mac: str,
    src_ip: str = "10.0.0.1",
    dst_ip: str = "10.0.0.2",
    sport: int = 1234,
    dport: int = TEST_PORT,
    payload: bytes = b"",
    src_mac: str = DEFAULT_SRC_MAC,
) -> bytes:
    """An SCTP packet with one DATA chunk over IPv4 in an Ethernet frame."""
    padded = payload + b"\0" * (-len(payload) % 4)
    chunk = struct.pack(">BBHIHHI", 0, 3, 16 + len(payload), 1, 0, 0, 0) + padded

    def packet(check: int) -> bytes:
        return struct.pack(">HHI", sport, dport, 0) + struct.pack("<I", check) + chunk

    data = ipv4(src_ip=src_ip, dst_ip=dst_ip, protocol=PROTOCOL_SCTP, payload=packet(_crc32c(packet(0))))
    return ethernet(dst_mac=dst_mac, src_mac=src_mac, ethertype=ETHERTYPE_IPV4, payload=data)


def gre(
    *,
    dst_mac: str,
    src_ip: str = "10.0.0.1",
    dst_ip: str = "10.0.0.2",
    payload: bytes = b"",
    src_mac: str = DEFAULT_SRC_MAC,
) -> bytes:
    """A packet of a protocol without ports: GRE, with something in it that is no packet."""
    header = struct.pack(">HH", 0, 0x88B5)  # an EtherType for experiments
    data = ipv4(src_ip=src_ip, dst_ip=dst_ip, protocol=PROTOCOL_GRE, payload=header + payload)
    return ethernet(dst_mac=dst_mac, src_mac=src_mac, ethertype=ETHERTYPE_IPV4, payload=data)


def mark(number: int) -> bytes:
    """What makes a frame of any kind a numbered one for `traffic.Reader`, as (the beginning of) its payload."""
    return _TEST_HEADER.pack(_TEST_MAGIC, number)


def numbered(
    number: int,
    *,
    dst_mac: str,
    dport: int = TEST_PORT,
    size: int = 64,
    src_mac: str = DEFAULT_SRC_MAC,
    vlan: int | None = None,
) -> bytes:
    """Test frame `number`: a UDP datagram of `size` bytes in all that carries its number."""
    headers = 14 + 20 + 8 + (0 if vlan is None else 4)
    room = size - headers
    if room < _TEST_HEADER.size:
        raise LabError(f"A test frame of {size} bytes: at least {headers + _TEST_HEADER.size} are needed.")
    payload = mark(number).ljust(room, b"\0")
    return udp(dst_mac=dst_mac, src_mac=src_mac, dport=dport, vlan=vlan, payload=payload)


@dataclass(frozen=True)
class Frame:
    """What a frame's Ethernet header says; `number` is set for a numbered test frame."""

    dst_mac: str
    src_mac: str
    ethertype: int
    vlan: int | None
    length: int
    number: int | None

    @classmethod
    def parse(cls, data: bytes) -> Frame:
        if len(data) < 14:
            raise LabError(f"{len(data)} bytes are no Ethernet frame.")
        (ethertype,) = struct.unpack_from(">H", data, 12)
        vlan, offset = None, 14
        if ethertype == ETHERTYPE_VLAN and len(data) >= 18:
            tag, ethertype = struct.unpack_from(">HH", data, 14)
            vlan, offset = tag & 0xFFF, 18
        number = _number_of(data, offset) if ethertype == ETHERTYPE_IPV4 else None
        return cls(format_mac(data[:6]), format_mac(data[6:12]), ethertype, vlan, len(data), number)

    def __str__(self) -> str:
        vlan = "" if self.vlan is None else f" vlan {self.vlan}"
        number = "" if self.number is None else f" test frame {self.number}"
        return f"{self.dst_mac} {self.src_mac} 0x{self.ethertype:04x} {self.length}{vlan}{number}"


def _number_of(data: bytes, offset: int) -> int | None:
    start = offset + 28
    if len(data) < start + _TEST_HEADER.size or data[offset + 9] != PROTOCOL_UDP:
        return None
    magic, number = _TEST_HEADER.unpack_from(data, start)
    return int(number) if magic == _TEST_MAGIC else None
