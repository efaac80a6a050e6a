# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Channels, ntuple feature and RSS table as tables: PF, desired, sentences. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    LABEL,
    PF,
    RULE,
    SSH,
    desired_pf,
    desired_rules,
    i350,
    ixgbe,
    pf,
    planned,
    rule,
    sentences,
    vf,
    x550,
)

BY_HAND = (0, 1) * 64
DEFAULT = f"give {LABEL} its driver's default RSS table"


def channels(number, **options):
    return desired_pf(rss=DesiredRss(channels=number), **options)


def table(verb, *numbers, **options):
    return desired_pf(rss=DesiredRss(verb=verb, numbers=numbers), **options)


def set_table(*entries, verb="set"):
    words = ", ".join(f"queue {queue} has {number}" for queue, number in enumerate(entries) if number)
    return f"{verb} the RSS table of {LABEL}: of {sum(entries)} entries {words}"


def set_channels(before, after):
    return f"set the combined channels of {LABEL} from {before} to {after}"


def with_vfs(num_vfs=4, cpus=16, **changes):
    """An 82599 beside VFs, as so many CPUs make it."""
    most = 2 if num_vfs > 31 else 4
    return ixgbe(num_vfs, online_cpus=cpus, **{"combined_channels": min(most, cpus), **changes})


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(pf(combined_channels=8), desired_pf(rss=DesiredRss()), [], id="nothing is desired"),
        pytest.param(pf(combined_channels=8), channels(8), [], id="as it is"),
        pytest.param(pf(combined_channels=4, max_channels=8), channels(8), [set_channels(4, 8)], id="more"),
        pytest.param(
            pf(combined_channels=8, table=BY_HAND),
            channels(4),
            [set_channels(8, 4), set_table(64, 64, verb="put back")],
            id="fewer, and the table that somebody has set names none that goes",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16),
            channels(4),
            [DEFAULT, set_channels(16, 4)],
            id="fewer than the table names: the kernel wants the default one first",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16, table=BY_HAND),
            channels(4),
            [set_channels(16, 4), set_table(64, 64, verb="put back")],
            id="the table is put back after ixgbe has lost it",
        ),
        pytest.param(
            with_vfs(holders=(SSH,)),
            channels(2, allow_link_reset=True),
            [DEFAULT, set_channels(4, 2)],
            id="the link's loss is accepted",
        ),
        pytest.param(
            with_vfs(1, vfs=(vf(driver="vfio-pci", holders=(BUSY,)),)),
            channels(2, force=True),
            [DEFAULT, set_channels(4, 2)],
            id="a program that loses its VF is accepted",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16, ntuple="on", rules=(rule(dst_port=9, cookie=2, location=7),)),
            channels(8),
            [
                DEFAULT,
                set_channels(16, 8),
                f"put back flow rule 7 of {LABEL}: tcp4 dst-port 9 to queue 2",
            ],
            id="rules are put back",
        ),
    ],
)
def test_channels(state, desired, steps):
    assert sentences(state, desired) == steps


BEYOND = rule(dst_port=9, cookie=5, location=7)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(desired_rules(exclusive=True), id="exclusive"),
        pytest.param(desired_rules(BEYOND.at(None), absent=True), id="absent"),
        pytest.param(desired_rules(rule(dst_port=9, cookie=1, location=None)), id="to another queue"),
    ],
)
def test_a_rule_that_shall_go_goes_before_its_queue(rules):
    state = ixgbe(combined_channels=8, ntuple="on", rules=(BEYOND,))
    steps = sentences(state, channels(4, rules=rules))
    assert steps[:3] == [
        f"delete flow rule 7 of {LABEL}: tcp4 dst-port 9 to queue 5",
        DEFAULT,
        set_channels(8, 4),
    ]
    assert [step.split(" of ")[0] for step in steps[3:]] == (
        ["add flow rule 7"] if rules.rules and not rules.absent else []
    )


