# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Receive queues of a PF for sockets of AF_XDP: what is there, and what is desired. Data only."""

from __future__ import annotations

import re
import typing as t

NATIVE, GENERIC = "native", "generic"
MODES = (NATIVE, GENERIC)
OUR_PROGRAM = "kernel_bypass"  # the name of the program in the kernel
NAPI = ("napi_defer_hard_irqs", "gro_flush_timeout")  # files of an interface; 0 is what each starts with
LEAST_ENTRIES = 64  # of the map: other numbers of queues may come later
FALLS_BACK = (5, 3)  # the first kernel whose programs may pass on what no socket takes (commit 43e74c0267a3)


class Attached(t.NamedTuple):
    """An XDP program on an interface.

    :param number: 0 where it is not known, as of one that is yet to be loaded.
    :param mode: NATIVE: in the driver, or in the card; GENERIC: above it.
    :param ours: it is one of this collection.
    :param pinned: it is the one that is pinned for this interface, with the map that it uses.
    """

    number: int
    name: str
    mode: str
    ours: bool
    pinned: bool

    def __str__(self) -> str:
        """ "XDP program 97 (xdp_dispatcher, native)"."""
        number = f" {self.number}" if self.number else ""
        return f"XDP program{number} ({', '.join(filter(None, (self.name, self.mode)))})"


class Pins(t.NamedTuple):
    """What is pinned for an interface.

    :param whole: map and program are there, and the one uses the other.
    :param group: of the map's file, whose members may put sockets into the map; 0 where only root may.
    """

    whole: bool
    group: int = 0


class Xsk(t.NamedTuple):
    """What an interface has for AF_XDP.

    :param pins: None where nothing is pinned.
    :param napi: values of NAPI, as far as they can be read.
    """

    attached: Attached | None = None
    pins: Pins | None = None
    napi: t.Mapping[str, int] = {}

    @property
    def ours(self) -> Attached | None:
        """Our program, where it is attached."""
        return self.attached if self.attached and self.attached.ours else None

    @property
    def is_ready(self) -> bool:
        """Whether a socket that is put into the map gets frames."""
        return bool(self.ours and self.ours.pinned)


class XdpFacts(t.NamedTuple):
    """What a judgement rests on, whether a driver runs an XDP program.

    :param release: of the kernel: "6.12.118+deb13-amd64".
    :param features: names of netdev_genl.XDP_FEATURES; None: the kernel cannot tell.
    :param out_of_tree: the driver is not the kernel's own.
    :param lro: large-receive-offload is on; None where that is not known.
    :param no_bpf: why bpf(2) cannot be called; "" where it can.
    :param families: socket families that are registered; empty where that is not known.
    """

    release: str
    features: frozenset[str] | None = None
    out_of_tree: bool = False
    lro: bool | None = None
    no_bpf: str = ""
    families: frozenset[str] = frozenset()

    @property
    def version(self) -> tuple[int, int]:
        return version_of(self.release)


def version_of(release: str) -> tuple[int, int]:
    """(6, 12) of "6.12.118+deb13-amd64"."""
    match = re.match(r"(\d+)\.(\d+)", release)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


class DesiredXsk(t.NamedTuple):
    """Queues for AF_XDP that a PF shall have.

    :param queues: those that are named: they get no share of the RSS table. Empty: the table is left as it is.
    :param group: whose members may use the map: a name or a number, a number once located; None: root alone.
    :param mode: one of MODES.
    :param napi: values of NAPI that it shall have.
    :param absent: our program shall go.
    :param napi_to_zero: values of NAPI that go back to 0 where they are as named here.
    :param place: what stands before the options where they are named: "pfs[0].xsk.".
    """

    queues: tuple[int, ...] = ()
    group: str | int | None = None
    mode: str = NATIVE
    napi: t.Mapping[str, int] = {}
    absent: bool = False
    napi_to_zero: t.Mapping[str, int] = {}
    place: str = ""
