# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions that the kernel has not let go are refused by name, and the others are served."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    DesiredPf,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.blocked import without_blocked
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate

PF, OTHER = "0000:01:00.0", "0000:02:00.0"
REASON = "the kernel has not ended a step of an earlier run: set sriov_numvfs (process 70)"


@pytest.fixture
def kernel(tmp_path):
    simulated = simulate(tmp_path, hosts.host())
    simulated.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_numvfs", "1")
    return simulated


def test_the_pf_and_its_vfs_are_left_out_and_told(kernel):
    wanted = Desired((DesiredPf(PF), DesiredPf(OTHER)), (DesiredDevice("0000:01:10.0", "none"),))
    left, refused = without_blocked(kernel, wanted, {PF: REASON})
    assert left == Desired((DesiredPf(OTHER),))
    assert [str(error) for error in refused] == [
        f"{address} cannot be changed now: {REASON}. Remedy: find what it waits for (dmesg names a vfio user), and end "
        "that; nothing else lets the kernel go on."
        for address in (PF, "0000:01:10.0")
    ]


def test_nothing_is_asked_where_nothing_is_blocked():
    wanted = Desired((DesiredPf(PF),))
    assert without_blocked(None, wanted, {}) == (wanted, [])
