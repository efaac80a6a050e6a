# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Netlink messages, and dumps of what the kernel lists (include/uapi/linux/netlink.h)."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import sys
import typing as t

from ..errors import KernelRefused, TookTooLong
from ..model.printable import printable

NETLINK_ROUTE, NETLINK_SOCK_DIAG = 0, 4
NLM_F_REQUEST, NLM_F_DUMP_INTR, NLM_F_DUMP = 1, 0x10, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_TYPE_MASK = 0x3FFF  # the two bits above say "nested" and "network byte order"
LARGEST = 1 << 18  # bytes; the kernel sends at most 32 kB at once
TRIES = 3  # of a list that changes while it is read

MESSAGE = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
ATTRIBUTE = struct.Struct("=HH")  # struct nlattr: length, type

Receive = t.Callable[[], bytes]
Dump = t.Callable[[int, int, bytes], t.List[bytes]]
"""(netlink protocol, type of the question, its payload) -> the payloads of the answers."""


class Changed(Exception):
    """The list changed while it was read: some of it may be missing."""


def dump(protocol: int, kind: int, payload: bytes, timeout: float = 5.0) -> list[bytes]:
    """All that the kernel lists in answer to one question, as this network namespace has it.

    :param timeout: seconds for each part; some are answered under the rtnl lock.
    :raises KernelRefused: with the errno; ENOENT where this kernel cannot tell such things.
    :raises TookTooLong: no answer in that time.
    """
    with _asked(protocol, timeout) as channel:
        for _try in range(TRIES):
            channel.send(_question(kind, payload))
            try:
                return list(answers(lambda: channel.recv(LARGEST)))
            except Changed:
                continue
    raise KernelRefused("netlink gives no whole answer", why=f"what it lists changed {TRIES} times meanwhile")


def first(protocol: int, kind: int, payload: bytes, timeout: float = 5.0) -> list[bytes]:
    """As dump(), the first of them alone: of a list that may be very long, whether there is any."""
    with _asked(protocol, timeout) as channel:
        channel.send(_question(kind, payload))
        return list(itertools.islice(answers(lambda: channel.recv(LARGEST)), 1))


@contextlib.contextmanager
def _asked(protocol: int, timeout: float) -> t.Iterator[socket.socket]:
    """:raises KernelRefused, TookTooLong: as dump()."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as channel:
            channel.settimeout(timeout)
            yield channel
    except socket.timeout:
        raise TookTooLong(f"the kernel did not answer a netlink question in {timeout:g} s") from None
    except OSError as error:
        raise KernelRefused("netlink cannot be used", errno=error.errno) from None


def _question(kind: int, payload: bytes) -> bytes:
    return message(kind, payload, NLM_F_REQUEST | NLM_F_DUMP)


def answers(receive: Receive) -> t.Iterator[bytes]:
    """The payload of each message up to the end of a dump.

    :raises KernelRefused: the answer is an error.
    :raises Changed: at the end of a dump that is not whole.
    """
    changed = False
    while True:
        data, offset = receive(), 0
        while offset + MESSAGE.size <= len(data):
            length, kind, flags, _sequence, _port = MESSAGE.unpack_from(data, offset)
            body = data[offset + MESSAGE.size : offset + length]
            changed = changed or bool(flags & NLM_F_DUMP_INTR)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                _check(body)
                if changed:
                    raise Changed
                return
            yield body
            offset += aligned(max(length, MESSAGE.size))


def _check(body: bytes) -> None:
    """Errors and ends of dumps both begin with the errno, negative; 0 is none."""
    error = struct.unpack_from("=i", body)[0] if len(body) >= 4 else 0
    if error < 0:
        raise KernelRefused("netlink refused a question", errno=-error)


def message(kind: int, payload: bytes, flags: int = NLM_F_REQUEST) -> bytes:
    return MESSAGE.pack(MESSAGE.size + len(payload), kind, flags, 1, 0) + payload


def attribute(kind: int, value: bytes) -> bytes:
    length = ATTRIBUTE.size + len(value)
    return (ATTRIBUTE.pack(length, kind) + value).ljust(aligned(length), b"\0")


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Type and value of each attribute from an offset on."""
    return dict(pairs(data, offset))


def pairs(data: bytes, offset: int = 0) -> t.Iterator[tuple[int, bytes]]:
    """The same, where there may be several of a type."""
    while offset + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, offset)
        if length < ATTRIBUTE.size:
            break
        yield kind & NLA_TYPE_MASK, data[offset + ATTRIBUTE.size : offset + length]
        offset += aligned(length)


def number(value: bytes) -> int | None:
    """Of 32 bits; None where there is none."""
    return int.from_bytes(value[:4], sys.byteorder) if len(value) >= 4 else None


def text(value: bytes) -> str:
    """A name. In another namespace its owner has chosen it."""
    return printable(value.rstrip(b"\0").decode(errors="replace"))


def aligned(length: int) -> int:
    return (length + 3) & ~3
