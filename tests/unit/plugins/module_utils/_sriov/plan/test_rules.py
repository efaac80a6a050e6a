# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules as tables: the rules that are there, those that are desired, sentences. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP, encode_action
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import DeleteRule, InsertRule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.undo import way_back
from ansible_collections.kernel_bypass.sriov.tests.unit.support.drivers import LENIENT
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    RULE,
    desired_pf,
    desired_rules,
    i350,
    ixgbe,
    pf,
    planned,
    rule,
    sentences,
    vf,
)

pytestmark = pytest.mark.usefixtures("lenient")
RULE_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
RULE_WORDS_1 = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 1 queue 1"
OTHER = rule(dst_ip=0xC0A8FE1F, dst_port=80, location=2044)
OTHER_WORDS = "tcp4 dst-ip 192.168.254.31 dst-port 80 to VF 0 queue 0"


def to(vf_index, queue=0, location=None):
    """The flow of RULE, sent elsewhere."""
    return replace(RULE, cookie=encode_action(vf_index, queue), location=location)


def with_rules(*rules, num_vfs=4, **changes):
    """An 82599 beside VFs, with rules in force."""
    return ixgbe(num_vfs, online_cpus=16, **{"combined_channels": 4, "ntuple": "on", "rules": rules, **changes})


def unknown_driver(*rules, **changes):
    """A driver that knows VFs and leaves no rule in place of another."""
    return with_rules(*rules, driver=LENIENT.name, device="9999", **changes)


def add(words, location, of=LABEL):
    return f"add flow rule {location} of {of}: {words}"


def delete(words, location):
    return f"delete flow rule {location} of {LABEL}: {words}"


def replaced(words, old, location=2045):
    return f"replace flow rule {location} of {LABEL}: {words} (was: {old})"


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


FLOW_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80"
IN_CONTEXT = replace(RULE, cookie=0, context=1)


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        pytest.param(replace(RULE, cookie=0, context=None, location=None), "to queue 0", id="of none"),
        pytest.param(replace(IN_CONTEXT, context=2, location=None), "to RSS context 2", id="of another"),
        pytest.param(
            replace(IN_CONTEXT, cookie=3, location=None), "to queue 3 of RSS context 1", id="of another queue"
        ),
        pytest.param(replace(IN_CONTEXT, location=None), None, id="the same"),
    ],
)
def test_the_rss_context_of_a_rule_is_part_of_where_it_leads(wanted, steps):
    """A rule for the same flow that leads elsewhere contradicts it."""
    expected = [
        delete(f"{FLOW_WORDS} to RSS context 1", 2045),
        add(f"{FLOW_WORDS} {steps}", 2045),
    ]
    assert sentences(unknown_driver(IN_CONTEXT), desired_pf(rules=desired_rules(wanted))) == (expected if steps else [])


@pytest.mark.parametrize(
    ("named", "goes"),
    [
        pytest.param(replace(RULE, cookie=None, location=None), True, id="the flow"),
        pytest.param(replace(IN_CONTEXT, location=None), True, id="its context"),
        pytest.param(replace(IN_CONTEXT, context=2, location=None), False, id="another context"),
        pytest.param(replace(RULE, cookie=0, location=None), False, id="no context"),
        pytest.param(replace(RULE, cookie=None, location=7), False, id="another location"),
    ],
)
def test_a_rule_of_an_rss_context_goes_when_it_is_named(named, goes):
    steps = sentences(unknown_driver(IN_CONTEXT), desired_pf(rules=desired_rules(named, absent=True)))
    assert steps == ([delete(f"{FLOW_WORDS} to RSS context 1", 2045)] if goes else [])


def test_a_rule_of_an_rss_context_that_goes_for_another_is_remembered():
    plan = planned(unknown_driver(IN_CONTEXT), desired_pf(rules=desired_rules(to(1)))).plan
    (back,) = way_back(plan.steps[0])
    assert (plan.purposes, back.rule) == ((0, 0), IN_CONTEXT)


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


def test_a_rule_that_another_stage_drops_is_remembered_by_the_one_that_comes_for_it():
    plan = planned(with_rules(RULE, num_vfs=2), recreated(4, rules=desired_rules(to(1)))).plan
    (step,) = [step for step in plan.steps if isinstance(step, InsertRule)]
    assert (step.rule.destination.vf, step.moved) == (1, RULE)


def test_the_place_of_a_rule_that_may_have_to_come_back_stays_free():
    other = rule(dst_ip=0xC0A8FE20, dst_port=80, location=None)
    steps = planned(with_rules(RULE), desired_pf(rules=desired_rules(other, to(0, location=7)))).plan.steps
    assert [step.rule.location for step in steps[1:]] == [2044, 7]
    steps = planned(with_rules(RULE), desired_pf(rules=desired_rules(other.at(2045), to(0, location=7)))).plan.steps
    assert [step.rule.location for step in steps[1:]] == [2045, 7]


# What a change of the VF count, or of the channels, drops.

