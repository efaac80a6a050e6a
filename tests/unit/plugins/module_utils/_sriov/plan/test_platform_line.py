# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The line of the next boot: whatever others have on it, a second run changes nothing, and what is ours goes again."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kernel_arguments import missing
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform import (
    Boot,
    Cpus,
    DesiredPlatform,
    ObservedPlatform,
    Owned,
    Seen,
    Setting,
    Stored,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.platform_line import plan_line
from hypothesis import given
from hypothesis import strategies as st

THEIRS = st.lists(
    st.sampled_from(
        [
            "ro",
            "quiet",
            "intel_iommu=off",
            "intel_iommu=sm_on",
            "iommu=pt",
            "hugepages=8",
            "hugepagesz=2M",
            "hugepages=4",
        ]
        + ["hugepagesz=1G", "isolcpus=3", "console=ttyS0", "a=1", "a=2", "x"]
    ),
    max_size=8,
).map(tuple)
SETTINGS = st.lists(
    st.sampled_from(
        [
            Setting(("intel_iommu=on",), "iommu"),
            Setting(("iommu=pt",), "passthrough"),
            Setting(("hugepagesz=1G", "hugepages=4"), "pool"),
            Setting(("hugepagesz=1G", "hugepages=8"), "pool"),
            Setting(("isolcpus=3",)),
            Setting(("console=ttyS0",)),
            Setting(("a=1",)),
        ]
    ),
    max_size=5,
    unique_by=lambda setting: setting.tokens[0],
)


def host(line, owned=()):
    cpus = Cpus(frozenset({0}), frozenset(), frozenset())
    boot = Boot("", Seen(), line)
    return ObservedPlatform("x86_64", (6, 12), (), "DMAR", (), boot, owned, Stored(), (), (), cpus, (), {})


def planned(observed, settings, takes_out, override=True):
    faults = Faults()
    desired = DesiredPlatform(override=override)
    return plan_line(desired, observed, settings, takes_out, faults), faults.found


@given(THEIRS, SETTINGS, st.booleans())
def test_a_second_run_changes_nothing_and_needs_no_consent(theirs, settings, takes_out):
    (first, refused) = planned(host(theirs), settings, takes_out)
    if not refused:
        (again, refused) = planned(host(first.after, first.owned), settings, takes_out, override=False)
        assert (again, refused) == (first, [])


@given(THEIRS, SETTINGS, st.booleans(), st.booleans())
def test_all_that_is_ours_goes_again(theirs, settings, takes_out, override):
    first, _refused = planned(host(theirs), settings, takes_out, override)
    back, refused = planned(host(first.after, first.owned), [], takes_out, override=False)
    assert (sorted(back.after), back.owned, refused) == (sorted(theirs), (), [])


@given(THEIRS, SETTINGS, st.booleans())
def test_without_consent_nothing_of_others_goes(theirs, settings, takes_out):
    first, _refused = planned(host(theirs), settings, takes_out, override=False)
    assert missing(first.after, theirs) == ()
    assert first.after[: len(theirs)] == theirs


@given(THEIRS, SETTINGS)
def test_what_is_appended_only_leaves_others_where_they_are(theirs, settings):
    first, _refused = planned(host(theirs), settings, takes_out=False)
    assert first.after[: len(theirs)] == theirs


@given(THEIRS, SETTINGS, SETTINGS, st.booleans())
def test_after_other_settings_too_a_second_run_changes_nothing(theirs, earlier, settings, takes_out):
    first, refused = planned(host(theirs), earlier, takes_out)
    changed, more = planned(host(first.after, first.owned), settings, takes_out)
    if not refused and not more:
        again, refused = planned(host(changed.after, changed.owned), settings, takes_out, override=False)
        assert (again, refused) == (changed, [])


ONE, TWO = ("hugepagesz=1G", "hugepages=4"), ("hugepagesz=2M", "hugepages=4")
OURS = tuple(map(Owned, ONE))


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ((*ONE, *TWO), TWO),
        ((*TWO, *ONE), TWO),
        (("hugepagesz=1G", "quiet", "hugepages=4", *TWO), ("quiet", *TWO)),
        (TWO, TWO),
        (("hugepages=4", *ONE), ("hugepages=4",)),
        (("quiet", *ONE, "hugepages=4"), ("quiet", "hugepages=4")),
    ],
)
def test_hugepages_go_with_their_size_and_the_same_number_of_another_stays(line, left):
    observed = host(line, OURS)
    back, refused = planned(observed, [], takes_out=True, override=False)
    assert (back.after, observed.foreign, refused) == (left, left, [])


@pytest.mark.parametrize("settings", [[], [Setting(ONE, "pool")]])
@pytest.mark.parametrize("line", [("hugepagesz=1G", "hugepages=8"), ("hugepagesz=1G", *TWO)])
def test_hugepages_that_somebody_has_parted_from_their_size_are_refused_by_name(line, settings):
    _back, refused = planned(host(line, OURS), settings, takes_out=True)
    assert "hugepagesz=1G hugepages=4: the line of the next boot has hugepagesz=1G" in str(refused[0])


def test_one_size_kept_of_two_with_the_same_number():
    back, refused = planned(host((*ONE, *TWO), tuple(map(Owned, (*ONE, *TWO)))), [Setting(TWO, "pool")], True)
    assert (back.after, [each.token for each in back.owned], refused) == (TWO, [*TWO], [])


@pytest.mark.parametrize("settings", [[], [Setting(("a=1",))]])
def test_what_a_run_has_noted_and_not_written_is_not_ours(settings):
    observed = host(("a=2", "x"), (Owned("a=1", "a=2"),))
    back, refused = planned(observed, settings, takes_out=True)
    assert (back.after, refused) == (("a=1", "x") if settings else ("a=2", "x"), [])
    assert len(back.owned) == len(settings)
