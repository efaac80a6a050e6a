# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules that a change of the VF count, of the channels or of the link drops: put back, or told as lost."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.rules import plan_rules
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import InsertRule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    RULE,
    desired_pf,
    desired_rules,
    ixgbe,
    pf,
    planned,
    rule,
    sentences,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import (
    OTHER,
    OTHER_WORDS,
    RULE_WORDS,
    RULE_WORDS_1,
    add,
    to,
    unknown_driver,
    with_rules,
)

pytestmark = pytest.mark.usefixtures("lenient")
TO_QUEUE = rule(dst_ip=0xC0A8FE21, dst_port=80, cookie=3, location=9)
TO_QUEUE_WORDS = "tcp4 dst-ip 192.168.254.33 dst-port 80 to queue 3"


def recreated(num_vfs, **options):
    return desired_pf(num_vfs=num_vfs, allow=["destroy_vfs"], **options)


def put_back(words, location):
    return f"put back flow rule {location} of {LABEL}: {words}"


def lost(rule_words, location, why):
    return f"flow rule {location} of {LABEL} is not put back ({rule_words}): {why}"


def test_a_rule_that_another_stage_drops_is_remembered_by_the_one_that_comes_for_it():
    plan = planned(with_rules(RULE, num_vfs=2), recreated(4, rules=desired_rules(to(1)))).plan
    (step,) = [step for step in plan.steps if isinstance(step, InsertRule)]
    assert (step.rule.destination.vf, step.moved) == (1, RULE)


@pytest.mark.parametrize(
    ("state", "desired", "steps", "warnings"),
    [
        pytest.param(
            with_rules(OTHER, RULE),
            recreated(8),
            [put_back(OTHER_WORDS, 2044), put_back(RULE_WORDS, 2045)],
            [],
            id="all of them",
        ),
        pytest.param(
            with_rules(RULE, to(3, 0, 5)),
            recreated(2),
            [put_back(RULE_WORDS, 2045)],
            [lost(RULE_WORDS.replace("VF 0", "VF 3"), 5, "the PF has 2 VFs")],
            id="a rule goes with its VF",
        ),
        pytest.param(
            with_rules(TO_QUEUE),
            recreated(40),
            [],
            [lost(TO_QUEUE_WORDS, 9, "the PF has 2 queues, 0 to 1")],
            id="a rule goes with its queue",
        ),
        pytest.param(
            with_rules(RULE, to(1, 3, 5)),
            recreated(40),
            [put_back(RULE_WORDS, 2045)],
            [
                lost(
                    RULE_WORDS.replace("VF 0 queue 0", "VF 1 queue 3"),
                    5,
                    "beside 40 VFs each pool has 2 queues, 0 to 1",
                )
            ],
            id="a rule goes with its VF's queue",
        ),
        pytest.param(
            with_rules(TO_QUEUE),
            recreated(31),
            [],
            [
                lost(
                    TO_QUEUE_WORDS,
                    9,
                    "beside 31 VFs it is queue 127 of the card, which driver ixgbe programs as drop: its frames would "
                    "be lost",
                )
            ],
            id="a rule that would drop is none",
        ),
        pytest.param(
            with_rules(RULE, ntuple="off"),
            recreated(8),
            [],
            [lost(RULE_WORDS, 2045, "ntuple filters are off, and it was not in force")],
            id="a rule that was not in force",
        ),
        pytest.param(
            with_rules(RULE, OTHER),
            recreated(8, rules=desired_rules(to(0), exclusive=True)),
            [add(RULE_WORDS, 2045)],
            [],
            id="exclusive: what is not listed stays away",
        ),
        pytest.param(
            with_rules(RULE.at(3), OTHER),
            recreated(8, rules=desired_rules(to(1, 1))),
            [add(RULE_WORDS_1, 3), put_back(OTHER_WORDS, 2044)],
            [],
            id="a rule that is desired comes to the place that the old one had",
        ),
        pytest.param(
            with_rules(RULE, OTHER),
            recreated(8, rules=desired_rules(to(0), absent=True)),
            [put_back(OTHER_WORDS, 2044)],
            [],
            id="absent: what is listed stays away",
        ),
        pytest.param(
            with_rules(RULE),
            desired_pf(num_vfs=0),
            [],
            [lost(RULE_WORDS, 2045, "the PF has 0 VFs")],
            id="no VFs any more",
        ),
        pytest.param(
            with_rules(RULE, up=False), recreated(8, up=True), [put_back(RULE_WORDS, 2045)], [], id="set up before"
        ),
        pytest.param(
            with_rules(RULE, up=False),
            recreated(8),
            [],
            [f"{LABEL} is down: its VFs have no link and no mailbox until it is up (up: true)"],
            id="a PF that is down drops none",
        ),
        pytest.param(unknown_driver(RULE), recreated(8), [], [], id="a driver that drops none"),
    ],
)
def test_rules_that_a_change_of_the_vfs_drops_are_put_back(state, desired, steps, warnings):
    outcome = planned(state, desired)
    assert [str(step) for step in outcome.plan.steps if "flow rule" in str(step)] == steps
    told = [warning for warning in outcome.plan.warnings if not warning.startswith("VF ")]  # of VFs: test_kept.py
    assert told == warnings


def test_rules_that_a_change_of_the_channels_drops_are_put_back():
    state = with_rules(RULE, to(1, 1, 5), combined_channels=2, max_channels=4)
    assert sentences(state, desired_pf(rss=DesiredRss(channels=4))) == [
        f"set the combined channels of {LABEL} from 2 to 4",
        put_back(RULE_WORDS, 2045),
        put_back(RULE_WORDS_1, 5),
    ]


def test_a_rule_that_fewer_channels_would_send_elsewhere_is_not_put_back():
    outcome = planned(with_rules(RULE, to(1, 1, 5)), desired_pf(rss=DesiredRss(channels=2)))
    assert [str(step) for step in outcome.plan.steps][-1] == put_back(RULE_WORDS, 2045)
    assert list(outcome.plan.warnings) == [
        lost(
            RULE_WORDS_1,
            5,
            "it would reach VF 0 queue 3: driver ixgbe counts 2 queues a VF, as many as the PF uses, and the card has "
            "4 (queue 3 for 5)",
        )
    ]


def test_a_pf_that_goes_down_and_up_keeps_its_rules():
    """ixgbe drops them on the way down; what is put in while it is down comes with the link."""
    state = ixgbe(combined_channels=8, ntuple="on", rules=(TO_QUEUE,))
    outcome = planned(state, desired_pf(up=False))
    assert [str(step) for step in outcome.plan.steps] == ["set enp1s0 down", put_back(TO_QUEUE_WORDS, 9)]
    assert sentences(pf(up=False, rules=(TO_QUEUE,), ntuple="on", combined_channels=8), desired_pf(up=True)) == [
        "set enp1s0 up"
    ]


def test_two_rules_for_one_flow_do_not_get_one_place():
    """As it was before this collection: both have lost theirs, and so has one that leads elsewhere by now."""
    wanted = desired_rules(to(0, location=None), to(1, location=None))
    steps = plan_rules(with_rules(), wanted, (to(2, location=3),)).steps
    assert len({step.rule.location for step in steps}) == 2
