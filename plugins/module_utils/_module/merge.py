# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a site, a group and a host want, dictionaries by label, merged into the list that module host takes. Pure."""

from __future__ import annotations

import re
import typing as t
from collections import Counter

from .._sriov.errors import InvalidRequest
from .._sriov.model.selector import parse_selector
from .misread import mac_addresses, misread
from .options import PF_OPTIONS, RECORD, RSS_OPTIONS, XSK_OPTIONS
from .rules import RULE_OPTIONS
from .words import closest, described, shown

Source = t.Tuple[str, t.Any]
"""A variable: its name and its value."""

FORMS = {  # how to write what is not as it is expected
    "source": "{name}: {{fast: {{pf: enp1s0, num_vfs: 4}}}}",
    "pf": "{name}: {{pf: enp1s0, num_vfs: 4}}",
    "vfs": "vfs: [{vf: 0, mac: auto}]",
    "rules": "rules: [{flow_type: tcp4, dst_port: 80, vf: 0}]",
}
SOURCES = ("provision_pfs", "provision_pfs_group", "provision_pfs_host")  # in the order in which they are merged
TEARDOWN_PFS = "teardown_pfs"  # a variable of role teardown
KNOWN = {*PF_OPTIONS, *RECORD, *RSS_OPTIONS, *XSK_OPTIONS, *RULE_OPTIONS}
PLACE = re.compile(r"(?<![\w.])pfs\[\d+\](?:\.[\w-]+|\[\d+\])*")
LAST_PART = re.compile(r"(?:\.[\w-]+|\[\d+\])$")


class Merged(t.NamedTuple):
    """The list, where each part of it is written ("pfs[0].vfs[1]": "provision_pfs_host.fast.vfs[0]"), and faults."""

    pfs: list[dict[str, t.Any]]
    origins: dict[str, str]
    faults: list[InvalidRequest]


class Node(t.NamedTuple):
    """A value and where it is written; what is in a dictionary or a list is a node as well."""

    value: t.Any
    origin: str


class Records(t.Dict[t.Hashable, Node]):
    """A list of records, by what they are joined by."""


def merge(sources: list[Source]) -> Merged:
    """Each over those before it.

    Dictionaries merge, records of `vfs` with the same selector too; other records of `vfs`, and all `rules`, are
    appended; any other value replaces, and null unsets.
    """
    faults: list[InvalidRequest] = []
    labels = Node({}, "")
    numbers: dict[str, t.Any] = {}  # labels that YAML may have made of MAC addresses
    for name, value in sources:
        numbers.update((str(each), each) for each in (value if isinstance(value, dict) else ()) if mac_addresses(each))
        source = _source(name, value, faults)
        idle = [label for label, node in source.value.items() if node.value is None and label not in labels.value]
        for label in idle:
            faults.append(_nothing_to_take_out(name, label, labels.value))
            del source.value[label]
        labels = _over(labels, source)
    pfs, origins = [], {}
    for number, (label, node) in enumerate(labels.value.items()):
        place = f"pfs[{number}]"
        origins[f"{place}.pf"] = node.origin  # where it is not given, the label is the PF
        if "pf" not in node.value:
            faults += misread(node.origin, "pf", numbers.get(label))
        pfs.append({"pf": label, **_plain(node, place, origins)})
    return Merged(pfs, origins, faults)


def taken_back(merged: Merged, wanted: t.Any) -> Merged:
    """PFs as they were before the first change; what is said of them is for hosts that do not know what that was.

    :param wanted: labels or PFs, a list; empty for all that are merged.
    """
    if wanted is not None and not isinstance(wanted, (list, tuple)):
        fault = _expected(TEARDOWN_PFS, wanted, "a list of PFs", f"{TEARDOWN_PFS}: [enp1s0]")
        return merged._replace(faults=[*merged.faults, fault])
    numbers: dict[str, int] = {}
    for number, pf in enumerate(merged.pfs):
        numbers.setdefault(str(pf["pf"]), number)
    for number in range(len(merged.pfs)):
        numbers[merged.origins[f"pfs[{number}]"].partition(".")[2]] = number
    pfs: list[dict[str, t.Any]] = []
    origins: dict[str, str] = {}
    chosen = [numbers.get(str(name)) for name in wanted] if wanted else list(range(len(merged.pfs)))
    for place, found in enumerate(chosen):
        if found is None:
            pfs.append({"pf": (wanted or [])[place], "as_before": True})
            origins.update(dict.fromkeys((f"pfs[{place}]", f"pfs[{place}].pf"), f"{TEARDOWN_PFS}[{place}]"))
        else:
            pfs.append({**merged.pfs[found], "as_before": True})
            origins.update(_moved(merged.origins, f"pfs[{found}]", f"pfs[{place}]"))
    return Merged(pfs, origins, merged.faults)


def _moved(origins: dict[str, str], before: str, after: str) -> dict[str, str]:
    """Those of one PF, at another place of the list."""
    return {after + each[len(before) :]: origin for each, origin in origins.items() if each.startswith(before)}


def called_by_label(vfs: t.Any, pfs: t.Any, origins: dict[str, str]) -> t.Any:
    """Records with a key `pf`, in which the label of a PF becomes what the merged list calls that PF.

    A PF's name goes before labels. What is nothing of both, or no such record, stays for the module to tell.

    :param origins: of the list, see Merged.
    """
    if not (isinstance(vfs, list) and isinstance(pfs, list)):
        return vfs
    names = [(number, pf["pf"]) for number, pf in enumerate(pfs) if isinstance(pf, dict) and "pf" in pf]
    labels = {origins.get(f"pfs[{number}]", "").partition(".")[2]: name for number, name in names}
    labels.update((str(name), name) for _number, name in names)
    labels.pop("", None)
    known = [isinstance(each, dict) and str(each.get("pf", "")) in labels for each in vfs]
    return [{**each, "pf": labels[str(each["pf"])]} if is_one else each for each, is_one in zip(vfs, known)]


