# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is assumed of a driver that nobody knows: nothing."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import (
    rss_group,
    rss_queues,
    vf_limit,
)

UNKNOWN = driver("mystery", "1234", "5678")


def test_the_rss_group_of_an_unknown_driver_is_not_known():
    assert [rss_queues(UNKNOWN, num_vfs, 16) for num_vfs in (0, 1)] == [None, None]


def test_an_unknown_driver_is_taken_at_its_word():
    assert rss_group(UNKNOWN, 4, 12) == 12
    assert [vf_limit(UNKNOWN, classes, 5) for classes in (0, 8)] == [5, 5]
