# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets that take frames off an interface: the bytes of both sides, and this kernel's answers."""

from __future__ import annotations

import os
import socket
import struct

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.netlink import attribute
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sock_diag import (
    FrameSocket,
    SockDiag,
    SocketLosses,
)

SOL_PACKET, PACKET_RX_RING, PACKET_FANOUT = 263, 5, 18


class Told:
    """A kernel that gives these answers."""

    def __init__(self, *bodies):
        self.bodies, self.asked = list(bodies), []

    def __call__(self, protocol, kind, payload):
        self.asked.append((protocol, kind, payload.hex()))
        return self.bodies


def test_af_xdp_sockets_are_asked_with_their_interface_and_queue():
    """struct xdp_diag_req, xdp_diag_msg and xdp_diag_info."""
    head = struct.pack("=BBHIII", 44, 3, 0, 0x1234, 1, 0)
    told = Told(head + attribute(1, struct.pack("=II", 3, 5)) + attribute(2, struct.pack("=I", 0)))
    assert SockDiag(told).xdp() == [FrameSocket(3, 0x1234, 5)]
    assert told.asked == [(4, 20, "2c000000" + "00000000" + struct.pack("=I", 1).hex() + "00" * 8)]


def test_what_af_xdp_sockets_lose_is_asked_beside_where_they_are():
    """struct xdp_diag_stats: dropped, invalid, RX ring full, fill ring empty, and two of what is sent."""
    head = struct.pack("=BBHIII", 44, 3, 0, 0x1234, 1, 0)
    where, lost = attribute(1, struct.pack("=II", 3, 5)), attribute(9, struct.pack("=6Q", 1, 2, 3, 4, 5, 6))
    told = Told(head + where + lost, head + where)
    counts = {"rx_dropped": 1, "rx_invalid_descs": 2, "rx_ring_full": 3, "rx_fill_ring_empty_descs": 4}
    assert SockDiag(told).xdp_losses() == [SocketLosses(3, 0x1234, 5, counts)]
    assert told.asked == [(4, 20, "2c000000" + "00000000" + struct.pack("=I", 1 | 16).hex() + "00" * 8)]


@pytest.mark.parametrize(("queue", "flags", "told"), [(5, 1, True), (5, 0, False), (6, 1, None)])
def test_whether_frames_come_without_a_copy_is_a_flag_of_its_memory(queue, flags, told):
    """struct xdp_diag_umem: size, id, pages, chunk, headroom, interface, queue, flags, references."""
    head = struct.pack("=BBHIII", 44, 3, 0, 0x1234, 1, 0)
    umem = attribute(5, struct.pack("=Q8I", 1 << 22, 7, 1024, 4096, 0, 3, 5, flags, 1))
    kernel = Told(head + attribute(1, struct.pack("=II", 3, 5)) + umem)
    assert SockDiag(kernel).xdp_zero_copy(3, queue) is told
    assert kernel.asked == [(4, 20, "2c000000" + "00000000" + struct.pack("=I", 1 | 4).hex() + "00" * 8)]


def test_packet_sockets_are_asked_with_rings_and_fanout():
    head = struct.pack("=BBHIII", 17, 3, 0, 0x77, 1, 0)
    info = attribute(0, struct.pack("=IIIIII", 3, 2, 0, 0, 0, 1))
    told = Told(head + info, head + info + attribute(4, b"\0" * 4), head + info + attribute(2, b"\0" * 28))
    assert SockDiag(told).packet() == [FrameSocket(3, 0x77), FrameSocket(3, 0x77)]
    assert told.asked == [(4, 20, "11000000" + "00000000" + struct.pack("=I", 1 | 4 | 8).hex() + "00" * 8)]


@pytest.fixture
def packet_socket():
    """On lo; skipped where this user may have none."""
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as found:
            yield found
    except PermissionError:
        pytest.skip("needs CAP_NET_RAW")


@pytest.mark.parametrize("way", ["nothing", "ring", "fanout"])
def test_this_kernel_tells_who_captures(packet_socket, way):
    if way == "ring":
        packet_socket.setsockopt(SOL_PACKET, PACKET_RX_RING, struct.pack("=IIII", 4096, 1, 2048, 2))
    packet_socket.bind(("lo", 0x0800))
    if way == "fanout":
        packet_socket.setsockopt(SOL_PACKET, PACKET_FANOUT, os.getpid() & 0xFFFF)
    inode = os.fstat(packet_socket.fileno()).st_ino
    try:
        found = [each for each in SockDiag().packet() if each.inode == inode]
    except KernelRefused as error:
        pytest.skip(f"packet_diag: {error}")
    assert found == ([] if way == "nothing" else [FrameSocket(socket.if_nametoindex("lo"), inode)])
