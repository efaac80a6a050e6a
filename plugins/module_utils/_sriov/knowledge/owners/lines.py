# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""From the text of a file to its lines: without comments, with those that go on in the next joined, numbered from 1."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST = 120  # of a line in a sentence


class Line(t.NamedTuple):
    number: int
    text: str


class Setting(t.NamedTuple):
    """KEY=VALUE in a section; its name is "" above the first."""

    line: int
    section: str
    key: str
    value: str

    @property
    def text(self) -> str:
        return short(f"[{self.section}] {self.key}={self.value}" if self.section else f"{self.key}={self.value}")


def logical(text: str, comments: str = "#") -> Iterator[Line]:
    """A line that ends with a backslash goes on in the next; the number is of its first.

    :param comments: characters that make a line a comment where it begins with one.
    """
    number, begun = 0, ""
    for count, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith(tuple(comments)):
            continue
        number = number if begun else count
        if line.endswith("\\"):
            begun += f"{line[:-1]} "
            continue
        if begun + line:
            yield Line(number, begun + line)
        begun = ""
    if begun.strip():
        yield Line(number, begun)


def settings(text: str, comments: str = "#;") -> list[Setting]:
    """Of files in the form of systemd.syntax(7), keyfiles of GLib, and those of /etc/sysconfig."""
    found, section = [], ""
    for line in logical(text, comments):
        if line.text.startswith("["):
            section = line.text.strip("[] ")
        elif "=" in line.text:
            key, _sign, value = line.text.partition("=")
            found.append(Setting(line.number, section, key.strip(), value.strip()))
    return found


def value_of(found: Iterable[Setting], section: str, *keys: str) -> str:
    """The last value of the first key that is there; "" for none."""
    values = {each.key: each.value for each in found if each.section == section}
    return next((values[key] for key in keys if key in values), "")


def short(text: str) -> str:
    """For a sentence: spaces joined, the end cut off where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