def test_other_rules_of_a_driver_that_drops_none_stay_where_they_are():
    stays = rule(dst_port=9, cookie=1, location=8)
    state = i350(combined_channels=8, ntuple="on", rules=(BEYOND, stays))
    outcome = planned(state, channels(4, rules=desired_rules(BEYOND.at(None), absent=True)))
    assert [str(step) for step in outcome.plan.steps] == [
        f"delete flow rule 7 of {LABEL}: tcp4 dst-port 9 to queue 5",
        DEFAULT,
        set_channels(8, 4),
    ]
    assert outcome.after.pfs[PF].queues.rules.rules == (stays,)


@pytest.mark.parametrize(
    ("state", "table"),
    [
        pytest.param(
            ixgbe(combined_channels=4, up=False, table=BY_HAND), tuple(range(4)) * 32, id="ixgbe writes its own"
        ),
        pytest.param(pf(combined_channels=2, up=False, table=(1, 0) * 64), (1, 0) * 64, id="igb keeps what is there"),
        pytest.param(
            pf(combined_channels=2, up=False, table=(0,) * 128),
            (0,) * 64 + (1,) * 64,
            id="igb fills in what was never filled in",
        ),
    ],
)
def test_the_table_of_a_pf_that_goes_up(state, table):
    assert planned(state, desired_pf(up=True)).after.pfs[PF].queues.rss.table == table


@pytest.mark.parametrize(
    ("state", "desired", "combined", "rings"),
    [
        pytest.param(pf(combined_channels=8), channels(4), 4, 4, id="igb"),
        pytest.param(
            ixgbe(combined_channels=40, online_cpus=40),
            channels(32),
            32,
            16,
            id="without VFs ixgbe has more queues than RSS uses",
        ),
        pytest.param(x550(combined_channels=40, online_cpus=40), channels(32), 32, 32, id="X550 uses them"),
        pytest.param(with_vfs(4, cpus=40), desired_pf(num_vfs=0), 40, 16, id="ixgbe gets them back"),
        pytest.param(ixgbe(combined_channels=40, online_cpus=40), desired_pf(num_vfs=4), 4, 4, id="and loses them"),
        pytest.param(with_vfs(4), channels(2), 2, 2, id="ixgbe beside VFs"),
        pytest.param(pf(2, combined_channels=2), channels(1), 1, 1, id="igb beside VFs"),
    ],
)
def test_the_prediction_tells_channels_from_rss(state, desired, combined, rings):
    after = planned(state, desired).after.pfs[PF]
    assert (after.combined, after.queues.rss.rings) == (combined, rings)
    assert max(after.queues.rss.table) < max(rings, 2)


NTUPLE = f"turn ntuple filters of {LABEL} on"


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        pytest.param(with_vfs(), [NTUPLE], id="off"),
        pytest.param(with_vfs(ntuple="on"), [], id="on already"),
        pytest.param(
            with_vfs(table=BY_HAND), [NTUPLE, set_table(64, 64, verb="put back")], id="ixgbe loses the table with it"
        ),
        pytest.param(i350(combined_channels=4, table=BY_HAND), [NTUPLE], id="igb does not"),
        pytest.param(pf(driver="mystery", combined_channels=4, table=BY_HAND), [NTUPLE], id="nor an unknown driver"),
    ],
)
def test_ntuple_is_turned_on_where_there_are_rules_to_set(state, steps):
    flow = rule("ether", cookie=0, location=None) if state.device.driver == "igb" else RULE.at(None)
    if state.device.driver == "mystery":
        flow = rule(cookie=0, location=None, dst_port=80)
    found = sentences(state, desired_pf(rules=desired_rules(flow)))
    assert found[:-1] == steps
    assert found[-1].startswith("add flow rule")


