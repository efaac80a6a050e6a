# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames to send from the far end. Nothing here uses the model, so that tests have a second opinion."""

import socket
import struct

PORT_MAC = "02825990000a"


def sum16(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def ipv4(payload, proto=17, src="10.0.0.9", dst="10.0.0.2", fragment=0, bad=0):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, fragment, 64, proto, 0)
    head += socket.inet_aton(src) + socket.inet_aton(dst)
    return head[:10] + struct.pack("!H", sum16(head) ^ bad) + head[12:] + payload


def pseudo(src, dst, proto, length):
    return socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, proto, length)


def udp_datagram(payload, src, dst, sport, dport, bad=0):
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    value = sum16(pseudo(src, dst, 17, 8 + len(payload)) + head + payload) or 0xFFFF
    return head[:6] + struct.pack("!H", value ^ bad) + payload


def ethernet(ethertype, payload, mac=PORT_MAC, source="02aa00000001", vlan=None):
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    frame = bytes.fromhex(mac) + bytes.fromhex(source) + tag + struct.pack("!H", ethertype) + payload
    return frame + bytes(max(0, 60 - len(frame)))


def udp4(src="10.0.0.9", dst="10.0.0.2", sport=1000, dport=4321, payload=b"x" * 18, bad=0, bad_ip=0, **ether):
    datagram = udp_datagram(payload, src, dst, sport, dport, bad)
    return ethernet(0x0800, ipv4(datagram, 17, src, dst, bad=bad_ip), **ether)


def tcp4(src="10.0.0.9", dst="10.0.0.2", sport=1000, dport=80, payload=b"x" * 18, flags=0x18, seq=1, **ether):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq, 0, 0x50, flags, 1000, 0, 0)
    value = sum16(pseudo(src, dst, 6, 20 + len(payload)) + head + payload)
    segment = head[:16] + struct.pack("!H", value) + head[18:] + payload
    return ethernet(0x0800, ipv4(segment, 6, src, dst), **ether)
