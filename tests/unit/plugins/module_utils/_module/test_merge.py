# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What site, group and host want becomes one list, and each part of it is known by where it was written."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.merge import (
    called_by_label,
    in_words,
    merge,
    taken_back,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("provision_pfs", "provision_pfs_group", "provision_pfs_host")


def merged(*values):
    found = merge(list(zip(NAMES, values)))
    assert found.faults == []
    return found.pfs


def faults(*values):
    return [str(fault) for fault in merge(list(zip(NAMES, values))).faults]


def vfs(*lists):
    """VFs of one PF, from a list a source."""
    (pf,) = merged(*({"fast": {"vfs": records}} for records in lists))
    return pf["vfs"]


# Sources of one PF, and what becomes of them.
RULES = {
    "the label is the PF": ([{"enp1s0": {"num_vfs": 4}}], [{"pf": "enp1s0", "num_vfs": 4}]),
    "a label is no PF where pf is given": ([{"fast": {"pf": "enp1s0"}}], [{"pf": "enp1s0"}]),
    "a host has another slot": (
        [{}, {"fast": {"pf": "enp1s0", "num_vfs": 4}}, {"fast": {"pf": "enp3s0"}}],
        [{"pf": "enp3s0", "num_vfs": 4}],
    ),
    "the order is that of their first mention": (
        [{"b": {}}, {"a": {}, "b": {"num_vfs": 1}}],
        [{"pf": "b", "num_vfs": 1}, {"pf": "a"}],
    ),
    "a number is a label like any other": (
        [{7: {"num_vfs": 1}}, {"7": {"up": True}}],
        [{"pf": "7", "num_vfs": 1, "up": True}],
    ),
    "0 is a value": ([{"fast": {"num_vfs": 4}}, {"fast": {"num_vfs": 0}}], [{"pf": "fast", "num_vfs": 0}]),
    "null unsets": ([{"fast": {"num_vfs": 4, "up": True}}, {"fast": {"up": None}}], [{"pf": "fast", "num_vfs": 4}]),
    "null alone is nothing": ([{"fast": {"num_vfs": 4, "up": None}}], [{"pf": "fast", "num_vfs": 4}]),
    "without pf the label is the PF again": ([{"fast": {"pf": "enp1s0"}}, {"fast": {"pf": None}}], [{"pf": "fast"}]),
    "null takes a PF out": ([{"fast": {}, "slow": {}}, {"fast": None}], [{"pf": "slow"}]),
    "a PF that was taken out begins anew": (
        [{"fast": {"up": True}}, {"fast": None}, {"fast": {"num_vfs": 1}}],
        [{"pf": "fast", "num_vfs": 1}],
    ),
    "a dictionary in a PF merges": (
        [{"fast": {"rss": {"channels": 8, "equal": 4}}}, {"fast": {"rss": {"equal": None, "queues": [0, 1]}}}],
        [{"pf": "fast", "rss": {"channels": 8, "queues": [0, 1]}}],
    ),
    "a list replaces": ([{"fast": {"allow": ["in_use"]}}, {"fast": {"allow": []}}], [{"pf": "fast", "allow": []}]),
    "rules are appended, the same one too": (
        [{"fast": {"rules": [{"vf": 0}]}}, {"fast": {"rules": [{"vf": 0}, {"vf": 1, "vlan": None}]}}],
        [{"pf": "fast", "rules": [{"vf": 0}, {"vf": 0}, {"vf": 1, "vlan": None}]}],
    ),
    "null takes all rules and VFs out": (
        [{"fast": {"rules": [{"vf": 0}], "vfs": [{"vf": 0}]}}, {"fast": {"rules": None, "vfs": None}}],
        [{"pf": "fast"}],
    ),
    "a variable that is null is none": ([{"fast": {}}, None], [{"pf": "fast"}]),
}


@pytest.mark.parametrize(("sources", "wanted"), RULES.values(), ids=RULES)
def test_sources_merge(sources, wanted):
    assert merged(*sources) == wanted


