# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Words that differ, by kind, as people read them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.drift import KINDS, Difference, drift


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        pytest.param({"num_vfs": 2}, {"num_vfs": 2}, [], id="the same"),
        pytest.param({"num_vfs": 2}, {"num_vfs": 0}, [("vfs", "num_vfs: wanted 2, found 0")], id="number of VFs"),
        pytest.param({"up": True}, {"up": False}, [("vfs", "up: wanted on, found off")], id="a switch"),
        pytest.param({"channels": 4}, {}, [("rss", "channels: wanted 4, found none")], id="queues"),
        pytest.param(
            {"vfs": {"3": {"driver": "vfio-pci", "trust": True}}},
            {"vfs": {"3": {"driver": "ixgbevf", "trust": False}}},
            [
                ("drivers", "VF 3 driver: wanted vfio-pci, found ixgbevf"),
                ("attributes", "VF 3 trust: wanted on, found off"),
            ],
            id="a driver and an attribute",
        ),
        pytest.param(
            {"num_vfs": 1, "vfs": {"0": {"trust": True}}},
            {"num_vfs": 0},
            [("vfs", "num_vfs: wanted 1, found 0")],
            id="a VF that is not there is in their number",
        ),
        pytest.param(
            {"rules": ["a", "b"]},
            {"rules": ["b", "c"]},
            [("rules", "rule a: is not there"), ("rules", "rule c: is not wanted")],
            id="rules",
        ),
    ],
)
def test_differences(wanted, found, told):
    assert drift(wanted, found) == [Difference(*each) for each in told]
    assert {each.kind for each in drift(wanted, found)} <= set(KINDS)
