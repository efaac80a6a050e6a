# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which interfaces of a PCI function are ports of its own."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Container

    Entry = t.Dict[str, t.Any]

OF_ANOTHER = re.compile(r"[vs]f\d")  # net/core/devlink: "pf0vf1", "c1pf0sf2"; a port of the card itself is "p0"


def is_representor(entry: Entry) -> bool:
    """The switch's end of a VF or SF; drivers (mlx5_core, ice, bnxt_en, nfp) have it on the PF's own PCI function.

    :param entry: as Link.interfaces() gives it.
    """
    return OF_ANOTHER.search(entry.get("phys_port_name", "")) is not None


def is_own(entry: Entry) -> bool:
    """Neither a representor nor stacked on a port, as the children of IPoIB are (ib0.8001, on the function of ib0)."""
    return not is_representor(entry) and "link" not in entry


def own_names(interfaces: list[Entry], names: Container[str]) -> list[str]:
    """Ports among the interfaces of a function.

    :param names: as Pci.interfaces() gives them.
    """
    return sorted(entry["ifname"] for entry in interfaces if entry["ifname"] in names and is_own(entry))
