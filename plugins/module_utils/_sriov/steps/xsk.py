# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The steps that give queues of a PF to sockets of AF_XDP, and take them back.

Data, as in net.py; `address` is the PF's PCI address, `name` its interface.
"""

from __future__ import annotations

import typing as t

from ..model.paths import queue_pins


class PinProgram(t.NamedTuple):
    """`mount -t bpf …`, and bpf(2): a map for sockets and the program that looks into it get names there.

    :param queues: the most queues whose sockets it takes.
    :param group: number of the group that may use the map; 0: root alone.
    """

    address: str
    name: str
    label: str
    queues: int
    group: int = 0

    def __str__(self) -> str:
        where = queue_pins(self.name)
        return f"pin a map of AF_XDP sockets of {self.label} and its program in {where}{_for(self.group)}"


class Unpin(t.NamedTuple):
    """`rm -r /run/kernel-bypass-sriov/bpf/NAME`: what nobody uses any more is gone with its name."""

    address: str
    name: str
    label: str

    def __str__(self) -> str:
        return f"remove the map of AF_XDP sockets of {self.label} and its program from {queue_pins(self.name)}"


class SetMapGroup(t.NamedTuple):
    """`chgrp`, and the modes that go with it.

    :param before: number of the group that had it; 0: root alone.
    """

    address: str
    name: str
    label: str
    before: int
    group: int

    def __str__(self) -> str:
        return f"give the map of AF_XDP sockets of {self.label} to {_whom(self.group)} (was: {_whom(self.before)})"


class AttachXdp(t.NamedTuple):
    """`ip link set dev NAME xdpdrv pinned PIN`, or `xdpgeneric`."""

    address: str
    name: str
    label: str
    mode: str

    def __str__(self) -> str:
        return f"attach the XDP program for AF_XDP sockets to {self.label} ({self.mode})"


class DetachXdp(t.NamedTuple):
    """`ip link set dev NAME xdpdrv off`, or `xdpgeneric`.

    :param number: of the program.
    :param pinned: it is the pinned one, and can be attached again.
    """

    address: str
    name: str
    label: str
    mode: str
    number: int = 0
    pinned: bool = True

    def __str__(self) -> str:
        return f"detach the XDP program for AF_XDP sockets from {self.label} ({self.mode})"


class SetNapi(t.NamedTuple):
    """`echo VALUE > /sys/class/net/NAME/WORD`."""

    address: str
    name: str
    label: str
    word: str
    before: int
    value: int

    def __str__(self) -> str:
        return f"set {self.word} of {self.label} to {self.value} (was {self.before})"


def _whom(group: int) -> str:
    return f"group {group}" if group else "root alone"


def _for(group: int) -> str:
    return f", for group {group}" if group else ""


XskStep = t.Union[PinProgram, Unpin, SetMapGroup, AttachXdp, DetachXdp, SetNapi]
