# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no host can meet; most of it is tested through the planner and the controller, which both ask here."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.check import check_driver_name


@pytest.mark.parametrize(
    ("name", "label", "message"),
    [
        (
            "dpdk",
            "",
            "driver: there is no driver 'dpdk': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'.",
        ),
        (
            "off",
            "enp1s0",
            "driver: there is no driver 'off' on enp1s0: it is called 'none' here. Remedy: write it 'none'.",
        ),
    ],
)
def test_a_driver_by_another_name_is_told_its_own(name, label, message):
    with pytest.raises(InvalidRequest) as refused:
        check_driver_name(name, label)
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["vfio-pci", "default", "none", "ixgbevf"])
def test_the_right_names_are_taken(name):
    check_driver_name(name)
