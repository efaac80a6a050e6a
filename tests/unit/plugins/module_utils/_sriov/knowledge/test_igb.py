# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of igb, whose chips differ."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import rss_queues, vf_limit

I82576 = driver("igb", "8086", "10c9")
I350 = driver("igb", "8086", "1521")
I210 = driver("igb", "8086", "1533")


@pytest.mark.parametrize(
    ("chip", "cpus", "by_num_vfs"),
    [
        # igb_main.c igb_get_max_rss_queues
        pytest.param(I82576, 16, {0: 8, 1: 2, 7: 2}, id="82576"),
        pytest.param(I82576, 1, {0: 1, 1: 1, 7: 1}, id="82576 on 1 CPU"),
        pytest.param(I350, 16, {0: 8, 1: 1, 7: 1}, id="i350"),
        pytest.param(I210, 16, {0: None, 1: None}, id="a chip that is not listed"),
    ],
)
def test_the_rss_group_shrinks_with_vfs(chip, cpus, by_num_vfs):
    assert {num_vfs: rss_queues(chip, num_vfs, cpus) for num_vfs in by_num_vfs} == by_num_vfs


def test_traffic_classes_do_not_limit_the_vfs():
    assert {classes: vf_limit(I82576, classes, 7) for classes in (0, 8)} == {0: 7, 8: 7}


def test_only_the_82576_limits_rates():
    assert "max_tx_rate" not in I82576.vf_support.refuses
    assert I350.vf_support.refuses["max_tx_rate"] == "only the 82576 limits rates"
