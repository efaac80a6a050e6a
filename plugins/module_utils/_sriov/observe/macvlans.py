# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Macvlans that a card carries itself."""

from __future__ import annotations

import typing as t

from ..kernel.ethtool import MACVLANS

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel

    Entry = t.Dict[str, t.Any]

# drivers/net/macvlan.c macvlan_open, and macvlan_supports_dest_filter, without which drivers take none.
MODES = ("private", "vepa", "bridge")


def carried_macvlans(kernel: Kernel, interfaces: list[Entry], name: str) -> int:
    """Those above an interface that are up, while its feature is on.

    :param interfaces: as Link.interfaces() gives them.
    """
    above = [entry for entry in interfaces if entry.get("link") == name and _may_be_carried(entry)]
    feature = kernel.ethtool.feature(name, MACVLANS) if above else None
    return len(above) if feature and feature.on else 0


def _may_be_carried(entry: Entry) -> bool:
    about = entry.get("linkinfo", {})
    is_macvlan = about.get("info_kind") == "macvlan" and about.get("info_data", {}).get("mode") in MODES
    return bool(is_macvlan and "UP" in entry.get("flags", []))
