# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How what is there differs from what is wanted, as metrics count it and people read it."""

from __future__ import annotations

import typing as t

from .model.xsk import NAPI

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .compare import Part

KINDS = ("vfs", "attributes", "drivers", "rss", "rules", "xsk")
OF_VFS = ("num_vfs", "drivers_autoprobe", "up")
OF_XSK = ("xdp_program", "xsk_map", "xsk_group", *NAPI)
OF_DRIVERS = ("driver", "driver_override", "owner", "group", "mode", "cdev", "interface")


class Difference(t.NamedTuple):
    """One thing that is not as wanted.

    :param kind: one of KINDS.
    :param text: "VF 3 driver: wanted vfio-pci, found ixgbevf".
    """

    kind: str
    text: str


def drift(wanted: Part, found: Part) -> list[Difference]:
    """Of one PF, whose parts compare.of_pf() gives. VFs that are not there are in the number of VFs."""
    return [*_of_words(wanted, found), *_of_vfs(wanted.get("vfs", {}), found.get("vfs", {}))]


def _of_words(wanted: Part, found: Part) -> Iterator[Difference]:
    for word, value in wanted.items():
        if word in ("vfs", "rules"):
            continue
        kind = "vfs" if word in OF_VFS else "xsk" if word in OF_XSK else "rss"
        if value != found.get(word):
            yield _difference(kind, word, value, found.get(word))
    yield from _of_rules(wanted.get("rules", []), found.get("rules", []))


def _of_rules(wanted: list[str], found: list[str]) -> Iterator[Difference]:
    yield from (Difference("rules", f"rule {rule}: is not there") for rule in wanted if rule not in found)
    yield from (Difference("rules", f"rule {rule}: is not wanted") for rule in found if rule not in wanted)


def _of_vfs(wanted: Part, found: Part) -> Iterator[Difference]:
    for index, words in wanted.items():
        for word, value in words.items():
            if index in found and value != found[index].get(word):
                kind = "drivers" if word in OF_DRIVERS else "attributes"
                yield _difference(kind, f"VF {index} {word}", value, found[index].get(word))


def _difference(kind: str, what: str, wanted: t.Any, found: t.Any) -> Difference:
    return Difference(kind, f"{what}: wanted {_words(wanted)}, found {_words(found)}")


def _words(value: t.Any) -> str:
    if value is None:
        return "none"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)