@pytest.mark.parametrize("same", [[0, 1], "0-1", "0,1", " 1, 0", "0-1,1", ["0", 1], [1, 0], ["0-1"]], ids=str)
def test_records_of_the_same_vfs_are_joined_where_the_first_stands(same):
    found = vfs([{"vf": "0-1", "mac": "auto", "vlan": 5}, {"vf": 3}], [{"vf": 4}, {"vf": same, "vlan": 6, "mtu": 9000}])
    assert found == [{"vf": same, "mac": "auto", "vlan": 6, "mtu": 9000}, {"vf": 3}, {"vf": 4}]


@pytest.mark.parametrize("other", [0, "all", "0-2", [1], "0-1-2", "x", True, None], ids=str)
def test_records_of_other_vfs_are_appended(other):
    assert vfs([{"vf": "0-1", "mtu": 1}], [{"vf": other}]) == [{"vf": "0-1", "mtu": 1}, {"vf": other}]


@pytest.mark.parametrize("text", ["all", "x", "3-1"])
def test_what_means_no_numbers_is_compared_as_text(text):
    assert vfs([{"vf": text, "mtu": 1}], [{"vf": text, "vlan": 2}]) == [{"vf": text, "mtu": 1, "vlan": 2}]


def test_what_one_list_says_twice_stays_for_the_module_to_judge():
    twice = [{"vf": 3, "vlan": 5}, {"vf": "3", "vlan": 7}]
    assert vfs(twice) == twice
    assert vfs([{"vf": 3, "mtu": 9000}], twice) == [{"vf": 3, "mtu": 9000, "vlan": 5}, {"vf": "3", "vlan": 7}]


def test_null_in_a_record_stays_unless_it_is_joined():
    assert vfs([{"vf": "all", "vlan": 5}], [{"vf": 3, "vlan": None}]) == [
        {"vf": "all", "vlan": 5},
        {"vf": 3, "vlan": None},
    ]
    assert vfs([{"vf": 3, "vlan": 5, "mtu": 1}], [{"vf": 3, "vlan": None}]) == [{"vf": 3, "mtu": 1}]


def test_each_part_is_known_by_where_it_was_written():
    found = merge(
        [
            ("provision_pfs", {"fast": {"num_vfs": 4, "vfs": [{"vf": "all", "mac": "auto"}], "rules": [{"vf": 0}]}}),
            (
                "provision_pfs_host",
                {
                    "slow": {"pf": "enp2s0"},
                    "fast": {
                        "num_vfs": 2,
                        "vfs": [{"vf": 1, "vlan": 7}, {"vf": "all", "mtu": 1}],
                        "rules": [{"vf": 1}],
                    },
                },
            ),
        ]
    )
    assert found.origins == {
        "pfs[0]": "provision_pfs.fast",
        "pfs[0].pf": "provision_pfs.fast",
        "pfs[0].num_vfs": "provision_pfs_host.fast.num_vfs",
        "pfs[0].vfs": "provision_pfs.fast.vfs",
        "pfs[0].vfs[0]": "provision_pfs.fast.vfs[0]",
        "pfs[0].vfs[0].vf": "provision_pfs_host.fast.vfs[1].vf",
        "pfs[0].vfs[0].mac": "provision_pfs.fast.vfs[0].mac",
        "pfs[0].vfs[0].mtu": "provision_pfs_host.fast.vfs[1].mtu",
        "pfs[0].vfs[1]": "provision_pfs_host.fast.vfs[0]",
        "pfs[0].vfs[1].vf": "provision_pfs_host.fast.vfs[0].vf",
        "pfs[0].vfs[1].vlan": "provision_pfs_host.fast.vfs[0].vlan",
        "pfs[0].rules": "provision_pfs.fast.rules",
        "pfs[0].rules[0]": "provision_pfs.fast.rules[0]",
        "pfs[0].rules[0].vf": "provision_pfs.fast.rules[0].vf",
        "pfs[0].rules[1]": "provision_pfs_host.fast.rules[0]",
        "pfs[0].rules[1].vf": "provision_pfs_host.fast.rules[0].vf",
        "pfs[1]": "provision_pfs_host.slow",
        "pfs[1].pf": "provision_pfs_host.slow.pf",
    }


