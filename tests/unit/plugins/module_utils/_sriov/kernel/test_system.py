# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of the whole host, each from its file."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.system import cpu_count, lockdown_mode
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.host import (
    Observer,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate


@pytest.mark.parametrize(
    ("files", "mode"),
    [
        pytest.param({hosts.NO_IOMMU: "Y"}, True, id="on"),
        pytest.param({hosts.NO_IOMMU: "N"}, False, id="off"),
        pytest.param({"sys/module/vfio/refcnt": "0"}, None, id="vfio is loaded and has no such parameter"),
        pytest.param({"config": "CONFIG_VFIO=m"}, None, id="the configuration says no"),
        pytest.param({"config": "CONFIG_VFIO_NOIOMMU=y"}, False, id="the configuration says yes"),
        pytest.param({}, False, id="nothing says anything"),
    ],
)
def test_no_iommu_mode_is_known_before_vfio_is_loaded(tmp_path, files, mode):
    kernel = simulate(tmp_path, hosts.host())
    for name, text in files.items():
        path = tmp_path / (f"boot/config-{kernel.system.release}" if name == "config" else name)
        path.parent.mkdir(parents=True)
        path.write_text(f"{text}\n")
    assert Observer(kernel).host([], []).noiommu_mode is mode


@pytest.mark.parametrize(
    ("text", "mode"),
    [("[none] integrity confidentiality", "none"), ("none [integrity] confidentiality", "integrity"), ("", "none")],
)
def test_brackets_mark_the_lockdown_that_holds(text, mode):
    assert lockdown_mode(text) == mode


@pytest.mark.parametrize(("ranges", "count"), [("0", 1), ("0-3", 4), ("0-3,8", 5), ("0,2,4-5", 4)])
def test_cpus_are_counted_by_ranges(ranges, count):
    assert cpu_count(ranges) == count
