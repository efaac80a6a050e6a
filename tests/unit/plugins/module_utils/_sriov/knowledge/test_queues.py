# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many queues a PF has, however its driver tells it: combined channels, RX and TX apart, both, or rings alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.info import rss_limit
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.queues import (
    is_set_by_hand,
    may_be_set_by_hand,
    predict_combined,
    predict_rss,
    present_rss,
    queues_after_reopening,
    without_vfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Channels, Rss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.results import pf_result
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    desired_pf,
    desired_rules,
    ixgbe,
    mlx4,
    planned,
    refusals,
    rule,
)

MLX5 = {"driver": "mlx5_core", "device": "1017", "default_driver": "mlx5_core"}
ICE = {"vendor": "8086", "driver": "ice", "device": "1592", "default_driver": "ice"}
SILENT = replace(mlx4(), queues=mlx4().queues._replace(channels=None))


@pytest.mark.parametrize(
    ("pf", "queues"),
    [
        pytest.param(mlx4(), 4, id="RX and TX apart"),
        pytest.param(mlx4(channels=Channels(max_combined=8, combined=4), **MLX5), 4, id="combined"),
        pytest.param(mlx4(6, channels=Channels(16, 16, 16, 2, 0, 1, 4), rings=6, **ICE), 6, id="ice: both"),
        pytest.param(SILENT, 4, id="a driver without channels, and with rings"),
        pytest.param(mlx4(channels=Channels()), 4, id="a driver that tells channels of 0"),
        pytest.param(replace(SILENT, queues=SILENT.queues._replace(rss=None)), None, id="a driver that tells nothing"),
        pytest.param(ixgbe(combined_channels=8), 8, id="ixgbe"),
    ],
)
def test_the_queues_of_a_pf(pf, queues):
    assert (pf.rx_queues, present_rss(pf), predict_rss(pf, pf.num_vfs)) == (queues, queues, queues)
    assert pf_result(pf)["rss_queues"] == queues
    assert rss_limit(pf)["queues"] in (queues, 16)  # the most beside VFs


def test_a_rule_for_a_queue_of_rx_channels_is_planned():
    wanted = desired_pf(rules=desired_rules(rule(cookie=3, location=None, dst_port=80)))
    assert refusals(mlx4(), wanted) == []
    (step,) = planned(mlx4(), wanted).plan.steps
    assert str(step) == "add flow rule 4095 of enp1s0 (0000:01:00.0): tcp4 dst-port 80 to queue 3"


def test_a_group_of_rx_channels_is_large_enough():
    wanted = desired_pf(rss=DesiredRss(min_queues=4))
    assert (refusals(mlx4(), wanted), planned(mlx4(), wanted).plan.steps) == ([], ())


def test_no_combined_channels_are_predicted_where_there_are_none():
    pf = mlx4()
    assert predict_combined(pf, 2) is None
    assert queues_after_reopening(pf, 2, predict_combined(pf, 2)) == pf.queues


def test_nothing_is_said_of_the_queues_without_vfs_by_those_beside_some():
    assert predict_rss(without_vfs(mlx4(2)), 0) is None
    assert rss_limit(mlx4(2))["queues"] == 16


def test_vfs_leave_the_queues_of_rx_channels():
    assert refusals(mlx4(2), desired_pf(num_vfs=2, min_rss_queues=4)) == []
    (refused,) = refusals(mlx4(2), desired_pf(num_vfs=2, min_rss_queues=5))
    assert str(refused) == (
        "min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 5 on enp1s0 (0000:01:00.0): mlx4_core: VFs "
        "take nothing from the PF; online CPUs: 8. Remedy: ask for fewer VFs, or accept the smaller group by a "
        "lower min_rss_queues."
    )


LEFT_OPEN = ixgbe(combined_channels=2, max_channels=16, online_cpus=16, table=tuple(range(16)) * 8)


@pytest.mark.parametrize(
    ("pf", "group"),
    [
        pytest.param(LEFT_OPEN, 4, id="the table names more queues than there are"),
        pytest.param(ixgbe(combined_channels=2, max_channels=16, online_cpus=16), 2, id="two channels by hand"),
        pytest.param(
            replace(LEFT_OPEN, device=ixgbe(up=False).device), 2, id="while it is down the table may be an old one"
        ),
    ],
)
def test_the_limit_of_rss_that_ixgbe_keeps_for_vfs(pf, group):
    """`ethtool -L combined 2` beside VFs, then no VFs: the kernel gives 4 queues beside new ones."""
    assert predict_rss(pf, 2) == group
    assert [each.what for each in refusals(pf, desired_pf(num_vfs=2, min_rss_queues=4))] == (
        [] if group == 4 else ["min_rss_queues: 2 VFs leave the PF an RSS group of 2, less than 4"]
    )


def test_a_table_beyond_the_channels_was_set_by_nobody():
    assert rss_limit(LEFT_OPEN)["table_set_by_hand"] is False
    plan = planned(LEFT_OPEN, desired_pf(num_vfs=2)).plan
    assert ([str(step).partition(" of ")[0] for step in plan.steps], plan.warnings) == (
        ["set sriov_numvfs", "wait until all 2 VFs"],
        (),
    )


# Whose an RSS table is.

THREE = tuple(entry * 3 // 128 for entry in range(128))
UNEVEN = (0,) * 100 + (1,) * 28


def equal(queues):
    return tuple(entry % queues for entry in range(128))


def with_table(table, rings):
    state = mlx4(rings=rings)
    return replace(state, queues=state.queues._replace(rss=Rss(rings, table)))


@pytest.mark.parametrize(
    ("state", "by_hand", "unclear"),
    [
        pytest.param(ixgbe(combined_channels=8, table=equal(8)), False, False, id="the driver's own"),
        pytest.param(
            ixgbe(combined_channels=8, table=equal(4)), True, False, id="even, of a driver that has no such one"
        ),
        pytest.param(ixgbe(combined_channels=8, table=UNEVEN), True, False, id="uneven"),
        pytest.param(ixgbe(combined_channels=2, table=equal(4)), False, False, id="queues that nobody can name"),
        pytest.param(ixgbe(combined_channels=8, table=UNEVEN, up=False), False, False, id="down: it is not filled in"),
        pytest.param(mlx4(rings=6), False, False, id="over all there are"),
        pytest.param(with_table(equal(2), 6), False, True, id="mlx4: a power of two, its own or set by hand"),
        pytest.param(with_table(THREE, 6), False, True, id="in blocks, as some drivers have them"),
        pytest.param(with_table(UNEVEN, 6), True, False, id="uneven, of any driver"),
        pytest.param(with_table(equal(8), 6), False, False, id="more queues than there are, of any driver"),
    ],
)
def test_a_table_that_may_be_the_driver_s_is_not_taken_for_one_that_was_set(state, by_hand, unclear):
    assert (is_set_by_hand(state), may_be_set_by_hand(state)) == (by_hand, unclear)
