# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How VFs are named, against Python's sets."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import (
    EVERY_VF,
    MOST_VFS,
    Selector,
    check_there,
    parse_selector,
)
from hypothesis import given
from hypothesis import strategies as st

MOST = 12
pairs = st.tuples(st.integers(0, MOST), st.integers(0, MOST)).map(sorted)
parts = st.integers(0, MOST).map(str) | pairs.map("{0[0]}-{0[1]}".format) | pairs.map(" {0[0]} - {0[1]} ".format)
texts = st.lists(parts, min_size=1, max_size=5).map(",".join)
written = st.just("all") | st.integers(0, MOST) | texts | st.lists(st.integers(0, MOST) | texts, min_size=1, max_size=4)
nums_vfs = st.integers(0, MOST + 3)


def meant(value):
    """The set that is written, as a child would read it; "all" is all there can be."""
    if value == "all":
        return set(range(MOST_VFS + 1))
    found = set()
    for part in ",".join(map(str, value if isinstance(value, list) else [value])).split(","):
        first, _dash, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


@given(written, nums_vfs)
def test_a_selector_names_what_is_written(value, num_vfs):
    selector = parse_selector(value)
    assert selector.indices(num_vfs) == sorted(meant(value) & set(range(num_vfs)))
    assert [index for index in range(num_vfs) if selector.names(index)] == selector.indices(num_vfs)


@given(written, written)
def test_one_set_has_one_form_however_it_is_written(value, other):
    first, second = parse_selector(value), parse_selector(other)
    assert (first == second) == (str(first) == str(second)) == (meant(value) == meant(other))
    assert parse_selector(str(first)) == first


@given(written)
def test_ranges_are_as_few_as_possible(value):
    ranges = parse_selector(value).ranges or ()
    assert all(first <= last for first, last in ranges)
    assert all(before[1] + 1 < after[0] for before, after in zip(ranges, ranges[1:]))


@given(written, nums_vfs)
def test_the_first_vf_beyond_is_the_least_that_is_named_and_not_there(value, num_vfs):
    beyond = set() if value == "all" else meant(value) - set(range(num_vfs))
    assert parse_selector(value).beyond(num_vfs) == min(beyond, default=None)


@given(written, written)
def test_an_overlap_is_the_least_of_what_both_name(value, other):
    common = min(meant(value) & meant(other), default=None)
    assert parse_selector(value).overlap(parse_selector(other)) == common
    assert parse_selector(other).overlap(parse_selector(value)) == common


@given(written, written)
def test_what_refines_is_a_proper_subset(value, other):
    assert parse_selector(value).refines(parse_selector(other)) == (meant(value) < meant(other))


@given(written, written, written)
def test_to_refine_is_an_order(one, two, three):
    a, b, c = map(parse_selector, (one, two, three))
    assert not a.refines(a)
    assert not (a.refines(b) and b.refines(a))
    assert not (a.refines(b) and b.refines(c)) or a.refines(c)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(3, "3", id="a number"),
        pytest.param("3", "3", id="a number in quotes"),
        pytest.param("03", "3", id="a number with a zero before it"),
        pytest.param("0-3,7", "0-3,7", id="ranges"),
        pytest.param("3, 0 - 1", "0-1,3", id="spaces, in any order"),
        pytest.param("1,1-2,2", "1-2", id="the same twice"),
        pytest.param([0, 1], "0-1", id="a list"),
        pytest.param(["4-5", 0, "2,3"], "0,2-5", id="a list of texts and numbers"),
        pytest.param("all", "all", id="all"),
        pytest.param(" all ", "all", id="all with spaces"),
        pytest.param(["all"], "all", id="all in a list"),
        pytest.param("0-65535", "0-65535", id="as many as there can be, which is not all"),
        pytest.param("2-99999999999999", "2-99999999999999", id="a range that takes no memory"),
    ],
)
def test_vfs_may_be_written_freely(value, text):
    assert str(parse_selector(value)) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        *((text, f"{text!r} is neither a number nor a range of two") for text in ("", "a", "1-", "-1", "0-1-2", "0;1")),
        ("0x1", "'0x1' is neither a number nor a range of two"),
        ("ALL", "'ALL' is neither a number nor a range of two"),
        ("٣", "'٣' is neither a number nor a range of two"),
        ("0,,1", "'' is neither a number nor a range of two"),
        ("all,3", "'all' is neither a number nor a range of two"),
        (["all", 3], "'all' is neither a number nor a range of two"),
        (-1, "'-1' is neither a number nor a range of two"),
        ("2-1", "'2-1' ends before it begins"),
        ([], "no VF is named"),
        (True, "True is neither a number nor a text"),
        (None, "None is neither a number nor a text"),
        (1.5, "1.5 is neither a number nor a text"),
        ({"vf": 0}, "{'vf': 0} is neither a number nor a text"),
        ([[0]], "[0] is neither a number nor a text"),
        ([0, False], "False is neither a number nor a text"),
    ],
    ids=repr,
)
def test_what_names_no_vfs_is_refused(value, why):
    with pytest.raises(ValueError) as refused:
        parse_selector(value)
    assert str(refused.value) == why


@pytest.mark.parametrize("value", ["9" * 5000, "0-" + "9" * 5000, 10**5000], ids=["number", "range", "of YAML"])
def test_a_number_of_thousands_of_digits_is_refused_as_any_other(value):
    """Python refuses to read it, or to write it, with an error of its own."""
    with pytest.raises(ValueError):
        parse_selector(value)


def test_every_vf_is_all_of_them():
    assert parse_selector("all") == EVERY_VF == Selector(None)


@pytest.mark.parametrize(
    ("value", "num_vfs", "message"),
    [
        pytest.param(
            "2-99999999999999",
            4,
            "vfs[0].vf: 2-99999999999999 names VF 4 on PF: the PF has 4 VFs. "
            "Remedy: ask for more (num_vfs: 5), or name VFs 0 to 3.",
            id="a range beyond the last",
        ),
        pytest.param(
            "0,7",
            4,
            "vfs[0].vf: 0,7 names VF 7 on PF: the PF has 4 VFs. Remedy: ask for more (num_vfs: 8), or name VFs 0 to 3.",
            id="one beyond the last",
        ),
        pytest.param(
            1,
            1,
            "vfs[0].vf: 1 names VF 1 on PF: the PF has 1 VF. Remedy: ask for more (num_vfs: 2), or name VF 0.",
            id="the second of one",
        ),
        pytest.param(
            0,
            0,
            "vfs[0].vf: 0 names VF 0 on PF: the PF has 0 VFs. Remedy: ask for more (num_vfs: 1).",
            id="the first of none",
        ),
    ],
)
def test_a_vf_that_the_pf_has_not_is_refused(value, num_vfs, message):
    with pytest.raises(InvalidRequest) as refused:
        check_there(parse_selector(value), num_vfs, "vfs[0].vf", "PF")
    assert str(refused.value) == message


@given(written, st.none() | nums_vfs)
def test_only_a_vf_that_is_known_not_to_be_there_is_refused(value, num_vfs):
    missing = num_vfs is not None and value != "all" and not meant(value) <= set(range(num_vfs))
    try:
        check_there(parse_selector(value), num_vfs, "vf", "PF")
    except InvalidRequest:
        assert missing
    else:
        assert not missing
