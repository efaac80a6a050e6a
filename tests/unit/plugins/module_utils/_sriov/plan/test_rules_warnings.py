# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings of flow rules: queues that the VF's driver does not open, and frames that the PF gets no more."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    desired_pf,
    desired_rules,
    planned,
    rule,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import replaced, to, unknown_driver, with_rules

pytestmark = pytest.mark.usefixtures("lenient")


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
