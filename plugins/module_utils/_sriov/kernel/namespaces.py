# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Interfaces of other network namespaces: `nsenter --net=PATH ip -d link show` for all of them in one child process.

Numbers: include/uapi/linux/if_link.h, rtnetlink.h and net_namespace.h.
"""

from __future__ import annotations

import functools
import os
import socket
import struct
import sys
import typing as t

from ..errors import KernelRefused, TookTooLong
from ..model.paths import PROCESSES
from .bounded import StillBlocked, bounded_series
from .deadline import Deadline
from .netlink import NETLINK_ROUTE, NLM_F_REQUEST, answers, attribute, attributes, dump, message, number, pairs, text

CLONE_NEWNET = 0x40000000
RTM_GETLINK, RTM_GETNSID = 18, 90
IFLA_ADDRESS, IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO, IFLA_LINK_NETNSID = 1, 3, 5, 18, 37
IFLA_PROP_LIST, IFLA_ALT_IFNAME, IFLA_PERM_ADDRESS, IFLA_PARENT_DEV_NAME = 52, 53, 54, 56
ARPHRD_LOOPBACK = 772  # include/uapi/linux/if_arp.h
IFLA_INFO_KIND = 1
IFLA_EXT_MASK, SKIP_STATISTICS = 29, 1 << 3  # RTEXT_FILTER_SKIP_STATS
NETNSA_NSID, NETNSA_FD = 1, 3
IFINFO = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, ifindex, flags, change
MOST, SECONDS = 1000, 5.0  # of namespaces: one takes a millisecond
OURS = f"{PROCESSES}/self/ns/net"


class Links(t.NamedTuple):
    """The interfaces of one namespace.

    :param links: each with ifname, ifindex, address and, where it is another, permaddr; altnames, where it
        has some; loopback, where it is that; and
        where there is one parentdev (the device behind it, Linux 5.14), kind, and lower: the ifindex of what it is
        stacked on, where that is in our namespace.
    :param error: why there are none.
    """

    links: list[dict[str, t.Any]]
    error: str = ""


class Namespaces:
    """Enters network namespaces, in a child process that ends there."""

    def links(self, paths: t.Sequence[str], timeout: float = SECONDS) -> dict[str, Links]:
        """The interfaces of each namespace, by its path; of one that has gone there are none.

        Any user may make namespaces, and interfaces in them: no more are looked at than can be in short time.

        :param timeout: seconds for all of them.
        """
        deadline, told, why = Deadline(timeout), [], f"no more than {MOST} are looked at"
        if not paths:
            return {}
        try:
            for each in bounded_series([functools.partial(_look, path, deadline) for path in paths[:MOST]], timeout):
                told.append(each)
        except StillBlocked:
            why = f"no answer in {timeout:g} s"
        except (OSError, KernelRefused) as error:
            why = str(error)
        told += [[[], why]] * (len(paths) - len(told))
        return {path: Links(*each) for path, each in zip(paths, told)}


def _look(path: str, deadline: Deadline) -> tuple[list[dict[str, t.Any]], str]:
    if not deadline.left():
        return [], "the time for looking into other network namespaces was over"
    try:
        ours = os.open(OURS, os.O_RDONLY)
        try:
            _enter(path)
            return parse_links(dump(NETLINK_ROUTE, RTM_GETLINK, _request()), _number_of(ours)), ""
        finally:
            _set_namespace(ours)
            os.close(ours)
    except FileNotFoundError:
        return [], ""  # it has gone
    except (OSError, KernelRefused, TookTooLong) as error:
        return [], str(error)


def _enter(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        _set_namespace(descriptor)
    finally:
        os.close(descriptor)


def _set_namespace(descriptor: int) -> None:
    """setns(2), which Python has from 3.12 on."""
    import ctypes  # only here: most hosts have one namespace, and reading it takes a while

    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        number_of_error = ctypes.get_errno()
        raise OSError(number_of_error, os.strerror(number_of_error))


def _request() -> bytes:
    return IFINFO.pack(0, 0, 0, 0, 0) + attribute(IFLA_EXT_MASK, struct.pack("=I", SKIP_STATISTICS))


def _number_of(namespace: int) -> int | None:
    """By which number the namespace that we are in knows another; None: by none, so nothing here is stacked there.

    :param namespace: an open descriptor of it.
    """
    question = struct.pack("=Bxxx", 0) + attribute(NETNSA_FD, struct.pack("=I", namespace))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as channel:
        channel.settimeout(5.0)
        channel.send(message(RTM_GETNSID, question, NLM_F_REQUEST))
        body = next(answers(lambda: channel.recv(65536)))
    found = attributes(body, 4).get(NETNSA_NSID, b"")
    value = int.from_bytes(found[:4], sys.byteorder, signed=True) if found else -1
    return None if value < 0 else value


def parse_links(bodies: t.Iterable[bytes], ours: int | None) -> list[dict[str, t.Any]]:
    """The interfaces of a namespace, from its messages.

    :param ours: our namespace's number in that one.
    """
    return [_link(body, attributes(body, IFINFO.size), ours) for body in bodies]


def _link(body: bytes, said: dict[int, bytes], ours: int | None) -> dict[str, t.Any]:
    _family, kind_of_link, ifindex, _flags, _change = IFINFO.unpack_from(body)
    link: dict[str, t.Any] = {"ifname": text(said.get(IFLA_IFNAME, b"")), "ifindex": ifindex}
    for word, key in (("address", IFLA_ADDRESS), ("permaddr", IFLA_PERM_ADDRESS)):
        if said.get(key):
            link[word] = said[key].hex(":")
    altnames = [text(value) for kind, value in pairs(said.get(IFLA_PROP_LIST, b"")) if kind == IFLA_ALT_IFNAME]
    if altnames:
        link["altnames"] = altnames
    if kind_of_link == ARPHRD_LOOPBACK:
        link["loopback"] = True
    if IFLA_PARENT_DEV_NAME in said:
        link["parentdev"] = text(said[IFLA_PARENT_DEV_NAME])
    kind = attributes(said.get(IFLA_LINKINFO, b"")).get(IFLA_INFO_KIND)
    if kind is not None:
        link["kind"] = text(kind)
    lower = number(said.get(IFLA_LINK, b""))
    # The number is there where it is stacked on an interface of another namespace (rtnl_fill_link_netnsid).
    if lower and ours is not None and number(said.get(IFLA_LINK_NETNSID, b"")) == ours:
        return {**link, "lower": lower}
    return link
