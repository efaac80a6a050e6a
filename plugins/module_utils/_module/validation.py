# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options against their argument spec: every fault with its place, and what is left of the options without them.

What is accepted is what Ansible accepts, by its own conversions; but true is no number, as which Python has it, and a
number is no name. Ansible tells faults too, but in words of its own, and without the place. Of a spec only what ours
have is known: the types of KINDS and the words of WORDS.
"""

from __future__ import annotations

import copy
import re
import typing as t

from ansible.module_utils.common import validation

from .._sriov.errors import InvalidRequest
from .misread import misread
from .words import closest, described, shortened, shown, unknown

if t.TYPE_CHECKING:
    from .options import Params, Spec


class Cleaned(t.NamedTuple):
    """What is left of options, and what was wrong with the rest."""

    options: Params  # converted; without defaults; an option given as null is there, as None
    faults: list[InvalidRequest]


class Kind(t.NamedTuple):
    """A type of options."""

    convert: t.Callable[[t.Any], t.Any]
    noun: str
    remedy: str
    negation: str = ""  # what is said of a single value that is none


KINDS = {
    "str": Kind(validation.check_type_str, "text", "write it in quotes"),
    "int": Kind(validation.check_type_int, "a whole number", "write it in digits, as in 4", "is no whole number"),
    "float": Kind(validation.check_type_float, "a number", "write it in digits, as in 0.5", "is no number"),
    "bool": Kind(validation.check_type_bool, "true or false", "write true or false", "is neither true nor false"),
    "list": Kind(validation.check_type_list, "a list", 'begin each entry with "- "'),
    "dict": Kind(validation.check_type_dict, "a dictionary", 'write it as "name: value"'),
    "raw": Kind(validation.check_type_raw, "anything", ""),
}
CONSTRAINTS = {"mutually_exclusive", "required_one_of", "required_by"}
WORDS = {"type", "elements", "options", "required", "default", "choices", "no_log", *CONSTRAINTS}
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # nothing on a host has such a name, and no log takes it
DIGITS = re.compile(r"\s*[+-]?[0-9]{1,40}(\.[0-9]{0,40})?\s*")
INTERNAL = "_ansible_"  # what Ansible itself tells a module
FAULTY: t.Any = object()
NOT_CONVERTED = (TypeError, ValueError, ArithmeticError)  # the last for infinity, which Ansible forgets


def checked_options(spec: Spec, options: Params, **constraints: t.Any) -> Cleaned:
    """Options as a task gives them, templates resolved.

    What is faulty is left out. In a list of records None stands for one that is of no use, so that the places of all
    others stay true; another list is left out as a whole. A record is of no use without an option that it must have,
    and, where its options depend on each other as in a rule, with any fault: what would be said of the rest need not
    be true.

    :param constraints: mutually_exclusive, required_one_of, required_by, as for AnsibleModule.
    """
    given = {name: value for name, value in options.items() if not str(name).startswith(INTERNAL)}
    walk = _Walk()
    record = walk.record("", {**constraints, "options": spec}, copy.deepcopy(given))
    return Cleaned(record[0], walk.faults)


class _Walk:
    """One walk over all options."""

    def __init__(self) -> None:
        self.faults: list[InvalidRequest] = []

    def record(self, place: str, option: Params, given: Params) -> tuple[Params, bool]:
        """What is left of a dictionary, and whether it can be used.

        :param option: with the dictionary's options and their constraints.
        """
        spec, found, before = option["options"], {}, len(self.faults)
        meant: set[str] = set()  # is there, under a misspelt name: not missing too
        for name, value in given.items():
            inside = _inside(place, name)
            if name in spec and not (value is None and spec[name].get("required")):
                wrong = misread(inside, name, value)
                self.faults += wrong
                found[name] = FAULTY if wrong else self.value(inside, spec[name], value)
            elif name in spec:
                continue  # Ansible takes the text "None", or "", for it: it is told as missing
            else:
                fault, word = unknown(inside, name, spec)
                self.faults.append(fault)
                meant.add(word)
        there = {name for name, value in given.items() if value is not None}
        missing = [name for name, each in spec.items() if each.get("required") and name not in there | meant]
        self.faults += [InvalidRequest(f"{_inside(place, name)}: missing", remedy="give it") for name in missing]
        together, exclusive = _constraints(place, option, given, meant)
        self.faults += together
        found = {name: value for name, value in found.items() if value is not FAULTY and name not in exclusive}
        complete = all(name in found for name, each in spec.items() if each.get("required"))
        return found, complete and (len(self.faults) == before or not CONSTRAINTS & set(option))

    def value(self, place: str, option: Params, value: t.Any) -> t.Any:
        """An option's value converted, or FAULTY."""
        if value is None and _may_be_null(option):
            return self._chosen(place, option, value, value)
        if option.get("type") == "list":
            converted = self._list(place, option, value)
        else:
            converted = self._converted(place, option, value)
            if converted is not FAULTY and _is_record(option):
                record, usable = self.record(place, option, converted)
                converted = record if usable else FAULTY
        if converted is not FAULTY:
            converted = self._chosen(place, option, value, converted)
        return None if value is None and converted is not FAULTY else converted

    def _list(self, place: str, option: Params, value: t.Any) -> t.Any:
        try:
            entries = _entries(option, value)
        except NOT_CONVERTED:
            return self._wrong_type(place, option, value)
        if "elements" not in option:
            return entries
        element = {name: each for name, each in option.items() if name not in ("elements", "choices")}
        element.update(type=option["elements"], required=True)  # null is no element
        found = [self.value(f"{place}[{number}]", element, entry) for number, entry in enumerate(entries)]
        if _is_record(element):
            return [None if each is FAULTY else each for each in found]
        return FAULTY if any(each is FAULTY for each in found) else found

    def _converted(self, place: str, option: Params, value: t.Any) -> t.Any:
        kind = option.get("type", "str")
        if NO_TEXT.search(_as_text(value)):
            what, why = f"{place}: {shown(value)} is no text", "it holds a zero byte, or half a character"
            self.faults.append(InvalidRequest(what, why=why, remedy="write it anew"))
            return FAULTY
        if kind in ("int", "float") and (isinstance(value, bool) or _is_odd(value)):
            return self._wrong_type(place, option, value)
        try:
            return KINDS[kind].convert(value)
        except NOT_CONVERTED:
            return self._wrong_type(place, option, value)

    def _wrong_type(self, place: str, option: Params, value: t.Any) -> t.Any:
        kind = KINDS[option.get("type", "str")]
        if kind.negation and not isinstance(value, (dict, list)):
            what = f"{shown(value)} {kind.negation}"
        else:
            what = f"{described(value)}, where {kind.noun} is expected"
        remedy = kind.remedy
        if _is_record(option):
            remedy = f"write it as {{{_first(option['options'])}: …}}"
        self.faults.append(InvalidRequest(f"{place}: {what}", remedy=remedy))
        return FAULTY

    def _chosen(self, place: str, option: Params, value: t.Any, converted: t.Any) -> t.Any:
        choices = option.get("choices")
        if choices is None:
            return converted
        if isinstance(converted, list):
            wrong = [(f"{place}[{number}]", each, each) for number, each in enumerate(converted) if each not in choices]
        else:
            wrong = [] if converted in choices else [(place, value, converted)]
        self.faults += [_no_choice(*each, choices) for each in wrong]
        return FAULTY if wrong else converted


