# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What drivers mean by the attributes of VFs that they tell."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import driver
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.told import as_meant
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes


@pytest.mark.parametrize(
    ("name", "speed", "told", "meant"),
    [
        pytest.param("mlx4_core", 0, {"vlan": 4095}, {"vlan": 0}, id="mlx4: MLX4_VGT"),
        pytest.param("mlx4_core", 0, {"vlan": 7}, {"vlan": 7}, id="mlx4: a VLAN"),
        pytest.param("qlcnic", 0, {"vlan": 4095}, {"vlan": 0}, id="qlcnic: the guest's own"),
        pytest.param("bnx2x", 25000, {"max_tx_rate": 10000}, {"max_tx_rate": 0}, id="bnx2x: a constant"),
        pytest.param("qede", 25000, {"max_tx_rate": 25000}, {"max_tx_rate": 0}, id="qede: the link's speed"),
        pytest.param("LiquidIO", 10000, {"max_tx_rate": 10000}, {"max_tx_rate": 0}, id="LiquidIO: the link's speed"),
        pytest.param("qede", 25000, {"max_tx_rate": 10000}, {"max_tx_rate": 10000}, id="qede: a limit"),
        pytest.param("qede", 0, {"max_tx_rate": 25000}, {}, id="qede: nobody knows"),
        pytest.param("qede", 0, {"max_tx_rate": 0}, {"max_tx_rate": 0}, id="qede: no link"),
        pytest.param("igb", 1000, {"vlan": 4095, "max_tx_rate": 1000}, {"vlan": 4095, "max_tx_rate": 1000}, id="igb"),
        pytest.param("qede", 25000, {}, {}, id="nothing is told"),
    ],
)
def test_a_number_for_none_is_none(name, speed, told, meant):
    assert as_meant(VfAttributes(**told), driver(name).vf_support, speed) == VfAttributes(**meant)
