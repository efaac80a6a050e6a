# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The kernel's generic netlink family "netdev" (Linux 6.3 and later): which XDP features a driver says it has.

Numbers and names: include/uapi/linux/netlink.h, genetlink.h and netdev.h, Documentation/netlink/specs/netdev.yaml.
The same by hand: `tools/net/ynl/cli.py --spec netdev.yaml --do dev-get --json '{"ifindex": 3}'`.
"""

from __future__ import annotations

import errno
import socket
import struct
import typing as t

from ..errors import KernelRefused, TookTooLong

NETLINK_GENERIC = 16
NLM_F_REQUEST = 1
NLMSG_ERROR = 2
GENL_ID_CTRL = 16
CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 3, 1, 2
NETDEV_CMD_DEV_GET, NETDEV_A_DEV_IFINDEX, NETDEV_A_DEV_XDP_FEATURES = 1, 1, 3
NLA_TYPE_MASK = 0x3FFF  # the two bits above say "nested" and "network byte order"

MESSAGE = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
GENERIC = struct.Struct("=BBH")  # struct genlmsghdr: command, version, reserved
ATTRIBUTE = struct.Struct("=HH")  # struct nlattr: length, type

# enum netdev_xdp_act, by bit
XDP_FEATURES = ("basic", "redirect", "ndo-xmit", "xsk-zerocopy", "hw-offload", "rx-sg", "ndo-xmit-sg")

Ask = t.Callable[[bytes], bytes]
"""Sends one message to the kernel and gives its answer."""


def ask_kernel(request: bytes, timeout: float = 5.0) -> bytes:
    """One question over a socket of its own.

    :param timeout: seconds; the family answers under the rtnl lock, which a change of VFs holds for some.
    :raises KernelRefused: there is no such socket, with the errno.
    :raises TookTooLong: no answer in that time.
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as channel:
            channel.settimeout(timeout)
            return exchange(channel, request)
    except socket.timeout:
        raise TookTooLong(
            f"the kernel did not answer a generic netlink question in {timeout:g} s",
            why="it answers under the rtnl lock, and some change of an interface holds that",
            remedy="find out what hangs: see dmesg",
        ) from None
    except OSError as error:
        raise KernelRefused("generic netlink cannot be used", errno=error.errno) from None


def exchange(channel: socket.socket, request: bytes) -> bytes:
    """Send, and wait as long as the socket's timeout."""
    channel.send(request)
    return channel.recv(65536)


class NetdevGenl:
    """Questions about an interface, by its ifindex.

    :param ask: the way to the kernel; the real one unless told.
    """

    def __init__(self, ask: Ask = ask_kernel) -> None:
        self._ask = ask
        self._family: int | None = None
        self._looked_up = False

    def xdp_features(self, ifindex: int) -> frozenset[str] | None:
        """Names of XDP_FEATURES; None where this kernel has no such family and so cannot tell.

        :raises KernelRefused: with the errno, ENODEV where there is no such interface in this network namespace.
        :raises TookTooLong: see ask_kernel().
        """
        if not self._looked_up:
            self._family, self._looked_up = self._look_up(), True
        if self._family is None:
            return None
        return xdp_features(self._ask(features_request(self._family, ifindex)))

    def _look_up(self) -> int | None:
        try:
            return family_id(self._ask(family_request("netdev")))
        except KernelRefused as error:
            # ENOENT: ctrl_getfamily() in net/netlink/genetlink.c; EPROTONOSUPPORT: no generic netlink at all.
            if error.errno in (errno.ENOENT, errno.EPROTONOSUPPORT):
                return None
            raise


def family_request(name: str) -> bytes:
    """CTRL_CMD_GETFAMILY: `genl ctrl get name NAME`."""
    return _message(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, _attribute(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))


def features_request(family: int, ifindex: int) -> bytes:
    """NETDEV_CMD_DEV_GET."""
    return _message(family, NETDEV_CMD_DEV_GET, _attribute(NETDEV_A_DEV_IFINDEX, struct.pack("=I", ifindex)))


def family_id(answer: bytes) -> int:
    """The family's number: the message type of its messages."""
    return _number(answer, CTRL_ATTR_FAMILY_ID, "=H")


def xdp_features(answer: bytes) -> frozenset[str]:
    """The names of the bits that are set; "bit-N" for one that came after this was written."""
    word = _number(answer, NETDEV_A_DEV_XDP_FEATURES, "=Q")
    names = dict(enumerate(XDP_FEATURES))
    return frozenset(names.get(bit, f"bit-{bit}") for bit in range(64) if word >> bit & 1)


def attributes(answer: bytes) -> dict[int, bytes]:
    """Type and value of each attribute.

    :raises KernelRefused: the answer is an error, or is cut short.
    """
    if len(answer) < MESSAGE.size + GENERIC.size:
        raise KernelRefused("generic netlink's answer is cut short", why=f"it has {len(answer)} bytes")
    _length, kind, _flags, _sequence, _port = MESSAGE.unpack_from(answer)
    if kind == NLMSG_ERROR:
        (error,) = struct.unpack_from("=i", answer, MESSAGE.size)  # struct nlmsgerr begins with it, negative
        raise KernelRefused("generic netlink refused a question", errno=-error)
    found, offset = {}, MESSAGE.size + GENERIC.size
    while offset + ATTRIBUTE.size <= len(answer):
        length, kind = ATTRIBUTE.unpack_from(answer, offset)
        if length < ATTRIBUTE.size:
            break
        found[kind & NLA_TYPE_MASK] = answer[offset + ATTRIBUTE.size : offset + length]
        offset += _aligned(length)
    return found


def _number(answer: bytes, kind: int, form: str) -> int:
    value = attributes(answer).get(kind, b"")
    if len(value) != struct.calcsize(form):
        raise KernelRefused("generic netlink's answer lacks a number", why=f"attribute {kind} has {len(value)} bytes")
    return int(struct.unpack(form, value)[0])


def _message(kind: int, command: int, payload: bytes) -> bytes:
    body = GENERIC.pack(command, 1, 0) + payload
    return MESSAGE.pack(MESSAGE.size + len(body), kind, NLM_F_REQUEST, 1, 0) + body


def _attribute(kind: int, value: bytes) -> bytes:
    length = ATTRIBUTE.size + len(value)
    return (ATTRIBUTE.pack(length, kind) + value).ljust(_aligned(length), b"\0")


def _aligned(length: int) -> int:
    return (length + 3) & ~3
