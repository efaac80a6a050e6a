# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules of RSS contexts: what contradicts them, what removes them, what is remembered of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.undo import way_back
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    RULE,
    desired_pf,
    desired_rules,
    planned,
    sentences,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import add, delete, to, unknown_driver

pytestmark = pytest.mark.usefixtures("lenient")
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