ORIGINS = {
    "pfs[0]": "provision_pfs.fast",
    "pfs[0].vfs[1]": "provision_pfs_host.fast.vfs[0]",
    "pfs[10]": "provision_pfs.b",
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("pfs[0].vfs[1].spoofcheck: unknown", "provision_pfs_host.fast.vfs[0].spoofcheck: unknown"),
        ("as pfs[0] and pfs[10].", "as provision_pfs.fast and provision_pfs.b."),
        ("pfs[0].vfs[1].", "provision_pfs_host.fast.vfs[0]."),
        ("(pfs[0].rules[2])", "(provision_pfs.fast.rules[2])"),
        ("pfs[1].mac, pfs, xpfs[0], a.pfs[0]", "pfs[1].mac, pfs, xpfs[0], a.pfs[0]"),
    ],
)
def test_places_of_the_list_are_told_as_the_user_wrote_them(text, wanted):
    assert in_words(text, ORIGINS) == wanted


HOW = "Remedy: write it as in"
WRITE_PFS = f"{HOW} provision_pfs: {{fast: {{pf: enp1s0, num_vfs: 4}}}}."
WRITE_PF = f"{HOW} fast: {{pf: enp1s0, num_vfs: 4}}."
WRITE_VFS = f"{HOW} vfs: [{{vf: 0, mac: auto}}]."
QUOTE = (
    "YAML reads 0000:01:00.0 as a number, and words such as on and no as true and false. "
    'Remedy: write the label in quotes, as in "0000:01:00.0".'
)
SHAPES = {
    "a list": ([{"pf": "enp1s0"}], f"provision_pfs: a list, where a dictionary by label is expected. {WRITE_PFS}"),
    "a text": ("enp1s0", f"provision_pfs: 'enp1s0' (text), where a dictionary by label is expected. {WRITE_PFS}"),
    "an empty text": ("", f"provision_pfs: '' (text), where a dictionary by label is expected. {WRITE_PFS}"),
    "a number as a PF": ({"fast": 4}, f"provision_pfs.fast: 4 (a number), where a dictionary is expected. {WRITE_PF}"),
    "a list as a PF": ({"fast": []}, f"provision_pfs.fast: a list, where a dictionary is expected. {WRITE_PF}"),
    "a dictionary as VFs": (
        {"fast": {"vfs": {"vf": 0}}},
        f"provision_pfs.fast.vfs: a dictionary, where a list of dictionaries is expected. {WRITE_VFS}",
    ),
    "a number as a VF": (
        {"fast": {"vfs": [{"vf": 1}, 0]}},
        f"provision_pfs.fast.vfs[1]: 0 (a number), where a dictionary is expected. {WRITE_VFS}",
    ),
    "a text as rules": (
        {"fast": {"rules": "none"}},
        "provision_pfs.fast.rules: 'none' (text), where a list of dictionaries is expected. "
        f"{HOW} rules: [{{flow_type: tcp4, dst_port: 80, vf: 0}}].",
    ),
    "an address that YAML made a number": ({60.0: {}}, f"provision_pfs: 60.0, where a label is expected: {QUOTE}"),
    "a MAC address that YAML made a number": (
        {46921827011: {"num_vfs": 1}},
        "provision_pfs.46921827011: 46921827011 is a number: YAML reads 60:20:30:40:50:11 without quotes as one. "
        "Remedy: write it in quotes.",
    ),
    "a word that YAML made true": ({True: {}}, f"provision_pfs: true, where a label is expected: {QUOTE}"),
}


@pytest.mark.parametrize(("value", "wanted"), SHAPES.values(), ids=SHAPES)
def test_another_shape_is_told_with_its_place(value, wanted):
    assert faults(value) == [wanted]


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        (
            [{"fast": {}}, {"fats": None}],
            "provision_pfs_group.fats: null, but there is no such PF to take out; did you mean fast?",
        ),
        (
            [{"fast": {}, "slow": {}}, {"enp1s0": None}],
            "provision_pfs_group.enp1s0: null, but there is no such PF to take out: labels up to here are fast, slow. "
            "Remedy: leave it out.",
        ),
        (
            [{"fast": None}],
            "provision_pfs.fast: null, but there is no such PF to take out: labels up to here are none. "
            "Remedy: leave it out.",
        ),
    ],
)
def test_null_for_a_label_that_nobody_has_is_a_slip(sources, wanted):
    assert faults(*sources) == [wanted]