TO_QUEUE = rule(dst_ip=0xC0A8FE21, dst_port=80, cookie=3, location=9)
TO_QUEUE_WORDS = "tcp4 dst-ip 192.168.254.33 dst-port 80 to queue 3"


def recreated(num_vfs, **options):
    return desired_pf(num_vfs=num_vfs, allow=["destroy_vfs"], **options)


def put_back(words, location):
    return f"put back flow rule {location} of {LABEL}: {words}"


def lost(rule_words, location, why):
    return f"flow rule {location} of {LABEL} is not put back ({rule_words}): {why}"


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


@pytest.mark.parametrize(
    ("driver", "queue", "warnings"),
    [
        pytest.param(
            "ixgbevf",
            2,
            [
                "ixgbevf opens 2 queues of a VF at most: frames of tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 "
                "queue 2 are lost until another driver opens more"
            ],
            id="a queue that ixgbevf never opens",
        ),
        pytest.param("ixgbevf", 1, [], id="a queue that it does"),
        pytest.param("vfio-pci", 2, [], id="what an application opens is its own matter"),
        pytest.param(None, 2, [], id="no driver"),
    ],
)
def test_a_queue_that_the_vf_s_driver_does_not_open_is_reported(driver, queue, warnings):
    state = with_rules(num_vfs=1, vfs=(vf(driver=driver),))
    assert list(planned(state, desired_pf(rules=desired_rules(to(0, queue)))).plan.warnings) == warnings


ROUTED = Holder("route", "carries a default route (through bond0)")


@pytest.mark.parametrize(
    ("wide", "words"),
    [
        pytest.param(rule(location=None), "tcp4 to VF 0 queue 0", id="all of TCP"),
        pytest.param(rule("udp4", cookie=DROP, location=None), "udp4 drop", id="dropped"),
        pytest.param(rule("ip4", vf=1, location=None), "ip4 to VF 1 queue 0", id="all of IPv4"),
        pytest.param(rule("ether", location=None), "ether to VF 0 queue 0", id="all there is"),
        pytest.param(
            rule("ether", ether_type=0x800, location=None), "ether proto 0x800 to VF 0 queue 0", id="a kind of frames"
        ),
        pytest.param(rule("ip6", proto=47, location=None), "ip6 l4proto 47 to VF 0 queue 0", id="a protocol"),
    ],
)
@pytest.mark.parametrize(
    ("holders", "of_vf", "also"),
    [
        pytest.param((), (), "", id="in use by nobody"),
        pytest.param((ROUTED,), (), "; it carries a default route (through bond0)", id="with a default route"),
        pytest.param((), (ROUTED,), "; VF 1 carries a default route (through bond0)", id="with that of a VF"),
    ],
)
def test_a_rule_that_takes_all_frames_of_a_kind_is_told(wide, words, holders, of_vf, also):
    """Where no connection of the operator is known, a default route may carry one."""
    vfs = (vf(0, driver=None), vf(1, driver=None, holders=of_vf))
    state = unknown_driver(num_vfs=2, vfs=vfs, holders=holders)
    outcome = planned(state, desired_pf(rules=desired_rules(wide)))
    assert list(outcome.plan.warnings) == [
        f"{words}: it names neither address nor port, and {LABEL} itself gets no such frames any more{also}"
    ]
    assert list(planned(outcome.after, desired_pf(rules=desired_rules(wide))).plan.warnings) == [], "once"


@pytest.mark.parametrize(
    "narrow",
    [
        pytest.param(rule(dst_port=80, location=None), id="a port"),
        pytest.param(rule(vlan=7, location=None), id="a VLAN"),
        pytest.param(rule(cookie=1, location=None), id="to a queue that the kernel has"),
    ],
)
def test_a_rule_that_leaves_frames_to_the_pf_is_not(narrow):
    state = with_rules(num_vfs=1, vfs=(vf(driver=None),), holders=(ROUTED,))
    assert list(planned(state, desired_pf(rules=desired_rules(narrow))).plan.warnings) == []


def test_a_rule_that_comes_to_lead_all_frames_away_is_told_too():
    state = with_rules(rule(cookie=1, location=9), num_vfs=1, vfs=(vf(driver=None),))
    outcome = planned(state, desired_pf(rules=desired_rules(rule(location=None))))
    assert [str(step) for step in outcome.plan.steps] == [replaced("tcp4 to VF 0 queue 0", "tcp4 to queue 1", 9)]
    assert len(outcome.plan.warnings) == 1


def test_a_pf_that_goes_down_and_up_keeps_its_rules():
    """ixgbe drops them on the way down; what is put in while it is down comes with the link."""
    state = ixgbe(combined_channels=8, ntuple="on", rules=(TO_QUEUE,))
    outcome = planned(state, desired_pf(up=False))
    assert [str(step) for step in outcome.plan.steps] == ["set enp1s0 down", put_back(TO_QUEUE_WORDS, 9)]
    assert sentences(pf(up=False, rules=(TO_QUEUE,), ntuple="on", combined_channels=8), desired_pf(up=True)) == [
        "set enp1s0 up"
    ]
