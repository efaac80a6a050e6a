# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Channels, ntuple feature and RSS table as tables: PF, desired, sentences. No kernel is involved."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    PROGRAM,
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
from ansible_collections.kernel_bypass.sriov.tests.unit.support.queues import (
    DEFAULT,
    channels,
    set_channels,
    set_table,
    with_vfs,
)

BY_HAND = (0, 1) * 64


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
            channels(2, allow=["link_reset"]),
            [DEFAULT, set_channels(4, 2)],
            id="the link's loss is accepted",
        ),
        pytest.param(
            with_vfs(1, vfs=(vf(driver="igb_uio", holders=(PROGRAM,)),)),
            channels(2, allow=["in_use"]),
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
