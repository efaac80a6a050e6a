# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""TCP connections: /proc/net/tcp and tcp6, which each kernel has (net/ipv4/tcp_ipv4.c get_tcp4_sock)."""

from __future__ import annotations

import ipaddress
import re
import sys
import typing as t

from ..model.paths import TCP_TABLES

if t.TYPE_CHECKING:
    from .sysfs import Sysfs

ESTABLISHED = "01"  # include/net/tcp_states.h TCP_ESTABLISHED
END = re.compile(r"([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})")
MOST = 64 << 20  # bytes


class Connection(t.NamedTuple):
    """One that is established, in this network namespace.

    :param inode: the N of "socket:[N]" below /proc/PID/fd.
    """

    local: str
    local_port: int
    remote: str
    remote_port: int
    inode: int


class Tcp:
    """Reads them."""

    def __init__(self, sysfs: Sysfs) -> None:
        self._sysfs = sysfs

    def established(self) -> list[Connection]:
        """Those of IPv4 that an IPv6 socket has are of IPv4. A table that is not there has none (no IPv6)."""
        lines = (line.split() for path in TCP_TABLES for line in self._lines(path))
        found = (_connection(words) for words in lines if len(words) > 9 and words[3] == ESTABLISHED)
        return [each for each in found if each]

    def unread(self) -> list[str]:
        """Tables that could not be read up to now."""
        return [path for path in TCP_TABLES if path in self._sysfs.refused]

    def _lines(self, path: str) -> list[str]:
        return self._sysfs.read_bytes(path, MOST).decode("ascii", "replace").splitlines()[1:]


def _connection(words: list[str]) -> Connection | None:
    ends = [END.fullmatch(word) for word in words[1:3]]
    if not ends[0] or not ends[1] or not words[9].isdigit():
        return None
    local, remote = ends[0], ends[1]
    ours, theirs = ((_address(end.group(1)), int(end.group(2), 16)) for end in (local, remote))
    return Connection(*ours, *theirs, int(words[9]))


def _address(digits: str) -> str:
    """Each 32 bits are printed as the number that they are in this machine's order."""
    words = [int(digits[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(digits), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)
