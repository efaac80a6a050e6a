# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which interfaces have filters of tc at their door: `tc qdisc show`, `tc filter show dev NAME ingress` and `egress`.

Numbers: include/uapi/linux/rtnetlink.h and pkt_sched.h. Programs that are attached by tcx (Linux 6.6) are not here.
"""

from __future__ import annotations

import struct
import typing as t

from .netlink import NETLINK_ROUTE, attributes, dump, first, text

if t.TYPE_CHECKING:
    from .netlink import Dump

RTM_GETQDISC, RTM_GETTFILTER = 38, 46
TCA_KIND = 1
AT_THE_DOOR = ("ingress", "clsact")
INGRESS, EGRESS = 0xFFFFFFF2, 0xFFFFFFF3  # TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), TC_H_MIN_EGRESS
TCMSG = struct.Struct("=BxxxiIII")  # struct tcmsg: family, ifindex, handle, parent, info


class TrafficControl:
    """Filters of this network namespace.

    :param ask: the way to the kernel; the real one unless told.
    :param ask_first: the same, for the first answer: Open vSwitch may have a hundred thousand filters on an interface.
    """

    def __init__(self, ask: Dump = dump, ask_first: Dump = first) -> None:
        self._ask = ask
        self._ask_first = ask_first

    def filtered(self) -> set[int]:
        """The ifindex of each interface that has a filter; an ingress or clsact qdisc without one is none.

        :raises KernelRefused, TookTooLong: see netlink.dump().
        """
        found = set()
        for body in self._ask(NETLINK_ROUTE, RTM_GETQDISC, TCMSG.pack(0, 0, 0, 0, 0)):
            if text(attributes(body, TCMSG.size).get(TCA_KIND, b"")) in AT_THE_DOOR:
                found.add(TCMSG.unpack_from(body)[1])
        return {ifindex for ifindex in found if self._has_filters(ifindex)}

    def _has_filters(self, ifindex: int) -> bool:
        questions = (TCMSG.pack(0, ifindex, 0, parent, 0) for parent in (INGRESS, EGRESS))
        return any(self._ask_first(NETLINK_ROUTE, RTM_GETTFILTER, question) for question in questions)
