# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules as tables: those that are there, those that are desired, sentences. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP, encode_action
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import DeleteRule, InsertRule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    RULE,
    desired_pf,
    desired_rules,
    i350,
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
    delete,
    replaced,
    to,
    unknown_driver,
    with_rules,
)

pytestmark = pytest.mark.usefixtures("lenient")


@pytest.mark.parametrize(
    ("state", "rules", "steps"),
    [
        pytest.param(with_rules(), desired_rules(), [], id="nothing is desired"),
        pytest.param(
            with_rules(), desired_rules(to(0)), [add(RULE_WORDS, 2045)], id="the highest location, as ethtool takes it"
        ),
        pytest.param(
            with_rules(), desired_rules(to(0, location=7)), [add(RULE_WORDS, 7)], id="the location that is named"
        ),
        pytest.param(with_rules(), desired_rules(to(0, location=0)), [add(RULE_WORDS, 0)], id="the lowest location"),
        pytest.param(with_rules(RULE), desired_rules(to(0)), [], id="it is there"),
        pytest.param(with_rules(RULE.at(3)), desired_rules(to(0)), [], id="it is there, wherever"),
        pytest.param(with_rules(RULE.at(3)), desired_rules(to(0, location=3)), [], id="it is there, at its location"),
        pytest.param(
            with_rules(OTHER, RULE),
            desired_rules(rule(dst_ip=0xC0A8FE20, dst_port=80, location=None)),
            [add("tcp4 dst-ip 192.168.254.32 dst-port 80 to VF 0 queue 0", 2043)],
            id="the highest one that is free",
        ),
        pytest.param(
            with_rules(),
            desired_rules(to(0), rule(dst_ip=0xC0A8FE1F, dst_port=80, location=2045)),
            [add(RULE_WORDS, 2044), add(OTHER_WORDS, 2045)],
            id="locations that are named come first",
        ),
        pytest.param(
            with_rules(RULE),
            desired_rules(to(1, 1)),
            [replaced(RULE_WORDS_1, RULE_WORDS)],
            id="ixgbe puts it in the other's place",
        ),
        pytest.param(
            with_rules(RULE.at(3)),
            desired_rules(to(0, location=7)),
            [delete(RULE_WORDS, 3), add(RULE_WORDS, 7)],
            id="to another location",
        ),
        pytest.param(
            unknown_driver(RULE),
            desired_rules(to(1, 1)),
            [delete(RULE_WORDS, 2045), add(RULE_WORDS_1, 2045)],
            id="other drivers have one after the other, at the same place",
        ),
        pytest.param(
            with_rules(RULE, to(1, 1, 5)),
            desired_rules(to(0)),
            [delete(RULE_WORDS_1, 5)],
            id="a rule that contradicts it goes",
        ),
        pytest.param(with_rules(RULE, RULE.at(5)), desired_rules(to(0)), [], id="a rule that repeats it does no harm"),
        pytest.param(
            with_rules(RULE, to(1, 1, 5)),
            desired_rules(to(2)),
            [
                delete(RULE_WORDS_1, 5),
                replaced("tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 2 queue 0", RULE_WORDS),
            ],
            id="of two that are wrong one is replaced",
        ),
        pytest.param(
            with_rules(RULE, to(1, 1, 5)),
            desired_rules(to(0, location=5)),
            [delete(RULE_WORDS, 2045), replaced(RULE_WORDS, RULE_WORDS_1, 5)],
            id="the one at the location that is named is replaced",
        ),
        pytest.param(
            with_rules(RULE.at(5)),
            desired_rules(to(0), rule(dst_ip=0xC0A8FE1F, dst_port=80, location=5)),
            [delete(RULE_WORDS, 5), add(RULE_WORDS, 2045), add(OTHER_WORDS, 5)],
            id="a rule makes room for one that names its place",
        ),
        pytest.param(with_rules(OTHER), desired_rules(to(0)), [add(RULE_WORDS, 2045)], id="others stay"),
        pytest.param(
            with_rules(OTHER),
            desired_rules(to(0), exclusive=True),
            [delete(OTHER_WORDS, 2044), add(RULE_WORDS, 2045)],
            id="exclusive: others go",
        ),
        pytest.param(
            with_rules(RULE, OTHER),
            desired_rules(exclusive=True),
            [delete(RULE_WORDS, 2045), delete(OTHER_WORDS, 2044)],
            id="exclusive and no rule: all go",
        ),
        pytest.param(
            with_rules(RULE, RULE.at(5)),
            desired_rules(to(0), exclusive=True),
            [delete(RULE_WORDS, 5)],
            id="exclusive: repetitions go",
        ),
        pytest.param(
            with_rules(OTHER),
            desired_rules(to(0, location=2044), exclusive=True),
            [delete(OTHER_WORDS, 2044), add(RULE_WORDS, 2044)],
            id="exclusive: the place of a rule that goes is free",
        ),
        pytest.param(
            with_rules(rule("ip4", dst_ip=0xC0A8FE1F)),
            desired_rules(to(0), exclusive=True),
            [delete("ip4 dst-ip 192.168.254.31 to VF 0 queue 0", 2045), add(RULE_WORDS, 2045)],
            id="exclusive: another mask after the old one has gone",
        ),
        pytest.param(
            with_rules(rule(dst_port=80, location=1), rule("udp4", dst_port=53, location=2)),
            desired_rules(rule("sctp4", dst_port=9, location=None)),
            [add("sctp4 dst-port 9 to VF 0 queue 0", 2045)],
            id="tcp4, udp4 and sctp4 share a mask",
        ),
        pytest.param(
            with_rules(driver_places=True),
            desired_rules(to(0)),
            [f"add flow rule of {LABEL}: {RULE_WORDS}"],
            id="a driver that chooses the place itself",
        ),
        pytest.param(
            with_rules(),
            desired_rules(to(None, 3)),
            [add(RULE_WORDS.replace("VF 0 queue 0", "queue 3"), 2045)],
            id="to a queue",
        ),
        pytest.param(
            with_rules(),
            desired_rules(replace(RULE, cookie=DROP, location=None)),
            [add(RULE_WORDS.replace("to VF 0 queue 0", "drop"), 2045)],
            id="drop",
        ),
        pytest.param(
            i350(combined_channels=4, ntuple="on", size=16),
            desired_rules(rule("ether", cookie=1, location=None, ether_type=0x88F7)),
            [add("ether proto 0x88f7 to queue 1", 15)],
            id="igb: frames by their type",
        ),
    ],
)
def test_present(state, rules, steps):
    assert sentences(state, desired_pf(rules=rules)) == steps


