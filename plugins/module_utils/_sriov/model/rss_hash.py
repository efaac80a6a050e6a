# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The hash by whose value RSS chooses a queue: its key, its function, and the fields that go into it. Pure."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from .queues import Queues

# ethtool(8), rx-flow-hash, in its order; include/uapi/linux/ethtool.h RXH_*.
FIELD_BITS = {"m": 1 << 1, "v": 1 << 2, "t": 1 << 3, "s": 1 << 4, "d": 1 << 5, "f": 1 << 6, "n": 1 << 7, "r": 1 << 31}
SETTABLE = "mvtsdfn"  # r discards the frames: no hash, and a rule can say it
PORTS = FIELD_BITS["f"] | FIELD_BITS["n"]
HASHED_FLOWS = ("tcp4", "udp4", "sctp4", "tcp6", "udp6", "sctp6")


class Hash(t.NamedTuple):
    """What is said of it; None, and flow types that are left out, stay as they are.

    :param key: hexadecimal bytes with colons.
    :param function: "toeplitz", "xor" or "crc32".
    :param fields: flow type -> RXH_* bits.
    """

    key: str | None = None
    function: str | None = None
    fields: t.Mapping[str, int] = {}

    @property
    def is_empty(self) -> bool:
        return self.key is None and self.function is None and not self.fields

    @property
    def parts(self) -> list[Hash]:
        """Each of what is one write: key and function together, and each flow type."""
        chosen = [self._replace(fields={})] if (self.key, self.function) != (None, None) else []
        return [*chosen, *(Hash(fields={flow_type: bits}) for flow_type, bits in self.fields.items())]

    def like(self, other: Hash) -> Hash:
        """Of this one only what is said in the other."""
        key, function = other.key and self.key, other.function and self.function
        return Hash(key, function, {flow_type: self.fields[flow_type] for flow_type in other.fields})

    @property
    def names(self) -> str:
        """ "key and function", "fields of udp4": what is said of, without its value."""
        said = [word for word, value in (("key", self.key), ("function", self.function)) if value is not None]
        return " and ".join([*said, *(f"fields of {flow_type}" for flow_type in self.fields)])


def field_bits(letters: str) -> int:
    """ "sdfn" as the kernel has it.

    :raises ValueError: there are none, or one means nothing.
    """
    if not letters:
        raise ValueError("no field is named")
    strange = [letter for letter in letters if letter not in SETTABLE]
    if strange:
        raise ValueError(f"{strange[0]!r} is none of {', '.join(SETTABLE)}")
    return sum(FIELD_BITS[letter] for letter in set(letters))


def field_letters(bits: int) -> str:
    """As ethtool(8) writes them; what it has no letter for as a number."""
    letters = "".join(letter for letter, bit in FIELD_BITS.items() if bits & bit)
    rest = bits & ~sum(FIELD_BITS.values())
    return "+".join(filter(None, (letters, hex(rest) if rest else "")))


def present_hash(queues: Queues) -> Hash:
    """As the driver tells it."""
    rss = queues.rss
    return Hash(rss.key or None, rss.hash_function, queues.hash_fields) if rss else Hash(fields=queues.hash_fields)


def hash_words(change: Hash, before: Hash) -> str:
    """ "function xor (was toeplitz), fields of udp4 sdfn (was sd)"."""
    words = [] if change.key is None else [f"key {change.key} (was {before.key})"]
    words += [] if change.function is None else [f"function {change.function} (was {before.function})"]
    words += [
        f"fields of {flow} {field_letters(bits)} (was {field_letters(before.fields[flow]) or 'none'})"
        for flow, bits in change.fields.items()
    ]
    return ", ".join(words)
