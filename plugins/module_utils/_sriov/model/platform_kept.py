# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is kept on the host of arguments and hugepages of ours, as JSON and back. It outlives boots and versions."""

from __future__ import annotations

import json
import typing as t

from .kernel_arguments import key
from .platform import Owned, Pages, Stored

SCHEMA = 1
DIRECTORY = "/etc/kernel-bypass-sriov"
ARGUMENTS = f"{DIRECTORY}/kernel-arguments.json"
PLATFORM = f"{DIRECTORY}/platform.json"


def arguments_text(owned: t.Sequence[Owned], made: str | None = None) -> str:
    """:param made: what /etc/kernel/cmdline had beside them when it was made here; None where it was not."""
    more = {} if made is None else {"made_cmdline": made}
    return _text({"arguments": [each._asdict() for each in owned], **more})


def to_made(text: str) -> str | None:
    """:raises ValueError: it is none of these."""
    found = json.loads(text).get("made_cmdline")
    if found is not None and not isinstance(found, str):
        raise ValueError("made_cmdline is no text")
    return found


def to_owned(text: str) -> tuple[Owned, ...]:
    """:raises ValueError: it is none of these, or a later version's."""
    return tuple(
        Owned(_word(each["token"]), None if each["replaced"] is None else str(each["replaced"]))
        for each in _entries(text, "arguments")
    )


def platform_text(stored: Stored) -> str:
    return _text({name: [each._asdict() for each in getattr(stored, name)] for name in Stored._fields})


def to_stored(text: str) -> Stored:
    """:raises ValueError: it is none of these, or a later version's."""
    return Stored(*(tuple(map(_pages, _entries(text, name))) for name in Stored._fields))


def _pages(value: dict[str, t.Any]) -> Pages:
    numbers = [value[name] for name in Pages._fields]
    if any(not isinstance(each, int) or isinstance(each, bool) for each in numbers) or min(numbers[1:]) < 0:
        raise ValueError(f"{value} are no pages")
    return Pages(*numbers)


def _word(text: t.Any) -> str:
    if not isinstance(text, str) or not key(text):
        raise ValueError(f"{text!r} is no argument")
    return text


def _entries(text: str, name: str) -> list[dict[str, t.Any]]:
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("schema"), int):
        raise ValueError("it has no schema")
    if found["schema"] > SCHEMA:
        raise ValueError(f"its schema is {found['schema']}, and this version knows {SCHEMA} and earlier")
    entries = found.get(name, [] if name == "left" else None)  # a note of an earlier version has no such list
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise ValueError(f"it has no list {name}")
    wanted = Owned._fields if name == "arguments" else Pages._fields
    if any(not {*wanted} <= each.keys() for each in entries):
        raise ValueError(f"an entry of {name} has not all of {', '.join(wanted)}")
    return entries


def _text(value: dict[str, t.Any]) -> str:
    return json.dumps({"schema": SCHEMA, **value}, indent=1, sort_keys=True) + "\n"