def _entries(option: Params, value: t.Any) -> list[t.Any]:
    """:raises TypeError: or one of the others: no list, nor what Ansible makes a list of."""
    entries: list[t.Any] = validation.check_type_list(value)
    if "options" in option and not isinstance(value, list):
        # Ansible looks at a text twice: as a whole, and cut at each comma. It must be a dictionary both times.
        validation.check_type_dict(value)
        entries = [validation.check_type_dict(entry) for entry in entries]
    return entries


def _is_record(option: Params) -> bool:
    return option.get("type") == "dict" and bool(option.get("options"))


def _as_text(value: t.Any) -> str:
    """What Ansible makes of a text, or of bytes (`!binary` in YAML); "" of all else."""
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return value if isinstance(value, str) else ""


def _is_odd(value: t.Any) -> bool:
    """A text that Ansible takes for a number, and nobody wrote as one: digits of other scripts, "1_000", "1e999999"."""
    return isinstance(value, str) and DIGITS.fullmatch(value) is None


def _may_be_null(option: Params) -> bool:
    return not option.get("required") and option.get("default") is None


def _constraints(place: str, option: Params, given: Params, meant: set[str]) -> tuple[list[InvalidRequest], set[str]]:
    """Faults of options that do not go together, and the options that exclude each other.

    Ansible counts an option given as null as given here, and one with a default where one of several is required.
    """
    spec, before = option["options"], f"{place}: " if place else ""
    set_anyway = {name for name, each in spec.items() if each.get("default") is not None}
    faults: list[InvalidRequest] = []
    exclusive: set[str] = set()
    for group in option.get("mutually_exclusive") or ():
        names = [name for name in group if name in given]
        if len(names) > 1:
            exclusive |= set(names)
            what = f"{before}{', '.join(names)}: only one of them can be"
            faults.append(InvalidRequest(what, remedy="leave out the others"))
    for group in option.get("required_one_of") or ():
        if not {*group} & {*given, *meant, *set_anyway}:
            faults.append(
                InvalidRequest(f"{before}one of {', '.join(group)} is missing", remedy="give the one that is meant")
            )
    for name, needed in (option.get("required_by") or {}).items():
        if _has_value(name, spec, given):
            names = [needed] if isinstance(needed, str) else needed
            faults += [
                InvalidRequest(f"{_inside(place, each)}: missing beside {name}", remedy="give it")
                for each in names
                if each not in meant and not _has_value(each, spec, given)
            ]
    return faults, exclusive


def _has_value(name: str, spec: Spec, given: Params) -> bool:
    if name in given:
        return given[name] is not None or not _may_be_null(spec[name])
    return spec[name].get("default") is not None


def _no_choice(place: str, value: t.Any, converted: t.Any, choices: t.Sequence[t.Any]) -> InvalidRequest:
    what = f"{place}: {shown(value)} is none of {', '.join(map(str, choices))}"
    near = closest(str(converted).lower(), map(str, choices))
    if near:
        return InvalidRequest(f"{what}; did you mean {near}?")
    return InvalidRequest(what, remedy="leave it out, or give one of them" if value is None else "give one of them")


def _inside(place: str, name: t.Any) -> str:
    text = str(name)
    word = shortened(text if text.isprintable() else repr(text))
    return f"{place}.{word}" if place else word


def _first(options: Spec) -> str:
    """The option by which an entry is begun."""
    return next((name for name, each in options.items() if each.get("required")), next(iter(options)))