@pytest.mark.parametrize(
    ("pf", "place"),
    [
        ({"num_vf": None}, "num_vf"),
        ({"rss": {"equals": None}}, "rss.equals"),
        ({"vfs": [{"vf": 0, "vlam": None}]}, "vfs[0].vlam"),
    ],
)
@pytest.mark.parametrize("below", [{}, {"num_vfs": 4, "rss": {"equal": 2}, "vfs": [{"vf": 0, "vlan": 5}]}])
def test_a_misspelt_word_that_is_null_is_told(below, pf, place):
    with pytest.raises(SriovError) as caught:
        desired_state(MODULES["host"], {"pfs": merged({"fast": below}, {"fast": pf})})
    assert str(caught.value).startswith(f"pfs[0].{place}: unknown, did you mean")


def test_all_faults_are_told():
    assert len(faults([], "text", {"fast": 1, "slow": {"vfs": 2, "rules": [3]}})) == 5


# The properties. Without null: what it unsets in what comes later is not to be seen in what two of them make.
WORDS = st.sampled_from(["a", "b", "c"])
VALUES = st.integers(0, 3)
SELECTORS = st.sampled_from([0, "0", [0], "0-1", [0, 1], "0,1", "all", "x"])
RECORD = st.builds(lambda vf, rest: {"vf": vf, **rest}, SELECTORS, st.dictionaries(WORDS, VALUES, max_size=2))
PF = st.fixed_dictionaries(
    {},
    optional={
        "num_vfs": VALUES,
        "rss": st.dictionaries(WORDS, st.one_of(VALUES, st.lists(VALUES, max_size=2)), max_size=2),
        "allow": st.lists(WORDS, max_size=2),
        "vfs": st.lists(RECORD, max_size=3),
        "rules": st.lists(st.dictionaries(WORDS, VALUES, max_size=2), max_size=2),
    },
)
SOURCE = st.dictionaries(WORDS, PF, max_size=3)


def again(pfs):
    """A list as a source."""
    return {pf["pf"]: pf for pf in pfs}


@given(SOURCE, SOURCE, SOURCE)
def test_it_is_the_same_in_whichever_pairs_they_are_merged(first, second, third):
    whole = merged(first, second, third)
    assert merged(again(merged(first, second)), third) == whole
    assert merged(first, again(merged(second, third))) == whole


@given(SOURCE, SOURCE)
def test_nothing_changes_nothing(first, second):
    assert merged(first, {}, second) == merged({}, first, second) == merged(first, second, {}) == merged(first, second)


def values(value, place):
    """Every value of the list, by its place."""
    yield place, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from values(each, f"{place}.{key}" if isinstance(value, dict) else f"{place}[{key}]")


@given(SOURCE, SOURCE, SOURCE)
def test_every_place_has_an_origin_and_every_origin_has_its_value(first, second, third):
    sources = (first, second, third)
    found = merge(list(zip(NAMES, sources)))
    there = {place: value for number, pf in enumerate(found.pfs) for place, value in values(pf, f"pfs[{number}]")}
    assert set(there) == set(found.origins)
    written = {place: value for name, source in zip(NAMES, sources) for place, value in values(source, name)}
    assert set(found.origins.values()) <= set(written)
    scalars = {place for place, value in there.items() if not isinstance(value, (dict, list))}
    labels = {place for place in scalars if place.endswith(".pf")}
    assert {place: there[place] for place in scalars - labels} == {
        place: written[found.origins[place]] for place in scalars - labels
    }


def test_a_large_number_may_be_a_label_where_the_pf_is_given():
    assert not faults({46921827011: {"pf": "enp1s0"}})


# --- Taken back ---

