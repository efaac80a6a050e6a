# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The interfaces of this network namespace where `ip` cannot list them all: one by one, and by sysfs in the end.

One interface that `ip` garbles must not cost the others.
"""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused

if t.TYPE_CHECKING:
    from .interfaces import Interfaces

    Entry = t.Dict[str, t.Any]
    Show = t.Callable[..., t.List[Entry]]

UNREAD = "unread"  # key of an entry that sysfs has told: why `ip` has not. Addresses and programs are not in it.
WITHOUT_KIND = "without_kind"  # key of an entry without what -d shows: of which kind it is
MOST_ASKED = 256  # a process for each takes a while
IFF_UP = 1  # include/uapi/linux/if.h
NOT_HERE = "does not exist"  # what `ip` says of an interface that sysfs shows and that is not in this namespace


def one_by_one(show: Show, interfaces: Interfaces) -> list[Entry]:
    """As Link.interfaces() gives them.

    :param show: words of `ip` to what it prints; raises KernelRefused.
    """
    found = []
    for number, name in enumerate(interfaces.names()):
        try:
            entries = _asked(show, name) if number < MOST_ASKED else None
            why = "there are too many interfaces to ask for each"
        except KernelRefused as refused:
            if NOT_HERE in refused.why:
                continue
            entries, why = None, str(refused).rstrip(".")
        found += _of_sysfs(interfaces, name, why) if entries is None else entries
    return found


def _asked(show: Show, name: str) -> list[Entry]:
    """:raises KernelRefused: `ip` does not tell without details either."""
    try:
        return show("-d", "address", "show", "dev", name)
    except KernelRefused:
        return [{**entry, WITHOUT_KIND: True} for entry in show("address", "show", "dev", name)]


def _of_sysfs(interfaces: Interfaces, name: str, why: str) -> list[Entry]:
    seen = {word: interfaces.number(name, word) for word in ("ifindex", "mtu", "iflink", "flags")}
    entry: Entry = {"ifname": name, "ifindex": seen["ifindex"] or 0, "mtu": seen["mtu"] or 0, UNREAD: why}
    up = bool((seen["flags"] or 0) & IFF_UP)
    entry["flags"] = [*(["UP"] if up else []), *(["LOWER_UP"] if interfaces.carrier(name) else [])]
    below = [other for other in interfaces.lowers(name) if interfaces.number(other, "ifindex") == seen["iflink"]]
    parts = {"address": interfaces.address(name), "master": interfaces.master(name), "link": next(iter(below), None)}
    return [{**entry, **{word: value for word, value in parts.items() if value}}]
