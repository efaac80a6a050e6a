# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How values and names are told: a value of the wrong kind; of an option that is not there, the word that was meant."""

from __future__ import annotations

import typing as t

from .._sriov.errors import InvalidRequest

if t.TYPE_CHECKING:
    from .options import Spec

# Words of other tools, too far from ours for a comparison of letters.
FOREIGN = {
    "device": "pf",
    "interface": "pf",
    "iface": "pf",
    "name": "pf",
    "pci_address": "pf",
    "link": "link_state",
    "mac_address": "mac",
    "vlan_id": "vlan",
}


class Moved(t.NamedTuple):
    """A word that people may look for, whose place another has."""

    to: str  # that other: where it is no option either, nothing is told
    why: str
    remedy: str


MOVED = {
    "drivers": Moved("vfs", "a VF's driver stands in its record", "write vfs: [{vf: …, driver: …}]"),
    "force": Moved("allow", "consent is a list of what may be lost", "name it, as in allow: [in_use]"),
}
NEARLY_THE_SAME, SIMILAR = 0.8, 0.6  # as difflib counts it
LONGEST = 60  # of what is shown of a value or a name
LONGEST_LIST = 100


def unknown(place: str, name: t.Any, spec: Spec) -> tuple[InvalidRequest, str]:
    """The fault, and the known option that was meant; "" if none was.

    :param place: of the unknown option itself.
    :param spec: the options that are known where it stands.
    """
    word = str(name).lower().replace("-", "_")
    where = f"{place}: unknown"
    deeper = _deeper(word, spec)
    if word not in spec and deeper:
        return InvalidRequest(f"{where} here", remedy=f"its place is {_beside(place, deeper)}"), ""
    near = closest(word, spec, NEARLY_THE_SAME)
    moved = MOVED.get(word)
    if not near and moved and moved.to in spec:
        return InvalidRequest(f"{where}; {moved.why}", remedy=moved.remedy), ""
    meant = near or _translated(word, spec) or closest(word, spec)
    if meant:
        return InvalidRequest(f"{where}, did you mean {meant}?"), meant
    deeper = _deeper(FOREIGN.get(word, ""), spec)
    if deeper:
        return InvalidRequest(f"{where} here", remedy=f"write {_beside(place, deeper)}"), ""
    words = ", ".join(spec)
    words = words if len(words) <= LONGEST_LIST else words[: words.rindex(", ", 0, LONGEST_LIST)] + ", …"
    return InvalidRequest(where, remedy=f"use one of {words}"), ""


def closest(word: str, words: t.Iterable[str], cutoff: float = SIMILAR) -> str:
    """The most similar of some words; "" if none is similar enough."""
    import difflib  # here: on a host, options that were checked on the controller have no unknown words

    found = difflib.get_close_matches(word, list(words), 1, cutoff)
    return found[0] if found else ""


def shortened(text: str) -> str:
    """No more of a text than a line can bear; its last character, which may be a quote, stays."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]}…{text[-1]}"


def described(value: t.Any) -> str:
    """A value of the wrong kind, and its kind."""
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return shown(value)
    kind = " (text)" if isinstance(value, str) else " (a number)" if isinstance(value, (int, float)) else ""
    return shown(value) + kind


def shown(value: t.Any) -> str:
    """A value as YAML has it, where that differs."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return shortened(repr(value))


def _translated(word: str, spec: Spec) -> str:
    return FOREIGN[word] if FOREIGN.get(word) in spec else ""


def _deeper(word: str, spec: Spec) -> str:
    """Where in the records below it is known, the nearest first: rules[].queue; "" if nowhere."""
    below = [(name, option, option["options"]) for name, option in spec.items() if "options" in option]
    records = [(name + ("[]" if option["type"] == "list" else ""), options) for name, option, options in below]
    for name, options in records:
        if word in options:
            return f"{name}.{word}"
    found = ((name, _deeper(word, options)) for name, options in records)
    return next((f"{name}.{path}" for name, path in found if path), "")


def _beside(place: str, path: str) -> str:
    """A path that begins in the record in which a place is."""
    record = place.rpartition(".")[0]
    return f"{record}.{path}" if record else path
