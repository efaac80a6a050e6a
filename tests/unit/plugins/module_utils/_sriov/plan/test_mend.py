# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Channels that ixgbe leaves too few for its RSS table are set again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    SSH,
    desired_pf,
    ixgbe,
    pf,
    planned,
    sentences,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.queues import (
    DEFAULT,
    set_channels,
    with_vfs,
)

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
    assert "allow: [link_reset]" in warning
    plan = planned(carrying, desired_pf(num_vfs=0, allow=["link_reset"])).plan
    assert [str(step) for step in plan.steps] == [set_channels(2, 16)]
    assert list(plan.allowed) == [
        f"link_reset for {LABEL}: the PF is reset by it, and carries the SSH connection from 192.0.2.1"
    ]


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
