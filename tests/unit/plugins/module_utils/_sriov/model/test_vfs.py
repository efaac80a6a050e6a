# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From entries to what is desired of each VF, against a reference that goes through it word by word."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    DesiredVf,
    DesiredVfs,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.vfs import (
    desired_by_vf,
    said_of,
    turning_points,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.entries import MOST, desired_entries
from hypothesis import given
from hypothesis import strategies as st

nums_vfs = st.integers(0, MOST + 2)


def entry(vf, **said):
    return DesiredVfs(parse_selector(vf), said, "vfs[0]")


def spoken(each):
    """The words that a DesiredVf has, with their values."""
    node = each.node._asdict()
    words = {
        **each.attributes.words(),
        "mtu": each.mtu,
        "driver": each.driver,
        **node,
        "no_iommu": each.no_iommu or None,
    }
    return {word: value for word, value in words.items() if value is not None}


def last_words(entries, index):
    found = {}
    for each in entries:
        if index not in each.vf.indices(index + 1):
            continue
        has_node = found.get("driver") not in (None, "default", "none")
        if "driver" in each.said and has_node and each.said["driver"] != found["driver"]:
            for word in ("owner", "group", "mode", "no_iommu"):
                found.pop(word, None)
        for word, value in each.said.items():
            found[word] = value
    return {word: value for word, value in found.items() if value is not None and (word, value) != ("no_iommu", False)}


@given(desired_entries, nums_vfs)
def test_each_vf_has_the_last_word_that_is_said_of_it(entries, num_vfs):
    found = desired_by_vf(entries, num_vfs)
    named = [index for index in range(num_vfs) if any(index in each.vf.indices(num_vfs) for each in entries)]
    assert list(found) == named
    assert {index: spoken(each) for index, each in found.items()} == {n: last_words(entries, n) for n in named}


@given(desired_entries, st.none() | nums_vfs)
def test_a_turning_point_stands_for_all_vfs_up_to_the_next(entries, num_vfs):
    points = turning_points(entries, num_vfs)
    for index in range(MOST + 4 if num_vfs is None else num_vfs):
        standing = max(point for point in points if point <= index)
        assert said_of(entries, index) == said_of(entries, standing)
    assert all(num_vfs is None or point < num_vfs for point in points)


def test_there_are_few_turning_points_however_many_vfs_there_are():
    assert turning_points([entry("all", trust=True), entry("5-60000", trust=False)], None) == [0, 5, 60001]
    assert turning_points([entry("all", trust=True)], 0) == []


@pytest.mark.parametrize(
    ("entries", "num_vfs", "expected"),
    [
        pytest.param([], 2, {}, id="nothing is said"),
        pytest.param([entry("all", trust=True)], 0, {}, id="all of none"),
        pytest.param([entry("0-9", mtu=1400)], 1, {0: DesiredVf(mtu=1400)}, id="only VFs that are there"),
        pytest.param([entry(1)], 2, {1: DesiredVf()}, id="a VF that is named, and no more"),
        pytest.param(
            [entry("all", vlan=7, trust=True), entry(1, vlan=8)],
            2,
            {
                0: DesiredVf(VfAttributes(vlan=7, trust=True)),
                1: DesiredVf(VfAttributes(vlan=8, trust=True)),
            },
            id="all first, exceptions after",
        ),
        pytest.param(
            [entry("all", vlan=7, trust=True), entry(0, vlan=None)],
            1,
            {0: DesiredVf(VfAttributes(trust=True))},
            id="null takes back what a wider entry says",
        ),
        pytest.param(
            [entry("all", vlan=7), entry("0-1", vlan=None), entry(0, vlan=9)],
            2,
            {0: DesiredVf(VfAttributes(vlan=9)), 1: DesiredVf()},
            id="and may be refined itself",
        ),
        pytest.param(
            [entry(0, driver="vfio-pci", owner=7, group="dpdk", mode=0o660, no_iommu=True, mac="auto", mtu=1500)],
            1,
            {0: DesiredVf(VfAttributes(mac="auto"), 1500, "vfio-pci", Node(7, "dpdk", 0o660), True)},
            id="every word has its place",
        ),
        pytest.param(
            [entry("all", driver="vfio-pci", group="dpdk", mode=0o660, vlan=7), entry(0, driver="default")],
            2,
            {
                0: DesiredVf(VfAttributes(vlan=7), driver="default"),
                1: DesiredVf(VfAttributes(vlan=7), driver="vfio-pci", node=Node(None, "dpdk", 0o660)),
            },
            id="a node goes with its driver",
        ),
        pytest.param(
            [entry("all", driver="vfio-pci", group="dpdk", no_iommu=True), entry(0, driver=None)],
            1,
            {0: DesiredVf()},
            id="also where the driver is taken back",
        ),
        pytest.param(
            [entry("all", driver="vfio-pci", group="dpdk"), entry("0-1", driver="vfio-pci"), entry(0, owner=7)],
            1,
            {0: DesiredVf(driver="vfio-pci", node=Node(7, "dpdk"))},
            id="and stays with the same driver",
        ),
        pytest.param(
            [entry("all", group="dpdk"), entry("0-1", driver="vfio-pci")],
            1,
            {0: DesiredVf(driver="vfio-pci", node=Node(None, "dpdk"))},
            id="a node that is said before its driver",
        ),
        pytest.param(
            [entry("all", driver="default"), entry("0-1", group="dpdk"), entry(0, driver="vfio-pci")],
            1,
            {0: DesiredVf(driver="vfio-pci", node=Node(None, "dpdk"))},
            id="also where a wider entry's driver has none",
        ),
        pytest.param([entry(0, no_iommu=None)], 1, {0: DesiredVf()}, id="no word about the IOMMU"),
        pytest.param(
            [entry(0, spoofchk=False, max_tx_rate=0, mtu=0)],
            1,
            {0: DesiredVf(VfAttributes(spoofchk=False, max_tx_rate=0), mtu=0)},
            id="false and zero are values",
        ),
    ],
)
def test_entries_are_joined(entries, num_vfs, expected):
    assert desired_by_vf(entries, num_vfs) == expected
