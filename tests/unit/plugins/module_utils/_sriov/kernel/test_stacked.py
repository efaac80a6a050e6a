# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices of other subsystems on a function or on an interface."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.stacked import (
    RdmaDevice,
    Stacked,
    VdpaDevice,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

VF = "0000:01:10.0"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, []),
        (hosts.vdpa(VF), [VdpaDevice("vdpa0", VF, (), ())]),
        (hosts.vdpa(VF, node="vhost-vdpa-3"), [VdpaDevice("vdpa0", VF, ("vhost-vdpa-3",), ())]),
        (hosts.vdpa(VF, net="eth7"), [VdpaDevice("vdpa0", VF, (), ("eth7",))]),
        (hosts.vdpa(VF, between="mlx5_core.sf.4/"), [VdpaDevice("vdpa0", VF, (), ())]),
        (hosts.vdpa("vdpasim_net"), [VdpaDevice("vdpa0", None, (), ())]),
    ],
    ids=["none", "without a driver", "vhost_vdpa", "virtio_vdpa", "of a device between", "simulated"],
)
def test_vdpa_devices_are_found_with_the_function_that_they_are_on(tmp_path, files, found):
    assert Stacked(sysfs(tmp_path, files)).vdpa_devices() == found


def test_an_rdma_device_is_found_by_its_node(tmp_path):
    files = [hosts.rdma("mlx5_2", "uverbs1", ["enp1s0v0", "enp1s0v0"], VF), hosts.rdma("rxe0", "umad0", ["br0", ""])]
    stacked = Stacked(sysfs(tmp_path, *files))
    assert stacked.rdma_device("uverbs1") == RdmaDevice("mlx5_2", ("enp1s0v0",), VF)
    assert stacked.rdma_device("umad0") == RdmaDevice("rxe0", ("br0",), None)


def test_an_rdma_device_of_another_namespace_is_not_seen(tmp_path):
    """Its node is; one that has a function behind it is known by that."""
    of_function = {
        "sys/class/infiniband_verbs/uverbs2/ibdev": "mlx5_2",
        "sys/class/infiniband_verbs/uverbs2/device": Link(f"../../../bus/pci/devices/{VF}"),
    }
    stacked = Stacked(sysfs(tmp_path, {"sys/class/infiniband_verbs/uverbs0/ibdev": "rxe0", **of_function}))
    assert [stacked.rdma_device(f"uverbs{number}") for number in (0, 1)] == [None, None]
    assert stacked.rdma_device("uverbs2") == RdmaDevice("mlx5_2", (), VF)
