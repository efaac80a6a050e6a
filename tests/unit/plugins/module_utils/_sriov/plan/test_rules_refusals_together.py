# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several refusals of flow rules: all of them are told at once."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    SSH,
    desired_pf,
    desired_rules,
    ixgbe,
    refusals,
    rule,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import to, with_rules


def test_each_rule_that_cannot_be_is_told_and_the_feature_that_they_need_is_not():
    """ntuple filters are off, and to turn them on would reset the PF: that means nothing as long as no rule can be."""
    state = ixgbe(4, combined_channels=4, ntuple="off", holders=(SSH,))
    found = refusals(state, desired_pf(rules=desired_rules(to(4), to(0), rule("ip6", dst_ip=1, location=None))))
    assert [each.what for each in found] == ["rules[0]: cannot send to VF 4 queue 0", "rules[2]: flow type ip6"]


def test_each_place_that_is_taken_is_told():
    others = [rule(dst_ip=number, dst_port=80, location=number) for number in (1, 2)]
    wanted = [rule(dst_ip=9, dst_port=80, location=1), to(0), rule(dst_ip=8, dst_port=80, location=2)]
    found = refusals(with_rules(*others), desired_pf(rules=desired_rules(*wanted)))
    assert [each.what for each in found] == ["rules[0]: location 1 is occupied", "rules[2]: location 2 is occupied"]


def test_rules_and_the_table_are_refused_together():
    desired = desired_pf(rules=desired_rules(to(4)), rss=DesiredRss(verb="equal", numbers=(64,)))
    assert [each.what for each in refusals(with_rules(), desired)] == [
        "equal: 64",
        "rules[0]: cannot send to VF 4 queue 0",
    ]