@pytest.mark.parametrize(
    "rules", [None, desired_rules(), desired_rules(exclusive=True), desired_rules(RULE, absent=True)], ids=repr
)
def test_ntuple_stays_as_it_is_where_no_rule_is_set(rules):
    assert sentences(with_vfs(), desired_pf(rules=rules)) == []


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(with_vfs(), table("equal", 4), [], id="equal: as it is"),
        pytest.param(with_vfs(), table("equal", 2), [set_table(64, 64)], id="equal"),
        pytest.param(with_vfs(), table("queues", 1, 3), [set_table(0, 64, 0, 64)], id="queues"),
        pytest.param(with_vfs(), table("queues", 3, 1, 1), [set_table(0, 64, 0, 64)], id="queues in any order"),
        pytest.param(with_vfs(), table("weights", 1, 2), [set_table(42, 86)], id="weights"),
        pytest.param(with_vfs(), table("weights", 1, 1, 1, 0), [set_table(42, 43, 43)], id="a weight of nothing"),
        pytest.param(
            with_vfs(),
            table("weights", 1, 1, 0, 0, 0, 0),
            [set_table(64, 64)],
            id="queues that are not there get nothing",
        ),
        pytest.param(with_vfs(), table("exclude_queues", 3), [set_table(42, 43, 43)], id="exclude_queues"),
        pytest.param(with_vfs(), table("exclude_queues", 0, 1, 2), [set_table(0, 0, 0, 128)], id="all but one"),
        pytest.param(with_vfs(), table("default"), [], id="default: as it is"),
        pytest.param(with_vfs(table=(0,) * 128), table("default"), [DEFAULT], id="default"),
        pytest.param(
            pf(combined_channels=4, table=(0,) * 32 + (1,) * 32 + (2,) * 32 + (3,) * 32),
            table("default"),
            [DEFAULT],
            id="default is the kernel's, and igb's own is another",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16),
            desired_pf(rss=DesiredRss(channels=4, verb="exclude_queues", numbers=(3,))),
            [DEFAULT, set_channels(16, 4), set_table(42, 43, 43)],
            id="the table of the channels that there will be",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16),
            table("equal", 3, num_vfs=1),
            [
                f"set sriov_numvfs of {LABEL} from 0 to 1",
                f"wait until all 1 VFs of {LABEL} are there",
                set_table(43, 43, 42),
            ],
            id="the table of the queues that VFs leave",
        ),
    ],
)
def test_the_table_is_that_of_ethtool(state, desired, steps):
    assert sentences(state, desired) == steps


def test_a_table_is_asked_for_to_the_entry():
    """The same queues the same number of times, in another order: `equal` is not `weights`."""
    blocks = tuple(entry // 32 for entry in range(128))
    assert sentences(with_vfs(table=blocks), table("equal", 4)) == [set_table(32, 32, 32, 32)]
    assert sentences(with_vfs(table=blocks), table("weights", 1, 1, 1, 1)) == []


@pytest.mark.parametrize(
    ("state", "desired", "warnings"),
    [
        pytest.param(ixgbe(combined_channels=4), table("equal", 2), [], id="without VFs"),
        pytest.param(with_vfs(), table("equal", 4), [], id="as it is"),
        pytest.param(
            with_vfs(),
            table("equal", 2),
            [
                f"the RSS table of {LABEL} is shared: its 4 VFs spread their frames by the same entries, as far as "
                "they have such queues"
            ],
            id="82599: one table for all",
        ),
        pytest.param(
            x550(4, combined_channels=4),
            table("equal", 2),
            [
                f"ixgbe takes the RSS table of {LABEL} and does not write it to the tables of its pools, which count "
                "beside 4 VFs: look whether frames follow it"
            ],
            id="X550: a table that nobody looks into",
        ),
        pytest.param(pf(2, combined_channels=2), table("equal", 1), [], id="igb: a table of its own"),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16, table=(0, 15) * 64),
            channels(4),
            [f"the RSS table of {LABEL} was set by hand; it names queues that are gone, and is the driver's now"],
            id="a table by hand that cannot come back",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16, table=(0, 15) * 64),
            desired_pf(rss=DesiredRss(channels=4, verb="equal", numbers=(2,))),
            [],
            id="a table by hand that another replaces",
        ),
    ],
)
def test_what_is_to_be_said_of_a_table_is_said(state, desired, warnings):
    assert list(planned(state, desired).plan.warnings) == warnings