def in_words(text: str, origins: dict[str, str]) -> str:
    """A text that names places in the list, with the places where the user has written them."""
    return PLACE.sub(lambda match: _origin(match.group(), origins), text)


def _origin(place: str, origins: dict[str, str]) -> str:
    known = place
    while known not in origins:
        shorter = LAST_PART.sub("", known)
        if shorter == known:
            return place
        known = shorter
    return origins[known] + place[len(known) :]


def _over(below: Node, above: Node) -> Node:
    if not (isinstance(below.value, dict) and isinstance(above.value, dict)):
        return above
    found = type(below.value)(below.value)
    for key, node in above.value.items():
        if node.value is not None:
            found[key] = _over(found[key], node) if key in found else node
        elif key in found:
            del found[key]
        elif key not in KNOWN:
            found[key] = node  # a misspelt word unsets nothing: it is left for module host to tell
    return Node(found, below.origin)


def _plain(node: Node, place: str, origins: dict[str, str], record: bool = False) -> t.Any:
    """The value without origins, which are noted.

    :param record: null stays: it unsets what a wider record of the list says.
    """
    origins[place] = node.origin
    value = node.value
    if isinstance(value, Records):
        return [_plain(each, f"{place}[{number}]", origins, True) for number, each in enumerate(value.values())]
    if isinstance(value, list):
        return [_plain(each, f"{place}[{number}]", origins, record) for number, each in enumerate(value)]
    if isinstance(value, dict):
        kept = ((key, each) for key, each in value.items() if record or each.value is not None or key not in KNOWN)
        return {key: _plain(each, f"{place}.{key}", origins, record) for key, each in kept}
    return value


def _source(name: str, value: t.Any, faults: list[InvalidRequest]) -> Node:
    found: dict[str, Node] = {}
    if value is not None and not isinstance(value, dict):
        faults.append(_expected(name, value, "a dictionary by label", FORMS["source"].format(name=name)))
        value = None
    for label, entry in (value or {}).items():
        if label is None or isinstance(label, (bool, float)):
            faults.append(_no_label(name, label))
        elif entry is None:
            found[str(label)] = Node(None, f"{name}.{label}")
        elif isinstance(entry, dict):
            found[str(label)] = _pf(f"{name}.{label}", entry, faults)
        else:
            form = FORMS["pf"].format(name=label)
            faults.append(_expected(f"{name}.{label}", entry, "a dictionary", form))
    return Node(found, name)


def _pf(origin: str, entry: dict[t.Any, t.Any], faults: list[InvalidRequest]) -> Node:
    found = {}
    for key, value in entry.items():
        place = f"{origin}.{key}"
        lists = key in ("vfs", "rules") and value is not None
        found[str(key)] = _records(key, place, value, faults) if lists else _node(value, place)
    return Node(found, origin)


def _records(key: str, origin: str, value: t.Any, faults: list[InvalidRequest]) -> Node:
    found, form = Records(), FORMS[key]
    seen: t.Counter[t.Hashable] = Counter()
    if not isinstance(value, (list, tuple)):
        faults.append(_expected(origin, value, "a list of dictionaries", form))
        return Node(found, origin)
    for number, record in enumerate(value):
        place = f"{origin}[{number}]"
        if not isinstance(record, dict):
            faults.append(_expected(place, record, "a dictionary", form))
        elif key == "vfs" and record.get("vf") is not None:
            # With how often it was there: what one list says twice is not joined, but left for module host to judge.
            selector = _selector(record["vf"])
            found[selector, seen[selector]] = _node(record, place)
            seen[selector] += 1
        else:
            found[place] = _node(record, place)
    return Node(found, origin)


def _node(value: t.Any, origin: str) -> Node:
    if isinstance(value, dict):
        return Node({str(key): _node(each, f"{origin}.{key}") for key, each in value.items()}, origin)
    if isinstance(value, (list, tuple)):
        return Node([_node(each, f"{origin}[{number}]") for number, each in enumerate(value)], origin)
    return Node(value, origin)


def _selector(value: t.Any) -> t.Hashable:
    """The VFs that are meant, however they are written; where it means none, what is written."""
    try:
        return parse_selector(value)
    except ValueError:
        return str(value)


def _expected(place: str, value: t.Any, expected: str, form: str) -> InvalidRequest:
    what = f"{place}: {described(value)}, where {expected} is expected"
    return InvalidRequest(what, remedy=f"write it as in {form}")


def _nothing_to_take_out(name: str, label: str, labels: dict[str, Node]) -> InvalidRequest:
    what = f"{name}.{label}: null, but there is no such PF to take out"
    near = closest(label, labels)
    if near:
        return InvalidRequest(f"{what}; did you mean {near}?")
    return InvalidRequest(what, why=f"labels up to here are {', '.join(labels) or 'none'}", remedy="leave it out")


def _no_label(name: str, label: t.Any) -> InvalidRequest:
    return InvalidRequest(
        f"{name}: {shown(label)}, where a label is expected",
        why="YAML reads 0000:01:00.0 as a number, and words such as on and no as true and false",
        remedy='write the label in quotes, as in "0000:01:00.0"',
    )
