# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Steps that prepare a host, beside those on files."""

from __future__ import annotations

import typing as t
from shlex import join

from ..model.kernel_arguments import size_text
from .files import FileStep
from .pci import LoadModule


class RunCommand(t.NamedTuple):
    """A program of the host.

    :param why: what it is for: "it makes the menu of the boot loader anew".
    """

    argv: tuple[str, ...]
    why: str = ""

    def __str__(self) -> str:
        return f"run {join(self.argv)}" + (f" ({self.why})" if self.why else "")


class SetPages(t.NamedTuple):
    """`echo NUMBER > /sys/devices/system/node/nodeNODE/hugepages/hugepages-SIZEkB/nr_hugepages`.

    :param enough: whether fewer than that will do for now, since a boot gives the rest.
    """

    node: int
    size_kb: int
    before: int
    number: int
    enough: bool = False

    def __str__(self) -> str:
        where = "" if self.node < 0 else f" of node {self.node}"
        later = ", as many as there is room for before the next boot" if self.enough else ""
        return f"set hugepages of {size_text(self.size_kb)}{where} from {self.before} to {self.number}{later}"


PlatformStep = t.Union[FileStep, RunCommand, SetPages, LoadModule]
