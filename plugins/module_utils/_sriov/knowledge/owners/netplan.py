# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""netplan: what its generator has made of the YAML, and the YAML, as far as it can be read without a library for it."""

from __future__ import annotations

import re
import typing as t

from ...model.owners import Place
from ...model.paths import GENERATED_UNITS, settings_folders
from .kind import Found, Kind, at_most_maybe, both, either, judged, may_be
from .lines import settings, short
from .names import by_driver, by_mac, by_name, unquoted

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...model.owners import ConfigFile, OwnedPf
    from .kind import Verdict

UNITS = (Place(GENERATED_UNITS, "netplan-sriov-*.service"),)
YAML = (Place(settings_folders("netplan"), "*.yaml"),)
DEVICE = re.compile(r"sys-subsystem-net-devices-(\S+?)\.device")
ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
KEY = re.compile(r"(\s*)([^\s:#'\"{\[-][^:#]*|(?:\"[^\"]*\"|'[^']*')\s*):(?:\s+(.*))?")
IN_FLOW = re.compile(r"([\w-]+)\"?\s*:\s*([^,{}\s][^,{}]*)")
COMMENT = re.compile(r"(?:^|\s)#.*")
OF_PFS = ("virtual-function-count", "embedded-switch-mode", "delay-virtual-functions-rebind")
OF_VFS = "link"  # an ethernet with it is a VF of the ethernet that it names
FLOW = "{"  # how a mapping on one line begins


class Key(t.NamedTuple):
    """A key below ethernets, with the path to it."""

    path: str
    line: int
    stanza: str
    words: tuple[str, ...]
    value: str


def _units(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    for file in files:
        for each in settings(file.text):
            for name in DEVICE.findall(each.value) if each.key in ("After", "Requires") else ():
                plain = ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), name)
                yield from judged(file.path, each.line, each.text, pfs, by_name, plain)


def _yaml(files: Sequence[ConfigFile], pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    read = [(file, list(_keys(file))) for file in files]
    stanzas: dict[str, list[Key]] = {}
    for key in (key for _file, found in read for key in found):
        stanzas.setdefault(key.stanza, []).append(key)
    for file, found in read:
        seen = False
        for key in found:
            stanza = key.value if key.words == (OF_VFS,) else key.stanza if key.words[-1] in OF_PFS else ""
            if stanza:
                seen = True
                what = short(f"{key.words[-1]}: {key.value}")
                yield from judged(file.path, key.line, what, pfs, _of_stanza, stanza, stanzas.get(stanza, []))
        if not seen:
            yield from _in_words(file, pfs)


def _in_words(file: ConfigFile, pfs: Sequence[OwnedPf]) -> Iterator[Found]:
    """In a form that was not read: it is there, and nobody knows of which ethernet."""
    for number, line in enumerate(file.text.splitlines(), 1):
        if any(word in COMMENT.sub("", line) for word in OF_PFS):
            yield from judged(file.path, number, short(line), pfs, may_be)


def _of_stanza(stanza: str, mine: Sequence[Key], pf: OwnedPf) -> Verdict:
    """An ethernet's id is its name, where it has no `match`."""
    match = {key.words[1]: key.value for key in mine if key.words[:1] == ("match",) and len(key.words) > 1}
    if not any(key.words[0] == "match" for key in mine):
        return None if any(key.words == (FLOW, "match") for key in mine) else by_name(stanza, pf)
    # An interface with set-name was matched by the name that it had before, or has it still.
    names = [key.value for key in mine if key.words in (("match", "name"), ("set-name",))]
    driver = either(by_driver(word, pf) for word in match.get("driver", "*").strip("[]").split(","))
    mac = by_mac(match["macaddress"], pf) if "macaddress" in match else None
    return both((either(by_name(name, pf) for name in names), mac, at_most_maybe(driver)))


def _keys(file: ConfigFile) -> Iterator[Key]:
    """Of block style, one key a line; what is in braces is taken as one level."""
    above: list[tuple[int, str]] = []
    for number, raw in enumerate(file.text.splitlines(), 1):
        found = KEY.fullmatch(COMMENT.sub("", raw).rstrip())
        if not found:
            continue
        indent = len(found.group(1).expandtabs())
        above = [*((level, word) for level, word in above if level < indent), (indent, unquoted(found.group(2)))]
        words = [word for _level, word in above]
        if "ethernets" not in words[:-1]:
            continue
        path = words[words.index("ethernets") + 1 :]
        yield from _of_line(file.path, number, path, unquoted(found.group(3) or ""))


def _of_line(path: str, number: int, words: Sequence[str], value: str) -> Iterator[Key]:
    stanza, below = words[0], tuple(words[1:])
    if not value.startswith(FLOW):
        if below:
            yield Key(path, number, stanza, below, value)
        return
    if not below and re.search(r"\bmatch\b", value):
        yield Key(path, number, stanza, (FLOW, "match"), value)
    for word, text in IN_FLOW.findall(value):
        yield Key(path, number, stanza, (*below, word), unquoted(text))


KINDS = (
    Kind(
        "netplan",
        UNITS,
        _units,
        "remove virtual-function-count and the VFs' ethernets (`link:`) from its YAML, and run `netplan generate`",
    ),
    Kind(
        "netplan's YAML",
        YAML,
        _yaml,
        "remove virtual-function-count, and the ethernets with `link:` to the PF",
        words=("ethernets", *OF_PFS),
    ),
)
