# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Names that others have chosen, as a sentence, a log and a terminal can bear them. Pure."""

from __future__ import annotations

import typing as t


def printable(text: str) -> str:
    """Control characters, line ends and bytes that are no text written as escapes: "a\\x1b[2J", "\\udcff"."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def all_printable(value: t.Any) -> t.Any:
    """All texts in a result, in which lines may end."""
    if isinstance(value, str):
        return value if value.isprintable() else "\n".join(map(printable, value.split("\n")))
    if isinstance(value, dict):
        return {all_printable(name): all_printable(each) for name, each in value.items()}
    return [all_printable(each) for each in value] if isinstance(value, (list, tuple)) else value
