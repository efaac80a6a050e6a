# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VFs that nothing names, of all PFs of a host."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired, DesiredDevice
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.unnamed import unnamed_vfs
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import PF, SECOND, desired_pf, desired_vfs

OTHER = hosts.Nic(address=SECOND, name="enp1s1", mac="02:00:00:00:01:01")
BESIDE = {"pf": "enp1s1", "pci_address": SECOND, "vfs": [0, 1]}


def of_first(*vfs):
    return {"pf": "enp1s0", "pci_address": PF, "vfs": list(vfs)}


@pytest.mark.parametrize(
    ("desired", "found"),
    [
        pytest.param(Desired(), [of_first(0, 1, 2), BESIDE], id="nothing"),
        pytest.param(Desired((desired_pf("enp1s0"),)), [of_first(0, 1, 2), BESIDE], id="a PF alone"),
        pytest.param(
            Desired((desired_pf("enp1s0", vfs=[desired_vfs("0"), desired_vfs("2")]),)),
            [of_first(1), BESIDE],
            id="some of them",
        ),
        pytest.param(Desired((desired_pf("enp1s0", vfs=[desired_vfs("all")]),)), [BESIDE], id="all of a PF"),
        pytest.param(
            Desired((desired_pf("enp1s0", vfs=[desired_vfs("all")]), desired_pf("enp1s1", num_vfs=0))),
            [],
            id="all, and none of the other",
        ),
        pytest.param(
            Desired((), (DesiredDevice(hosts.IGB.vf(0), "igbvf"),)), [of_first(0, 1, 2), BESIDE], id="by address alone"
        ),
    ],
)
def test_vfs_that_nothing_names_are_listed_by_pf(tmp_path, desired, found):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.pf(OTHER, 2, 4)})
    kernel.pci.set_num_vfs(PF, 3, 10)
    kernel.pci.set_num_vfs(SECOND, 2, 10)
    outcome = converge(kernel, desired, 10, check=True)
    assert unnamed_vfs(kernel, outcome.after, outcome.desired) == found


def test_a_host_without_vfs_has_none(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    outcome = converge(kernel, Desired((desired_pf("enp1s0"),)), 10)
    assert unnamed_vfs(kernel, outcome.after, outcome.desired) == []
