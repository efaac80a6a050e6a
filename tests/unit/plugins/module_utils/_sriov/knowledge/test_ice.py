# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of ice."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import (
    rss_explanation,
    rss_queues,
)

ICE = driver("ice", "8086", "1592")


def test_vfs_take_nothing_from_the_pf():
    assert {num_vfs: rss_queues(ICE, num_vfs, 16) for num_vfs in (0, 1, 128)} == {0: 16, 1: 16, 128: 16}
    assert rss_explanation(ICE) == ""


def test_rules_do_not_send_to_vfs():
    assert (ICE.steering.vf, ICE.steering.no_vf) == (False, "ice_add_fdir_ethtool takes no VF queue")
