# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How refusals are gathered and told together."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    NotSupported,
    SriovError,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import (
    MOST_TOLD,
    Faults,
    Several,
    together,
)
from hypothesis import given
from hypothesis import strategies as st

ONE = InvalidRequest("one", device="enp1s0", remedy="do this")
TWO = NotSupported("two", why="it cannot")
LOST = InUse("three", holders=["a program"], consent="in_use")
CUT = InUse("four", consent="link_reset")


def test_several_errors_are_told_one_a_line_and_the_first_stands_for_them():
    several = Several([ONE, TWO])
    assert str(several) == "2 things are refused:\n- one on enp1s0. Remedy: do this.\n- two: it cannot."
    assert (several.each(), several.kind, several.device) == ([ONE, TWO], "invalid", "enp1s0")
    assert several.details() == ONE.details()
    assert Several([LOST, ONE]).details()["holders"] == ["a program"]


def test_a_message_of_very_many_errors_is_cut_and_says_so():
    lines = str(Several([SriovError(f"number {number}") for number in range(MOST_TOLD + 5)])).splitlines()
    assert lines[0] == f"{MOST_TOLD + 5} things are refused:"
    assert lines[MOST_TOLD:] == [f"- number {MOST_TOLD - 1}.", "- and 5 more"]
    assert str(Several([ONE] * MOST_TOLD)).splitlines()[-1] == f"- {ONE}", "not before it has to"


def told(faults):
    """What is raised."""
    try:
        faults.tell()
    except SriovError as error:
        return error
    return None


def test_nothing_gathered_is_no_error():
    faults = Faults()
    with faults.gathered():
        pass
    assert told(faults) is None


def test_one_error_is_told_as_it_is():
    faults = Faults()
    with faults.gathered():
        raise ONE
    assert told(faults) is ONE


def test_an_error_ends_its_block_and_nothing_else():
    faults, reached = Faults(), []
    for error in (ONE, TWO):
        with faults.gathered():
            reached.append("before")
            raise error
    assert (reached, told(faults).each()) == (["before"] * 2, [ONE, TWO])


def test_what_is_no_refusal_is_not_gathered():
    with pytest.raises(KeyError), Faults().gathered():
        raise KeyError("a mistake of ours")


def test_errors_that_came_together_are_gathered_one_by_one_and_each_once():
    faults = Faults()
    faults.add(ONE, Several([ONE, TWO]), InvalidRequest("one", device="enp1s0", remedy="do this"))
    assert told(faults).each() == [ONE, TWO]


def test_what_is_allowed_is_no_refusal_and_is_kept_apart():
    faults = Faults(["in_use"])
    faults.add(LOST, CUT)
    assert (faults.found, faults.allowed) == ([CUT], [LOST])
    assert told(faults) is CUT


def test_each_is_allowed_what_it_was_allowed_itself():
    """Consent is given by PF: that of one is none for another."""
    first, second, both = Faults(["in_use"]), Faults(["link_reset"]), Faults()
    first.add(LOST)
    second.add(InUse("three", device="enp2s0", consent="in_use"), CUT)
    for each in (first, second):
        both.join(each)
    assert [str(each) for each in both.found] == ["three on enp2s0."]
    assert both.allowed == [LOST, CUT]


def of_vf(index, what, **rest):
    error = InvalidRequest(what.format(index), **rest)
    error.vf = index
    return error


@pytest.mark.parametrize(
    ("errors", "texts"),
    [
        pytest.param([], [], id="none"),
        pytest.param([ONE, TWO, LOST], ["one on enp1s0. Remedy: do this.", "two: it cannot.", "three."], id="others"),
        pytest.param(
            [of_vf(index, "no rate for VF {}", device="a") for index in (7, 0, 1, 12, 2)],
            ["no rate for VFs 0-2,7,12 on a."],
            id="VFs",
        ),
        pytest.param(
            [of_vf(1, "no rate for VF {}"), of_vf(2, "no rate for VF {}", why="busy")],
            ["no rate for VF 1.", "no rate for VF 2: busy."],
            id="for different reasons",
        ),
        pytest.param(
            [of_vf(1, "no rate for VF {}"), of_vf(2, "no vlan for VF {}"), of_vf(12, "no rate for VF {}")],
            ["no rate for VFs 1,12.", "no vlan for VF 2."],
            id="different things, each where the first of them was",
        ),
        pytest.param(
            [InvalidRequest("what", device=device, why="why") for device in "ab"],
            ["what on a and b: why."],
            id="devices",
        ),
        pytest.param(
            [InvalidRequest("what", device=device) for device in "abcd"], ["what on a, b, c and d."], id="four devices"
        ),
        pytest.param(
            [InvalidRequest("what", device=device) for device in "abcdefg"],
            ["what on a, b, c and 4 more."],
            id="many devices",
        ),
        pytest.param(
            [InvalidRequest("what", device="a"), InvalidRequest("what")], ["what on a.", "what."], id="one of no device"
        ),
        pytest.param(
            [of_vf(index, "no rate for VF {}", device=device) for device in "ab" for index in (0, 1)],
            ["no rate for VFs 0-1 on a and b."],
            id="VFs of several PFs",
        ),
        pytest.param(
            [of_vf(0, "no rate for VF {}", device="a"), of_vf(1, "no rate for VF {}", device="b")],
            ["no rate for VF 0 on a.", "no rate for VF 1 on b."],
            id="different VFs of several PFs",
        ),
        pytest.param(
            [InUse("taken", device="a", holders=["x"], consent="in_use"), InUse("taken", device="b", consent="in_use")],
            ["taken on a.", "taken on b."],
            id="different users",
        ),
    ],
)
def test_what_is_refused_for_one_reason_is_told_once(errors, texts):
    before = [str(each) for each in errors]
    assert [str(each) for each in together(errors)] == texts
    assert [str(each) for each in errors] == before, "the errors themselves stay"


def test_an_error_that_stands_for_others_is_what_they_are():
    (one,) = together([InUse("what", device=device, holders=["x"], consent="in_use") for device in "ab"])
    assert (type(one), one.consent, one.details()["holders"], one.device) == (InUse, "in_use", ["x"], "a and b")
    faults = Faults()
    faults.add(*(InvalidRequest("what", device=device) for device in "ab"), ONE)
    assert [str(each) for each in told(faults).each()] == ["what on a and b.", str(ONE)]


consents = st.sampled_from(("", "in_use", "link_reset", "destroy_vfs"))
errors = st.builds(lambda what, consent: InUse(what, consent=consent), st.sampled_from("abc"), consents)
bags = st.lists(errors, max_size=6)


@given(bags, bags, st.sets(consents))
def test_gathering_loses_nothing_and_allows_only_what_is_allowed(before, after, allow):
    faults, more = Faults(allow), Faults(allow)
    faults.add(*before)
    more.add(*after)
    faults.join(more)
    texts = {str(each) for each in (*before, *after)}
    assert {str(each) for each in (*faults.found, *faults.allowed)} == texts
    assert all(each.consent and each.consent in allow for each in faults.allowed)
    assert not [each for each in faults.found if each.consent and each.consent in allow]
    assert (told(faults) is None) == (not faults.found)
