# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel never writes in its files: it is told as not known, and nothing is written."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, info
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

BASE = f"sys/bus/pci/devices/{hosts.IGB.address}"
CPUS = "sys/devices/system/cpu/online"
OF_CPUS = "cannot create 2 VFs: cannot tell what comes of the PF's queues"
COUNT = "num_vfs: cannot tell how many VFs there are"
CREATE = "cannot create 2 VFs"


@pytest.mark.parametrize(
    ("file", "text", "what"),
    [
        (f"{BASE}/sriov_numvfs", "-1", COUNT),
        (f"{BASE}/sriov_numvfs", "٣", COUNT),
        (f"{BASE}/sriov_numvfs", "99999999999999999999", COUNT),
        (f"{BASE}/sriov_totalvfs", "garbage", CREATE),
        (f"{BASE}/sriov_totalvfs", "65536", CREATE),
        (f"{BASE}/sriov_offset", "x", CREATE),
        (f"{BASE}/sriov_stride", "-2", CREATE),
        (CPUS, "5-3", OF_CPUS),
    ],
)
def test_garbage_where_a_number_of_vfs_should_be_is_refused(tmp_path, file, text, what):
    kernel = simulate(tmp_path, {**hosts.host(), file: text})
    result = run_module(host, kernel, pfs=[{"pf": "enp1s0", "num_vfs": 2}])
    assert (
        result["msg"]
        == f"{what} on enp1s0 (0000:01:00.0): /{file} [it says what cannot be]. Remedy: run it again, and see dmesg."
    )
    assert written(kernel) == []
    assert f"/{file} [it says what cannot be]" in run_module(info, kernel)["not_seen"]


@pytest.mark.parametrize("name", ["garbage", "٣", "-1x"])
def test_an_iommu_group_that_is_none_is_not_taken_for_a_number(tmp_path, name):
    files = hosts.host()
    files[f"{BASE}/iommu_group"] = hosts.Link(f"../../../../kernel/iommu_groups/{name}")
    result = run_module(info, simulate(tmp_path, files))
    assert result["pfs"][0]["iommu_group"] is None
    assert f"/{BASE}/iommu_group [it says what cannot be]" in result["not_seen"]


def test_a_numa_node_that_is_no_number_is_told(tmp_path):
    result = run_module(info, simulate(tmp_path, {**hosts.host(), f"{BASE}/numa_node": "garbage"}))
    assert result["pfs"][0]["numa_node"] == -1
    assert f"/{BASE}/numa_node [it says what cannot be]" in result["not_seen"]
