# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether a name in a file is one of a PF: by interface, MAC address, PCI address, driver, or path in sysfs."""

from __future__ import annotations

import re
import typing as t
from fnmatch import fnmatchcase

from ...model.mac import parse_mac
from .kind import either

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ...model.owners import OwnedPf
    from .kind import Verdict

ADDRESS = re.compile(r"(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
VARIABLE = frozenset("$%`{")
WILD = frozenset("*?[")
IN_PATH = re.compile(r"(?:/device)?/sriov_(?:numvfs|drivers_autoprobe)\b")
ENDS = re.compile(r"[\s\"'=/;|&()]")  # what is before a name in a path
LONGEST = 64  # characters of a name or address in a path, with what may stand for it: ${INTERFACE}, [0-9]
IP_LINK = re.compile(r"\bl(?:i|in|ink)?\s{1,9}(?:s|se|set)\s{1,9}(?:dev\s{1,9})?(\S{1,64})\s{1,9}vf\s")


def by_name(text: str, pf: OwnedPf) -> Verdict:
    """An interface's name, or a pattern; None where nobody knows what the PF's is called."""
    text = unquoted(text)
    if not text or VARIABLE & set(text) or not pf.names:
        return None
    if text in pf.names:
        return True
    wild = WILD & set(text) and any(fnmatchcase(name, text) for name in pf.names)
    return None if wild else False


def by_mac(text: str, pf: OwnedPf) -> Verdict:
    """A MAC address; None where either is not known."""
    try:
        return parse_mac(unquoted(text)) == pf.mac.lower() if pf.mac else None
    except ValueError:
        return None


def by_address(text: str, pf: OwnedPf) -> Verdict:
    """A PCI address, with or without its domain, or a pattern."""
    return of_address(text, [pf.address])


def of_address(text: str, addresses: Iterable[str]) -> Verdict:
    """As by_address(), of any of several functions."""
    text = unquoted(text).replace("\\", "").lower()
    if not text or VARIABLE & set(text):
        return None
    if WILD & set(text):
        return None if any(fnmatchcase(each, text) for each in addresses) else False
    whole = f"0000:{text}" if text.count(":") == 1 else text
    return whole in addresses


def by_driver(text: str, pf: OwnedPf) -> Verdict:
    """A driver's or module's name, or a pattern."""
    name, driver = (each.replace("-", "_") for each in (unquoted(text), pf.driver))
    if not name or not driver:
        return None
    if WILD & set(name):
        return None if fnmatchcase(driver, name) else False
    return name == driver


def by_path(text: str, pf: OwnedPf) -> Verdict:
    """Paths of sriov_numvfs in a text, and `ip link set NAME vf`; None where there are none."""
    return either(_part(part.replace("\\", ""), pf) for part in parts_of(text))


def sets_vfs(text: str) -> bool:
    """Whether a line of a script, or of a stanza, does that, or asks for it."""
    return "sriov_numvfs" in text or bool(IP_LINK.search(text))


def parts_of(text: str) -> list[str]:
    """What is before the file: an interface's name (…/net/enp1s0/device/sriov_numvfs), or the function's address."""
    starts = [match.start() for match in IN_PATH.finditer(text)]
    before = [ENDS.split(text[max(0, start - LONGEST) : start])[-1] for start in starts]
    return [*before, *IP_LINK.findall(text)]


def _part(part: str, pf: OwnedPf) -> Verdict:
    if part in ("", "device"):  # the path begins with a variable
        return None
    return by_address(part, pf) if ADDRESS.fullmatch(part.lower()) else by_pattern(part, pf)


def by_pattern(part: str, pf: OwnedPf) -> Verdict:
    """A part of a path that may stand for a name or an address."""
    return either((by_name(part, pf), by_address(part, pf))) if WILD & set(part) else by_name(part, pf)


def unquoted(text: str) -> str:
    """Without the quotes around it."""
    return text.strip().strip("\"'")
