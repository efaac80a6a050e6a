# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection: it can change at any time.
"""Addresses, serial numbers and names in texts, and what stands in their place.

They are numbered, not hashed: there are so few IPv4 addresses, and MAC addresses of a vendor, that whoever has a hash
can try them all.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t

# What begins first in a text is found first, and of two that begin together the upper one. None of them asks what
# stands around it, so that nothing is missed where two touch.
PATTERNS = (
    ("pairs", r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5,}"),  # MAC addresses, and serial numbers as PCI Express has them
    ("ip6", r"(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::[0-9a-f:.]*"),
    ("dotted_mac", r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}"),
    ("bare", r"[0-9a-f]{12,}"),  # as in the interface name enx001b21000001
    ("ip4", r"\d{1,3}(?:\.\d{1,3}){3,}"),
)
MAC_DIGITS, SERIAL_DIGITS = 12, 16
NO_MAC = ("0" * MAC_DIGITS, "f" * MAC_DIGITS)  # none is set; all of it counts


class Pseudonyms:
    """Those of one report: the same for the same, however it is written, and another for another.

    :param names: of hosts and whatever else is to be hidden; of one with dots also the first part, and the rest.
    """

    def __init__(self, names: t.Iterable[str] = ()) -> None:
        self._of: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._names = dict(_parts(names))
        found = [f"(?P<{kind}>{pattern})" for kind, pattern in PATTERNS]
        self._addresses = re.compile("|".join(found), re.IGNORECASE | re.ASCII)
        words = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
        named = [rf"(?<![A-Za-z0-9])(?P<name>{words})(?![A-Za-z0-9])"] if words else []
        self._all = re.compile("|".join([*found, *named]), re.IGNORECASE | re.ASCII)

    def hide(self, text: str, names: bool = True, keep_dotted: bool = False) -> str:
        """The text, with a pseudonym for each of them.

        :param names: also for names.
        :param keep_dotted: not for numbers with dots between them.
        """

        def instead(match: re.Match[str]) -> str:
            kind, found = str(match.lastgroup), match.group()
            if keep_dotted and kind in ("ip4", "dotted_mac"):
                return found
            return self._instead(kind, found)

        return (self._all if names else self._addresses).sub(instead, text)

    def _instead(self, kind: str, found: str) -> str:
        if kind == "name":
            return self._pseudonym(*self._names[found.lower()])
        if kind in ("ip4", "ip6"):
            return self._ip(found)
        digits = re.sub("[^0-9a-f]", "", found.lower())
        if len(digits) == MAC_DIGITS:
            return found if digits in NO_MAC else self._pseudonym("mac", digits)
        return self._pseudonym("serial" if len(digits) == SERIAL_DIGITS else "bytes", digits)

    def _ip(self, found: str) -> str:
        written = found.rstrip(".")
        written = written[:-1] if written.endswith(":") and not written.endswith("::") else written
        try:
            address = ipaddress.ip_address(written)
        except ValueError:  # more numbers than an address has, for instance
            return self._pseudonym("ip", written) + found[len(written) :]
        if _tells_nothing(address):
            return found
        return self._pseudonym("ip", str(getattr(address, "ipv4_mapped", None) or address)) + found[len(written) :]

    def _pseudonym(self, kind: str, what: str) -> str:
        if (kind, what) not in self._of:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._of[kind, what] = f"<{kind}-{self._counts[kind]}>"
        return self._of[kind, what]


def _tells_nothing(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is a mask of whole bytes or more, the host itself, or no address."""
    rest = ~int(address) & ((1 << address.max_prefixlen) - 1)
    mask = address.packed[0] == 0xFF and not rest & (rest + 1)
    return mask or address.is_loopback or address.is_unspecified


def _parts(names: t.Iterable[str]) -> t.Iterator[tuple[str, tuple[str, str]]]:
    """How a name may be written, in lower case, and whose it is; the later of two that are the same counts."""
    whole = [name.lower() for name in names if name]
    for name in whole:
        first, _dot, domain = name.partition(".")
        if domain:
            yield domain, ("domain", domain)
            if not first.isdigit():  # a number may stand for anything
                yield first, ("host", name)
    yield from ((name, ("host", name)) for name in whole)
