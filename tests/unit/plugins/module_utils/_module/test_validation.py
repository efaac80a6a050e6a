# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault of options with its place, and what is left of the options."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.options import HOST
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.validation import (
    checked_options,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.words import shown
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest

CONSENT = {"type": "list", "elements": "str", "choices": ["in_use", "link_reset"]}
VF = {
    "vf": {"type": "raw", "required": True},
    "mac": {"type": "str"},
    "vlan": {"type": "int"},
    "spoofchk": {"type": "bool"},
    "link_state": {"type": "str", "choices": ["auto", "enable", "disable"]},
    "driver": {"type": "str"},
}
RULE = {
    "flow_type": {"type": "str", "required": True, "choices": ["tcp4", "udp4"]},
    "vf": {"type": "int"},
    "queue": {"type": "int"},
    "drop": {"type": "bool"},
}
RSS = {"queues": {"type": "list", "elements": "int"}, "equal": {"type": "int"}}
PF = {
    "pf": {"type": "str", "required": True},
    "num_vfs": {"type": "int"},
    "vfs": {"type": "list", "elements": "dict", "options": VF},
    "rules": {"type": "list", "elements": "dict", "options": RULE, "mutually_exclusive": [("vf", "drop")]},
    "rss": {"type": "dict", "options": RSS, "mutually_exclusive": [("queues", "equal")]},
    "exclusive": {"type": "bool", "default": False},
    "allow": CONSENT,
}
SPEC = {
    "pfs": {"type": "list", "elements": "dict", "required": True, "options": PF},
    "timeout": {"type": "int", "default": 120},
    "allow": CONSENT,
}
BIND = {
    "devices": {"type": "list", "elements": "str"},
    "vf": {"type": "raw"},
    "pf": {"type": "str"},
    "driver": {"type": "str"},
    "assignments": {
        "type": "list",
        "elements": "dict",
        "options": {"devices": {"type": "list", "elements": "str"}, "vf": {"type": "raw"}},
        "required_one_of": [("devices", "vf")],
    },
}
BIND_RULES = {
    "mutually_exclusive": [("devices", "vf", "assignments")],
    "required_one_of": [("devices", "vf", "assignments")],
    "required_by": {"vf": ("pf", "driver"), "devices": "driver"},
}


def texts(options, spec=None, **constraints):
    return [str(fault) for fault in checked_options(spec or SPEC, options, **constraints).faults]


def pf(**options):
    return {"pfs": [{"pf": "enp1s0", **options}]}


def vf(**options):
    return pf(vfs=[{"vf": 0}, {"vf": 1, **options}])


LIST = 'Remedy: begin each entry with "- ".'
RECORD = "where a dictionary is expected. Remedy: write it as"
CHOICES = "is none of auto, enable, disable"
ALLOW = "is none of in_use, link_reset"
HERE = "unknown here. Remedy:"
ONE = "only one of them can be. Remedy: leave out the others."
# Options of SPEC, and all that is said of them.
FAULTS = {
    "a misspelt word": (vf(spoofcheck=False), ["pfs[0].vfs[1].spoofcheck: unknown, did you mean spoofchk?"]),
    "a word in other letters": (pf(**{"Num-VFs": 1}), ["pfs[0].Num-VFs: unknown, did you mean num_vfs?"]),
    "the kernel's word": (pf(sriov_numvfs=1), ["pfs[0].sriov_numvfs: unknown, did you mean num_vfs?"]),
    "a misspelt word of the module": ({**pf(), "time_out": 9}, ["time_out: unknown, did you mean timeout?"]),
    "a word that must be there, misspelt": ({"pfs": [{"pfs": "a"}]}, ["pfs[0].pfs: unknown, did you mean pf?"]),
    "one of another's": ({"pfs": [{"interface": "a"}]}, ["pfs[0].interface: unknown, did you mean pf?"]),
    "others of another's": (
        vf(mac_address="", vlan_id=1, link="auto", drivers="igbvf"),
        [
            "pfs[0].vfs[1].mac_address: unknown, did you mean mac?",
            "pfs[0].vfs[1].vlan_id: unknown, did you mean vlan?",
            "pfs[0].vfs[1].link: unknown, did you mean link_state?",
            "pfs[0].vfs[1].drivers: unknown, did you mean driver?",
        ],
    ),
    "vfs in a record": (pf(vfs=[{"vfs": "all"}]), ["pfs[0].vfs[0].vfs: unknown, did you mean vf?"]),
    "a word that nobody knows": (
        pf(foo=1),
        ["pfs[0].foo: unknown. Remedy: use one of pf, num_vfs, vfs, rules, rss, exclusive, allow."],
    ),
    "a key that is no word": ({**pf(), 3: 1}, ["3: unknown. Remedy: use one of pfs, timeout, allow."]),
    "a key of many lines": (
        {**pf(), "a\n" * 99: 1},
        ["'" + r"a\n" * 19 + "…': unknown. Remedy: use one of pfs, timeout, allow."],
    ),
    "what drivers were": (
        pf(drivers=[{"vfs": "0"}]),
        ["pfs[0].drivers: unknown; a VF's driver stands in its record. Remedy: write vfs: [{vf: …, driver: …}]."],
    ),
    "consent in one word": (
        {**pf(force=True), "force": True},
        [
            "pfs[0].force: unknown; consent is a list of what may be lost. Remedy: name it, as in allow: [in_use].",
            "force: unknown; consent is a list of what may be lost. Remedy: name it, as in allow: [in_use].",
        ],
    ),
    "words of a record deeper": (
        {**pf(mac="auto", queue=1), "num_vfs": 4, "name": "enp1s0", "spoofchk": False},
        [
            f"pfs[0].mac: {HERE} its place is pfs[0].vfs[].mac.",
            f"pfs[0].queue: {HERE} its place is pfs[0].rules[].queue.",
            f"num_vfs: {HERE} its place is pfs[].num_vfs.",
            f"name: {HERE} write pfs[].pf.",
            f"spoofchk: {HERE} its place is pfs[].vfs[].spoofchk.",
        ],
    ),
    "no number": (
        pf(num_vfs="four"),
        ["pfs[0].num_vfs: 'four' is no whole number. Remedy: write it in digits, as in 4."],
    ),
    "half a number": (
        {**pf(), "timeout": 1.5},
        ["timeout: 1.5 is no whole number. Remedy: write it in digits, as in 4."],
    ),
    "a list for a number": (
        pf(num_vfs=[4]),
        ["pfs[0].num_vfs: a list, where a whole number is expected. Remedy: write it in digits, as in 4."],
    ),
    "neither yes nor no": (
        vf(spoofchk="maybe"),
        ["pfs[0].vfs[1].spoofchk: 'maybe' is neither true nor false. Remedy: write true or false."],
    ),
    "null where a default is": (
        pf(exclusive=None),
        ["pfs[0].exclusive: null is neither true nor false. Remedy: write true or false."],
    ),
    "a long text": (
        pf(num_vfs="x" * 99),
        [f"pfs[0].num_vfs: '{'x' * 57}…' is no whole number. Remedy: write it in digits, as in 4."],
    ),
    "a dictionary for a list": ({"pfs": {"pf": "a"}}, [f"pfs: a dictionary, where a list is expected. {LIST}"]),
    "a text for a list": ({"pfs": "enp1s0"}, [f"pfs: 'enp1s0' (text), where a list is expected. {LIST}"]),
    "a text that is a list": (
        {"pfs": '[{"pf": "a"}]'},
        [f'pfs: \'[{{"pf": "a"}}]\' (text), where a list is expected. {LIST}'],
    ),
    "null for a list that must be there": ({"pfs": None}, ["pfs: missing. Remedy: give it."]),
    "true for a list": (pf(vfs=True), [f"pfs[0].vfs: true, where a list is expected. {LIST}"]),
    "texts for dictionaries": (
        pf(vfs=["all", {"vf": 1}, 7], rss=[1]),
        [
            f"pfs[0].vfs[0]: 'all' (text), {RECORD} {{vf: …}}.",
            f"pfs[0].vfs[2]: 7 (a number), {RECORD} {{vf: …}}.",
            f"pfs[0].rss: a list, {RECORD} {{queues: …}}.",
        ],
    ),
    "no number in a list": (
        pf(rss={"queues": "0,x"}),
        ["pfs[0].rss.queues[1]: 'x' is no whole number. Remedy: write it in digits, as in 4."],
    ),
    "no choice": (vf(link_state="up"), [f"pfs[0].vfs[1].link_state: 'up' {CHOICES}. Remedy: give one of them."]),
    "nearly a choice": (
        vf(link_state="Enabled"),
        [f"pfs[0].vfs[1].link_state: 'Enabled' {CHOICES}; did you mean enable?"],
    ),
    "null for a choice": (
        vf(link_state=None),
        [f"pfs[0].vfs[1].link_state: null {CHOICES}. Remedy: leave it out, or give one of them."],
    ),
    "no choices in a list": (
        {**pf(), "allow": ["inuse", "in_use", "all"]},
        [f"allow[0]: 'inuse' {ALLOW}; did you mean in_use?", f"allow[2]: 'all' {ALLOW}. Remedy: give one of them."],
    ),
    "what must be there": (
        {"pfs": [{"vfs": [{"vf": 0}, {"mac": "auto"}]}]},
        ["pfs[0].vfs[1].vf: missing. Remedy: give it.", "pfs[0].pf: missing. Remedy: give it."],
    ),
    "what excludes each other": (
        pf(rules=[{"flow_type": "tcp4", "vf": 0, "drop": True}], rss={"queues": [1], "equal": None}),
        [f"pfs[0].rules[0]: vf, drop: {ONE}", f"pfs[0].rss: queues, equal: {ONE}"],
    ),
    "all at once": (
        {"pfs": [{"pf": "a", "numvfs": 1, "vfs": ["all", {"vf": 1, "vlan": "x"}]}, 3], "timeout": "long"},
        [
            "pfs[0].numvfs: unknown, did you mean num_vfs?",
            f"pfs[0].vfs[0]: 'all' (text), {RECORD} {{vf: …}}.",
            "pfs[0].vfs[1].vlan: 'x' is no whole number. Remedy: write it in digits, as in 4.",
            f"pfs[1]: 3 (a number), {RECORD} {{pf: …}}.",
            "timeout: 'long' is no whole number. Remedy: write it in digits, as in 4.",
        ],
    ),
}
# Options of BIND, and all that is said of them.
BIND_FAULTS = {
    "nothing": ({}, ["one of devices, vf, assignments is missing. Remedy: give the one that is meant."]),
    "nothing in an entry": (
        {"assignments": [{"devices": []}, {}]},
        ["assignments[1]: one of devices, vf is missing. Remedy: give the one that is meant."],
    ),
    "two that exclude each other": (
        {"devices": "a", "assignments": [], "driver": "b"},
        [f"devices, assignments: {ONE}"],
    ),
    "what another needs": (
        {"vf": 0, "pf": None},
        ["pf: missing beside vf. Remedy: give it.", "driver: missing beside vf. Remedy: give it."],
    ),
    "misspelt, and needed": ({"device": ["a"], "driver": "b"}, ["device: unknown, did you mean devices?"]),
    "misspelt, and needed by another": ({"vf": 0, "pf": "a", "drivr": 1}, ["drivr: unknown, did you mean driver?"]),
}


@pytest.mark.parametrize(("options", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place(options, told):
    assert texts(options) == told
    assert all(isinstance(fault, InvalidRequest) for fault in checked_options(SPEC, options).faults)


@pytest.mark.parametrize(("options", "told"), BIND_FAULTS.values(), ids=BIND_FAULTS)
def test_options_that_do_not_go_together_are_told(options, told):
    assert texts(options, BIND, **BIND_RULES) == told


def test_the_options_of_host_are_checked():
    pfs = [{"pf": "a", "num_vfs": "four", "vfs": [{"vf": "0", "spoofcheck": False, "vlan": "x"}]}, {"rules": {}}]
    places = [text.partition(": ")[0] for text in texts({"pfs": pfs}, HOST)]
    assert places == ["pfs[0].num_vfs", "pfs[0].vfs[0].spoofcheck", "pfs[0].vfs[0].vlan", "pfs[1].rules", "pfs[1].pf"]


# Options, and what is left of them without their faults.
LEFT = {
    "nothing is wrong": (vf(mac=None, spoofchk="yes", vlan="7"), vf(mac=None, spoofchk=True, vlan=7)),
    "nulls stay": ({**pf(vfs=None, num_vfs=None), "_ansible_diff": 1}, pf(vfs=None, num_vfs=None)),
    "a value": (vf(vlan="x", mac="auto"), vf(mac="auto")),
    "an unknown word": (vf(foo=1), vf()),
    "an entry that is no dictionary": (pf(vfs=["all", {"vf": 0}]), pf(vfs=[None, {"vf": 0}])),
    "an entry without what it must have": (pf(vfs=[{"vf": 0}, {"mac": "auto"}]), pf(vfs=[{"vf": 0}, None])),
    "an entry whose options exclude each other": (
        pf(rules=[{"flow_type": "tcp4", "vf": 0, "drop": True}], num_vfs=1),
        pf(rules=[None], num_vfs=1),
    ),
    "what an entry must have": (pf(rules=[{"flow_type": "tcp5", "vf": 0}]), pf(rules=[None])),
    "a dictionary": (pf(rss={"queues": 1, "equal": 1}), pf()),
    "a rule that may mean another flow": (pf(rules=[{"flow_type": "tcp4", "vf": "x"}]), pf(rules=[None])),
    "what depends on an element": (pf(rss={"queues": [0, "x"]}, num_vfs=1), pf(num_vfs=1)),
    "an entry of the only list": ({"pfs": [{"pf": "a"}, {}], "timeout": 1}, {"pfs": [{"pf": "a"}, None], "timeout": 1}),
    "an option left empty that must be there": ({"pfs": [{"pf": None}]}, {"pfs": [None]}),
}


@pytest.mark.parametrize(("options", "left"), LEFT.values(), ids=LEFT)
def test_what_is_faulty_is_left_out(options, left):
    before = copy.deepcopy(options)
    assert checked_options(SPEC, options).options == left
    assert options == before


def test_what_is_left_is_a_copy():
    options = pf(vfs=[{"vf": [0, 1]}])
    checked_options(SPEC, options).options["pfs"][0]["vfs"][0]["vf"].append(2)
    assert options == pf(vfs=[{"vf": [0, 1]}])


def test_of_options_that_exclude_each_other_none_is_left():
    assert checked_options(BIND, {"devices": [], "vf": 1, "pf": "a", "driver": "b"}, **BIND_RULES).options == {
        "pf": "a",
        "driver": "b",
    }


@pytest.mark.parametrize("value", ["٣", "1_000", "1e999999999", "0x10", "²", "9" * 41])
@pytest.mark.parametrize(("kind", "noun"), [("int", "whole number"), ("float", "number")])
def test_a_text_is_a_number_only_as_people_write_one(value, kind, noun):
    (fault,) = checked_options({"count": {"type": kind}}, {"count": value}).faults
    assert fault.what == f"count: {shown(value)} is no {noun}"


@pytest.mark.parametrize("kind", ["str", "raw", "int"])
@pytest.mark.parametrize("value", ["enp1s0\0", "\ud800", b"\xff"])
def test_what_no_name_and_no_log_can_hold_is_refused(kind, value):
    (fault,) = checked_options({"pf": {"type": kind}}, {"pf": value}).faults
    said = "is no text: it holds a zero byte, or half a character. Remedy: write it anew."
    assert str(fault) == f"pf: {value!r} {said}"
