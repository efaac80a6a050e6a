# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of drivers, against the kernel's own rules written down as tables."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.drivers import (
    pf_driver,
    rss_explanation,
    rss_group,
    rss_queues,
    vf_limit,
)

IXGBE = pf_driver("ixgbe", "8086", "10fb")
X550 = pf_driver("ixgbe", "8086", "1563")
IGB_82576 = pf_driver("igb", "8086", "10c9")
I350 = pf_driver("igb", "8086", "1521")
ICE = pf_driver("ice", "8086", "1592")
STRANGER = pf_driver("mystery", "1234", "5678")


@pytest.mark.parametrize(
    ("driver", "cpus", "by_num_vfs"),
    [
        # ixgbe_lib.c ixgbe_set_sriov_queues: 1..31 VFs 32 pools of 4, from 32 on 64 pools of 2
        pytest.param(IXGBE, 64, {0: 16, 1: 4, 31: 4, 32: 2, 63: 2}, id="82599"),
        pytest.param(IXGBE, 8, {0: 8, 1: 4, 31: 4, 32: 2}, id="82599 on 8 CPUs"),
        pytest.param(IXGBE, 3, {0: 3, 1: 2, 31: 2, 32: 2}, id="82599 on 3 CPUs: pools are powers of two"),
        pytest.param(IXGBE, 1, {0: 1, 1: 1, 63: 1}, id="82599 on 1 CPU"),
        pytest.param(X550, 64, {0: 63, 1: 4, 31: 4, 32: 2, 63: 2}, id="X550"),
        # igb_main.c igb_get_max_rss_queues
        pytest.param(IGB_82576, 16, {0: 8, 1: 2, 7: 2}, id="82576"),
        pytest.param(IGB_82576, 1, {0: 1, 1: 1, 7: 1}, id="82576 on 1 CPU"),
        pytest.param(I350, 16, {0: 8, 1: 1, 7: 1}, id="i350"),
        pytest.param(ICE, 16, {0: 16, 1: 16, 128: 16}, id="ice: VFs take nothing"),
        pytest.param(STRANGER, 16, {0: None, 1: None}, id="a stranger"),
    ],
)
def test_the_rss_group_shrinks_with_vfs(driver, cpus, by_num_vfs):
    assert {num_vfs: rss_queues(driver, num_vfs, cpus) for num_vfs in by_num_vfs} == by_num_vfs


@pytest.mark.parametrize(
    ("driver", "num_vfs", "channels", "group"),
    [
        pytest.param(IXGBE, 0, 32, 16, id="flow director's channels are not RSS"),
        pytest.param(IXGBE, 0, 6, 6, id="fewer channels by choice"),
        pytest.param(IXGBE, 4, 4, 4, id="with VFs they are the group"),
        pytest.param(IXGBE, 4, 1, 1, id="with VFs and DCB"),
        pytest.param(IXGBE, 4, None, None, id="the driver does not say"),
        pytest.param(STRANGER, 4, 12, 12, id="a stranger is taken at its word"),
    ],
)
def test_the_rss_group_is_read_from_the_channels(driver, num_vfs, channels, group):
    assert rss_group(driver, num_vfs, channels) == group


@pytest.mark.parametrize(
    ("driver", "total", "by_classes"),
    [
        # ixgbe_sriov.c ixgbe_pci_sriov_enable
        pytest.param(IXGBE, 63, {0: 63, 1: 63, 2: 31, 4: 31, 5: 15, 8: 15}, id="ixgbe"),
        pytest.param(IXGBE, 8, {1: 8, 4: 8, 8: 8}, id="ixgbe on a device that offers fewer"),
        pytest.param(IGB_82576, 7, {0: 7, 8: 7}, id="igb"),
        pytest.param(STRANGER, 5, {0: 5, 8: 5}, id="a stranger"),
    ],
)
def test_traffic_classes_limit_the_vfs(driver, total, by_classes):
    assert {classes: vf_limit(driver, classes, total) for classes in by_classes} == by_classes


def test_the_limits_are_told_in_words():
    assert rss_explanation(IXGBE) == "0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2"
    assert rss_explanation(ICE) == ""


@pytest.mark.parametrize(
    ("name", "device", "rss_known"),
    [
        pytest.param("ixgbe", "10fb", True, id="a driver whose chips are alike"),
        pytest.param("igb", "1533", False, id="a chip that is not listed"),
        pytest.param("vfio-pci", "10c9", False, id="a known chip under another driver"),
        pytest.param(None, "10c9", False, id="no driver"),
    ],
)
def test_a_stranger_gets_an_entry_that_knows_nothing(name, device, rss_known):
    driver = pf_driver(name, "8086", device)
    assert (driver.name, driver.rss is not None) == (name or "none", rss_known)
