# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of ixgbe, against the kernel's own rules written down as tables."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import driver, vf_driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.ixgbe import mask_of
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.rss import (
    pool_stride,
    rss_explanation,
    rss_group,
    rss_queues,
    table_size,
    vf_limit,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import flow_rule

I82599 = driver("ixgbe", "8086", "10fb")
X550 = driver("ixgbe", "8086", "1563")


@pytest.mark.parametrize(
    ("chip", "cpus", "by_num_vfs"),
    [
        # ixgbe_lib.c ixgbe_set_sriov_queues: 1..31 VFs 32 pools of 4, from 32 on 64 pools of 2
        pytest.param(I82599, 64, {0: 16, 1: 4, 31: 4, 32: 2, 63: 2}, id="82599"),
        pytest.param(I82599, 8, {0: 8, 1: 4, 31: 4, 32: 2}, id="82599 on 8 CPUs"),
        pytest.param(I82599, 3, {0: 3, 1: 2, 31: 2, 32: 2}, id="82599 on 3 CPUs: pools are powers of two"),
        pytest.param(I82599, 1, {0: 1, 1: 1, 63: 1}, id="82599 on 1 CPU"),
        pytest.param(X550, 64, {0: 63, 1: 4, 31: 4, 32: 2, 63: 2}, id="X550"),
    ],
)
def test_the_rss_group_shrinks_with_vfs(chip, cpus, by_num_vfs):
    assert {num_vfs: rss_queues(chip, num_vfs, cpus) for num_vfs in by_num_vfs} == by_num_vfs


@pytest.mark.parametrize(
    ("num_vfs", "channels", "group"),
    [
        pytest.param(0, 32, 16, id="flow director's channels are not RSS"),
        pytest.param(0, 6, 6, id="fewer channels by choice"),
        pytest.param(4, 4, 4, id="with VFs they are the group"),
        pytest.param(4, 1, 1, id="with VFs and DCB"),
        pytest.param(4, None, None, id="the driver does not say"),
    ],
)
def test_the_rss_group_is_read_from_the_channels(num_vfs, channels, group):
    assert rss_group(I82599, num_vfs, channels) == group


@pytest.mark.parametrize(
    ("total", "by_classes"),
    [
        # ixgbe_sriov.c ixgbe_pci_sriov_enable
        pytest.param(63, {0: 63, 1: 63, 2: 31, 4: 31, 5: 15, 8: 15}, id="as many as there can be"),
        pytest.param(8, {1: 8, 4: 8, 8: 8}, id="a device that offers fewer"),
    ],
)
def test_traffic_classes_limit_the_vfs(total, by_classes):
    assert {classes: vf_limit(I82599, classes, total) for classes in by_classes} == by_classes


def test_pools_have_four_or_two_queues():
    assert {num_vfs: pool_stride(I82599, num_vfs) for num_vfs in (0, 1, 31, 32)} == {0: None, 1: 4, 31: 4, 32: 2}


def test_the_limits_are_reported_in_words():
    assert rss_explanation(I82599) == "0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2"


@pytest.mark.parametrize(
    ("chip", "table", "sizes"),
    [pytest.param(I82599, "shared", (128, 128), id="82599"), pytest.param(X550, "unreached", (512, 64), id="X550")],
)
def test_whose_the_rss_table_is_depends_on_the_chip(chip, table, sizes):
    assert (chip.table, (table_size(chip, 0, 128), table_size(chip, 1, 128))) == (table, sizes)
    assert ("query_rss" in chip.vf_support.refuses) == (table == "unreached")


def test_a_vf_has_two_queues_in_ixgbevf():
    assert (vf_driver("ixgbevf").name, vf_driver("ixgbevf").queues) == ("ixgbevf", 2)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(("tcp4", "dst_port", 80), ("udp4", "dst_port", 81), True, id="the L4 type counts for both"),
        pytest.param(("tcp4", "dst_ip", 1), ("ip4", "dst_ip", 1), False, id="it does not count for ip4"),
        pytest.param(("ip4", "dst_ip", 1), ("ip4", "dst_ip", 2), True, id="other values"),
        pytest.param(("tcp4", "dst_port", 80), ("tcp4", "src_port", 80), False, id="other fields"),
    ],
)
def test_masks_are_the_same_for_other_values(one, other, same):
    """ixgbe_ethtool.c ixgbe_add_ethtool_fdir_entry(): what it compares between the rules of a port."""
    rules = [flow_rule(flow_type, {name: (value, 0xFFFF)}) for flow_type, name, value in (one, other)]
    assert (mask_of(rules[0]) == mask_of(rules[1])) is same


def test_another_mask_of_the_same_field_is_another_mask():
    assert mask_of(flow_rule("tcp4", {"dst_ip": (1, 0xFF)})) != mask_of(flow_rule("tcp4", {"dst_ip": (1, 0xFFFF)}))