SITE = {"fast": {"pf": "enp1s0", "num_vfs": 4}, "enp3s0": {"num_vfs": 1}}
FAST = {"pf": "enp1s0", "num_vfs": 4, "as_before": True}
TAKEN_BACK = {
    "all": ([], [FAST, {"pf": "enp3s0", "num_vfs": 1, "as_before": True}]),
    "none is named": (None, [FAST, {"pf": "enp3s0", "num_vfs": 1, "as_before": True}]),
    "one by its label": (["fast"], [FAST]),
    "one by its name": (["enp1s0"], [FAST]),
    "in another order, and one that nobody has said anything of": (
        ["0000:05:00.0", "enp3s0"],
        [{"pf": "0000:05:00.0", "as_before": True}, {"pf": "enp3s0", "num_vfs": 1, "as_before": True}],
    ),
}


@pytest.mark.parametrize(("wanted", "pfs"), TAKEN_BACK.values(), ids=TAKEN_BACK)
def test_pfs_are_taken_back(wanted, pfs):
    found = taken_back(merge([("provision_pfs", SITE)]), wanted)
    assert (found.pfs, found.faults) == (pfs, [])
    desired_state(MODULES["host"], {"pfs": found.pfs})


def test_it_is_known_where_each_is_written():
    found = taken_back(merge([("provision_pfs", SITE)]), ["enp7s0", "fast"])
    told = in_words("pfs[0].pf, pfs[1].num_vfs, pfs[1].as_before", found.origins)
    assert told == "teardown_pfs[0], provision_pfs.fast.num_vfs, provision_pfs.fast.as_before"


def test_what_is_no_list_is_told_with_the_rest():
    found = taken_back(merge([("provision_pfs", 7)]), {"fast": {}})
    assert [str(fault).partition(":")[0] for fault in found.faults] == ["provision_pfs", "teardown_pfs"]


LABELS = {"fast": {"pf": "enp1s0"}, "enp1s0": {"pf": "enp3s0"}, "enp7s0": {}, "a.b": {"pf": "enp8s0"}}
CALLED = {
    "a label": ([{"pf": "fast", "vf": 3}], [{"pf": "enp1s0", "vf": 3}]),
    "a PF": ([{"pf": "enp3s0", "vf": 3}], [{"pf": "enp3s0", "vf": 3}]),
    "a PF whose name is another's label": ([{"pf": "enp1s0", "vf": 3}], [{"pf": "enp1s0", "vf": 3}]),
    "a PF that is its own label": ([{"pf": "enp7s0", "vf": 3}], [{"pf": "enp7s0", "vf": 3}]),
    "a label with a dot": ([{"pf": "a.b", "vf": "all"}], [{"pf": "enp8s0", "vf": "all"}]),
    "of a host alone": ([{"pf": "slow", "vf": 0}], [{"pf": "enp9s0", "vf": 0}]),
    "several of one": ([{"pf": "fast", "vf": 1}, {"pf": "fast", "vf": 2}], [{"pf": "enp1s0", "vf": n} for n in (1, 2)]),
    "nothing that there is": ([{"pf": "fats", "vf": 3}], [{"pf": "fats", "vf": 3}]),
    "an empty name": ([{"pf": "", "vf": 3}], [{"pf": "", "vf": 3}]),
    "no PF at all": ([{"vf": 3}, "fast", None], [{"vf": 3}, "fast", None]),
    "no list": ("fast", "fast"),
}


@pytest.mark.parametrize(("vfs_of", "wanted"), CALLED.values(), ids=CALLED)
def test_records_may_call_a_pf_by_its_label(vfs_of, wanted):
    found = merge([("provision_pfs", LABELS), ("provision_pfs_host", {"slow": {"pf": "enp9s0"}})])
    assert called_by_label(vfs_of, found.pfs, found.origins) == wanted


def test_without_origins_only_names_are_known():
    assert called_by_label([{"pf": "", "vf": 0}, {"pf": "fast"}], [{"pf": "enp1s0"}], {}) == [
        {"pf": "", "vf": 0},
        {"pf": "fast"},
    ]


def test_a_list_that_is_none_is_left_for_the_module_to_tell():
    for pfs in ("fast", [7, {"num_vfs": 1}]):
        assert called_by_label([{"pf": "fast", "vf": 0}], pfs, {"pfs[0]": "provision_pfs.fast"}) == [
            {"pf": "fast", "vf": 0}
        ]
