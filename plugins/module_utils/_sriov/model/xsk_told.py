# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What the reader of AF_XDP frames prints (kernel/xsk_reader.py), and why it could not read. Pure."""

from __future__ import annotations

import errno
import json
import typing as t

MOST = 400  # characters of what else it prints that a refusal quotes


class Cause(t.NamedTuple):
    why: str
    remedy: str


MAP_REMEDY = "have the queue prepared first: module xsk_queue, or role queue_bypass"
UNIT_REMEDY = "AmbientCapabilities=CAP_NET_RAW for its service: role queue_bypass writes it (queue_bypass_units)"

# Linux 6.12: net/xdp/xsk.c, xdp_umem.c, xsk_buff_pool.c, xskmap.c; kernel/bpf/{syscall,inode}.c.
CAUSES: t.Mapping[tuple[str, int], Cause] = {
    ("socket", errno.EPERM): Cause("it may not open an AF_XDP socket without CAP_NET_RAW", UNIT_REMEDY),
    ("socket", errno.EAFNOSUPPORT): Cause(
        "this kernel was built without AF_XDP (CONFIG_XDP_SOCKETS)", "boot one that has it, or use a VF with DPDK"
    ),
    ("umem", errno.ENOBUFS): Cause(
        "it may not lock its memory (RLIMIT_MEMLOCK)",
        "LimitMEMLOCK=infinity for its service: role queue_bypass writes it (queue_bypass_units)",
    ),
    ("interface", errno.ENODEV): Cause("there is no such interface", "look whether it was renamed meanwhile"),
    ("bind", errno.EBUSY): Cause("another program has the queue", "end it, or read from another queue"),
    ("bind", errno.EINVAL): Cause("the interface has no such queue", "name one of those that it has (ethtool -l)"),
    ("bind", errno.ENETDOWN): Cause("the interface is down", "set it up (ip link set dev NAME up)"),
    ("bind", errno.EOPNOTSUPP): Cause(
        "the driver does not do so on this kernel: without zero-copy there is copy mode", "mode: copy, or any"
    ),
    ("map", errno.ENOENT): Cause("the map is not there", MAP_REMEDY),
    ("map", errno.EACCES): Cause(
        "its user may not open the map", "put the user into the group that the queue was given (dpdk_users, or usermod)"
    ),
    ("map", errno.EPERM): Cause(
        "this kernel leaves bpf(2) to root: since Linux 5.19 the modes of the map decide",
        "boot a newer kernel, or give it CAP_BPF as well",
    ),
    ("put", errno.EEXIST): Cause("the map has another program's socket for this queue", "end it"),
    ("put", errno.E2BIG): Cause("the map was made for fewer queues", "have the queue prepared again"),
}


class Failure(t.NamedTuple):
    """:param act: one of the reader's, "" where it did not come to any.

    :param number: the errno.
    """

    act: str
    number: int

    @property
    def cause(self) -> Cause | None:
        return CAUSES.get((self.act, self.number))


class Told(t.NamedTuple):
    """What it has told.

    :param mode: "zerocopy" or "copy"; None where its socket was not in the map.
    :param frames: None where it did not come to its end.
    :param statistics: what its socket has lost, by name of XDP_STATISTICS.
    :param said: what else was printed, by the program or by who starts it.
    """

    mode: str | None = None
    frames: int | None = None
    seconds: float = 0.0
    statistics: t.Mapping[str, int] = {}
    failure: Failure | None = None
    said: str = ""


def told_by_reader(text: str) -> Told:
    """Of its last word of each kind."""
    told, others = Told(), []
    for line in filter(None, map(str.strip, text.splitlines())):
        event = _event(line)
        kind = event.get("event")
        if kind == "ready":
            told = told._replace(mode=event["mode"])
        elif kind == "result":
            told = told._replace(**{name: event[name] for name in ("frames", "seconds", "statistics")})
        elif kind == "failed":
            told = told._replace(failure=Failure(event["act"], event["errno"]))
        else:
            others.append(line)
    return told._replace(said="; ".join(others)[-MOST:])


def _event(line: str) -> dict[str, t.Any]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
