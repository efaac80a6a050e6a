# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Sockets that take frames off an interface: what `ss --xdp` and `ss --packet` ask (NETLINK_SOCK_DIAG).

Numbers and layouts: include/uapi/linux/{sock_diag,xdp_diag,packet_diag}.h, net/xdp/xsk_diag.c, net/packet/diag.c.
"""

from __future__ import annotations

import struct
import typing as t

from .netlink import NETLINK_SOCK_DIAG, attributes, dump, number

if t.TYPE_CHECKING:
    from .netlink import Dump

AF_PACKET, AF_XDP = 17, 44
SOCK_DIAG_BY_FAMILY = 20
XDP_SHOW_INFO, XDP_SHOW_UMEM, XDP_SHOW_STATS = 1, 1 << 2, 1 << 4
XDP_DIAG_INFO, XDP_DIAG_UMEM, XDP_DIAG_STATS = 1, 5, 9
PACKET_SHOW_INFO, PACKET_SHOW_RING_CFG, PACKET_SHOW_FANOUT = 1, 4, 8
PACKET_DIAG_INFO = 0
CAPTURES = (2, 3, 4)  # PACKET_DIAG_RX_RING, PACKET_DIAG_TX_RING, PACKET_DIAG_FANOUT

REQUEST = struct.Struct("=BBHIIII")  # struct xdp_diag_req, struct packet_diag_req: family, -, -, inode, show, cookie
UMEM = struct.Struct("=Q8I")  # struct xdp_diag_umem: size, id, pages, chunk, headroom, ifindex, queue, flags, -
ZERO_COPY = 1  # XDP_DU_F_ZEROCOPY
LOSSES = struct.Struct("=QQQQ")  # the first of struct xdp_diag_stats, which goes on with what is sent
LOSS_NAMES = ("rx_dropped", "rx_invalid_descs", "rx_ring_full", "rx_fill_ring_empty_descs")  # of XDP_STATISTICS
SOCKET = struct.Struct("=BBHIII")  # struct xdp_diag_msg, struct packet_diag_msg: family, type, -, inode, cookie


class FrameSocket(t.NamedTuple):
    """A socket on one interface.

    :param inode: the N of "socket:[N]" below /proc/PID/fd.
    :param queue: of an AF_XDP socket; None where it takes frames of all queues.
    """

    ifindex: int
    inode: int
    queue: int | None = None


class SocketLosses(t.NamedTuple):
    """What an AF_XDP socket has lost since it was made; what it has got is counted by nobody but its program.

    :param counts: by name of XDP_STATISTICS.
    """

    ifindex: int
    inode: int
    queue: int
    counts: dict[str, int]


class SockDiag:
    """Sockets of this network namespace, whichever process has them.

    :param ask: the way to the kernel; the real one unless told.
    """

    def __init__(self, ask: Dump = dump) -> None:
        self._ask = ask

    def xdp(self) -> list[FrameSocket]:
        """AF_XDP sockets that are bound.

        An unbound one ends the kernel's list: those behind it are missing (xsk_diag_dump, xsk_diag_fill).

        :raises KernelRefused: ENOENT where this kernel was built without CONFIG_XDP_SOCKETS_DIAG.
        :raises TookTooLong: see netlink.dump().
        """
        found = []
        for body in self._dump(AF_XDP, XDP_SHOW_INFO):
            inode = SOCKET.unpack_from(body)[3]
            info = attributes(body, SOCKET.size).get(XDP_DIAG_INFO, b"")
            found.append(FrameSocket(number(info) or 0, inode, number(info[4:])))
        return found

    def xdp_losses(self) -> list[SocketLosses]:
        """The same sockets with what they have lost; none where the kernel does not tell it (before Linux 5.9).

        :raises KernelRefused, TookTooLong: as xdp().
        """
        found = []
        for body in self._dump(AF_XDP, XDP_SHOW_INFO | XDP_SHOW_STATS):
            inode, said = SOCKET.unpack_from(body)[3], attributes(body, SOCKET.size)
            info, counts = said.get(XDP_DIAG_INFO, b""), said.get(XDP_DIAG_STATS, b"")
            if len(info) >= 8 and len(counts) >= LOSSES.size:
                lost = dict(zip(LOSS_NAMES, LOSSES.unpack_from(counts)))
                found.append(SocketLosses(number(info) or 0, inode, number(info[4:]) or 0, lost))
        return found

    def xdp_zero_copy(self, ifindex: int, queue: int) -> bool | None:
        """Whether the socket there gets frames without a copy; None where there is none, or it is not told.

        :raises KernelRefused, TookTooLong: as xdp().
        """
        for body in self._dump(AF_XDP, XDP_SHOW_INFO | XDP_SHOW_UMEM):
            said = attributes(body, SOCKET.size)
            info, umem = said.get(XDP_DIAG_INFO, b""), said.get(XDP_DIAG_UMEM, b"")
            if (number(info), number(info[4:])) == (ifindex, queue) and len(umem) >= UMEM.size:
                return bool(UMEM.unpack_from(umem)[7] & ZERO_COPY)
        return None

    def packet(self) -> list[FrameSocket]:
        """AF_PACKET sockets that capture: with a ring, or in a fanout group (Suricata, tcpdump, libpcap).

        Those without (DHCP clients, lldpd, systemd-networkd) are on every interface that is up, and use none.

        :raises KernelRefused, TookTooLong: as xdp().
        """
        found = []
        for body in self._dump(AF_PACKET, PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT):
            inode, said = SOCKET.unpack_from(body)[3], attributes(body, SOCKET.size)
            if any(kind in said for kind in CAPTURES):
                found.append(FrameSocket(number(said.get(PACKET_DIAG_INFO, b"")) or 0, inode))
        return found

    def _dump(self, family: int, show: int) -> list[bytes]:
        return self._ask(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, REQUEST.pack(family, 0, 0, 0, show, 0, 0))