@pytest.mark.parametrize(
    ("rules", "steps"),
    [
        pytest.param(desired_rules(absent=True), [], id="nothing is desired"),
        pytest.param(desired_rules(to(0), absent=True), [delete(RULE_WORDS, 2045)], id="that rule"),
        pytest.param(desired_rules(to(1), absent=True), [], id="the flow goes elsewhere"),
        pytest.param(
            desired_rules(replace(RULE, cookie=None, location=None), absent=True),
            [delete(RULE_WORDS, 2045)],
            id="wherever it goes",
        ),
        pytest.param(
            desired_rules(to(0, location=2045), absent=True), [delete(RULE_WORDS, 2045)], id="at its location"
        ),
        pytest.param(desired_rules(to(0, location=1), absent=True), [], id="at another location"),
        pytest.param(desired_rules(rule(dst_port=81), absent=True), [], id="another flow"),
    ],
)
def test_absent(rules, steps):
    assert sentences(with_rules(OTHER, RULE), desired_pf(rules=rules)) == steps


@pytest.mark.parametrize(
    ("rules", "steps"),
    [
        pytest.param(desired_rules(leftover=(to(0),)), [delete(RULE_WORDS, 2045)], id="a rule into a VF"),
        pytest.param(
            desired_rules(leftover=(to(1),)), [delete(RULE_WORDS, 2045)], id="whichever VF its flow goes to now"
        ),
        pytest.param(desired_rules(leftover=(rule(dst_port=81),)), [], id="a rule that is not there"),
        pytest.param(
            desired_rules(OTHER, leftover=(to(0),), exclusive=True),
            [delete(RULE_WORDS, 2045)],
            id="beside rules that stay",
        ),
    ],
)
def test_rules_that_are_left_over_from_vfs_go(rules, steps):
    """num_vfs: 0 beside rules into VFs; of drivers that keep them."""
    assert sentences(with_rules(OTHER, RULE), desired_pf(rules=rules)) == steps


def test_a_flow_that_is_left_over_and_goes_to_a_queue_of_the_pf_now_is_somebody_else_s():
    assert sentences(
        with_rules(RULE.at(5), replace(RULE, cookie=1)), desired_pf(rules=desired_rules(leftover=(RULE,)))
    ) == [delete(RULE_WORDS, 5)]


def test_leftover_rules_that_go_with_the_vfs_are_not_put_back():
    desired = desired_pf(num_vfs=0, rules=desired_rules(leftover=(to(0),)))
    outcome = planned(with_rules(OTHER, RULE), desired)
    assert not [step for step in outcome.plan.steps if RULE_WORDS in str(step)]
    assert planned(outcome.after, desired).plan.steps == ()


def test_absent_removes_every_rule_of_the_flow():
    state = with_rules(RULE, RULE.at(5), to(1, 1, 6))
    assert sentences(state, desired_pf(rules=desired_rules(to(0), absent=True))) == [
        delete(RULE_WORDS, 2045),
        delete(RULE_WORDS, 5),
    ]


def test_the_prediction_has_the_rules_that_stay():
    after = planned(with_rules(OTHER, RULE), desired_pf(rules=desired_rules(to(0), absent=True))).after
    assert after.pfs[PF].queues.rules.rules == (OTHER,)


def test_the_prediction_has_the_rules_and_they_are_as_desired():
    state = with_rules(RULE.at(3), OTHER)
    desired = desired_pf(rules=desired_rules(to(1), rule(dst_ip=1, dst_port=80, location=None), exclusive=True))
    after = planned(state, desired).after
    assert {(each.cookie, each.location) for each in after.pfs[PF].queues.rules.rules} == {
        (encode_action(1, 0), 3),
        (encode_action(0, 0), 2045),
    }
    assert planned(after, desired).plan.steps == ()


def test_a_rule_that_goes_for_another_is_of_the_same_purpose():
    """So it comes back where the other one is refused (apply/undo.py)."""
    plan = planned(unknown_driver(RULE), desired_pf(rules=desired_rules(to(1)))).plan
    assert [type(step) for step in plan.steps] == [DeleteRule, InsertRule]
    assert (plan.purposes, plan.steps[-1].moved) == ((0, 0), None)


def test_the_place_of_a_rule_that_may_have_to_come_back_stays_free():
    other = rule(dst_ip=0xC0A8FE20, dst_port=80, location=None)
    steps = planned(with_rules(RULE), desired_pf(rules=desired_rules(other, to(0, location=7)))).plan.steps
    assert [step.rule.location for step in steps[1:]] == [2044, 7]
    steps = planned(with_rules(RULE), desired_pf(rules=desired_rules(other.at(2045), to(0, location=7)))).plan.steps
    assert [step.rule.location for step in steps[1:]] == [2045, 7]