@pytest.mark.parametrize(
    ("state", "least"),
    [
        pytest.param(with_vfs(), 4, id="82599 beside few VFs"),
        pytest.param(ixgbe(combined_channels=40, online_cpus=40), 16, id="82599 without VFs"),
        pytest.param(pf(driver="mystery", combined_channels=6), 6, id="an unknown driver that tells its channels"),
        pytest.param(ixgbe(4, online_cpus=16), 4, id="an ixgbe that does not"),
    ],
)
def test_a_group_that_is_large_enough_is_no_matter(state, least):
    assert sentences(state, desired_pf(rss=DesiredRss(min_queues=least))) == []


def test_min_queues_looks_at_the_channels_that_there_will_be():
    state = ixgbe(combined_channels=4, max_channels=16, online_cpus=16)
    assert sentences(state, desired_pf(rss=DesiredRss(channels=8, min_queues=8))) == [set_channels(4, 8)]


FEW = ixgbe(combined_channels=2, max_channels=16, online_cpus=16, table=tuple(range(16)) * 8)
AMONG_TWO = tuple(range(2)) * 64


@pytest.mark.parametrize(
    ("desired", "steps"),
    [
        pytest.param(desired_pf(num_vfs=0), [set_channels(2, 16)], id="the number of VFs is asked for"),
        pytest.param(desired_pf(rss=DesiredRss(min_queues=16)), [set_channels(2, 16)], id="the group is"),
        pytest.param(
            desired_pf(rss=DesiredRss(channels=4)),
            [set_channels(2, 16), DEFAULT, set_channels(16, 4)],
            id="fewer channels are",
        ),
        pytest.param(desired_pf(), [], id="nothing is"),
        pytest.param(desired_pf(vfs=[]), [], id="no word about queues"),
    ],
)
def test_channels_that_the_table_names_and_ixgbe_has_not_opened_are_opened(desired, steps):
    assert sentences(FEW, desired) == steps


def test_that_is_said():
    assert list(planned(FEW, desired_pf(num_vfs=0)).plan.warnings) == [
        f"the RSS table of {LABEL} names queues that are not open (ixgbe after `ethtool -L`, VFs and no VFs): mended"
    ]


def test_on_the_pf_that_carries_the_operator_it_is_only_said_unless_its_link_may_go():
    carrying = replace(FEW, device=replace(FEW.device, holders=(SSH,)))
    assert sentences(carrying, desired_pf(num_vfs=0)) == []
    (warning,) = planned(carrying, desired_pf(num_vfs=0)).plan.warnings
    assert "frames of these queues are lost. It is left so: channels: cannot set 16 combined channels on" in warning
    assert "allow_link_reset: true" in warning
    assert sentences(carrying, desired_pf(num_vfs=0, allow_link_reset=True)) == [set_channels(2, 16)]


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(with_vfs(combined_channels=2, max_channels=4, table=tuple(range(4)) * 32), id="beside VFs"),
        pytest.param(pf(combined_channels=2, max_channels=8, table=tuple(range(8)) * 16), id="another driver"),
        pytest.param(ixgbe(combined_channels=2, max_channels=16, table=AMONG_TWO), id="a table of two queues"),
        pytest.param(
            ixgbe(combined_channels=2, max_channels=16, table=tuple(range(16)) * 8, up=False), id="a PF that is down"
        ),
    ],
)
def test_channels_are_left_alone_where_nothing_is_broken(state):
    assert sentences(state, desired_pf(rss=DesiredRss(min_queues=1))) == []
