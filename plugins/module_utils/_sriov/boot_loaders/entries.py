# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Entries of the Boot Loader Specification (type 1) as files: which of them boots, and its arguments. Pure."""

from __future__ import annotations

import fnmatch
import re
import typing as t

from ..model.kernel_arguments import Tokens, split
from ..model.paths import ENTRIES_OF_ESP, LOADER_SETTINGS
from .loader import NotRead

if t.TYPE_CHECKING:
    from ..model.platform import Seen

CMDLINE = "/etc/kernel/cmdline"
VENDORS = "/usr/lib/kernel/cmdline"
ENTRY_FILES = tuple(f"{directory}/*.conf" for directory in ENTRIES_OF_ESP)


class Entry(t.NamedTuple):
    """One of them.

    :param name: of its file, without the ending.
    :param has_initrd: it names one.
    """

    name: str
    version: str
    options: Tokens
    has_initrd: bool


def entries(seen: Seen) -> list[Entry]:
    """By version, the newest first, as systemd-boot sorts them."""
    found = [
        _entry(path, text)
        for path, text in seen.files.items()
        if path.endswith(".conf") and path.rpartition("/")[0] in ENTRIES_OF_ESP
    ]
    return sorted((each for each in found if each.version), key=lambda each: _sortable(each.version), reverse=True)


def default_line(seen: Seen) -> Tokens:
    """The arguments of the entry that boots: the default of loader.conf, else the newest.

    :raises NotRead: there is none.
    """
    found = entries(seen)
    text = next((seen.files[path] for path in LOADER_SETTINGS if path in seen.files), "")
    wanted = re.findall(r"^default\s+(\S+)", text, re.MULTILINE)
    chosen = [each for each in found if wanted and fnmatch.fnmatch(f"{each.name}.conf", _with_ending(wanted[-1]))]
    if not found:
        raise NotRead(
            f"no entry of a kernel in {', '.join(ENTRIES_OF_ESP)}",
            why="what will boot is not known",
            remedy="see `bootctl list`, or boot_loader: manual",
        )
    return (chosen or found)[0].options


def settled_line(seen: Seen) -> Tokens | None:
    """What new entries are made of: /etc/kernel/cmdline, else the vendor's; None where neither is there.

    Order: 90-loaderentry.install of systemd 257, which takes the line of the running boot then.
    """
    for path in (CMDLINE, VENDORS):
        if path in seen.files:
            return arguments_of(seen.files[path])
    return None


def arguments_of(text: str) -> Tokens:
    """Those of /etc/kernel/cmdline."""
    return split(" ".join(line for line in text.splitlines() if not line.startswith("#")))


def cmdline_text(seen: Seen, tokens: Tokens) -> str:
    """/etc/kernel/cmdline with these arguments, and with the comments that it has."""
    comments = [line for line in seen.files.get(CMDLINE, "").splitlines() if line.startswith("#")]
    return "\n".join([*comments, " ".join(tokens)]) + "\n"


def _entry(path: str, text: str) -> Entry:
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        word, _space, rest = line.strip().partition(" ")
        fields.setdefault(word, []).append(rest.strip())
    name = path.rpartition("/")[2][: -len(".conf")]
    return Entry(name, fields.get("version", [""])[-1], split(" ".join(fields.get("options", []))), "initrd" in fields)


def _with_ending(pattern: str) -> str:
    return pattern if pattern.endswith((".conf", "*")) else f"{pattern}.conf"


def _sortable(version: str) -> list[tuple[int, int, str]]:
    """Numbers as numbers: 6.12 is after 6.9."""
    parts = re.findall(r"[0-9]+|[a-z]+", version.lower())
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
