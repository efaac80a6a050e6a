# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drivers of vfio for one kind of device (mlx5_vfio_pci, a vendor's own), and the nodes that vfio gives."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse, InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    Node,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import LABEL, PF, desired_driver, desired_pf

TIMEOUT = 10
VF0, VF1 = hosts.IGB.vf(0), hosts.IGB.vf(1)
LABEL0 = f"{VF0} (VF 0 of {PF})"
NODE = Node(group=0, mode=0o660)
VARIANT = {"sim/drivers/igb_vfio_pci": json.dumps({"module": "igb_vfio_pci", "ids": [], "vfio_ids": ["8086:10ca"]})}


@pytest.fixture(params=[{}, {"cdevs": True}, {"vfio_dev": False}], ids=["group", "cdev", "before 6.1"])
def kernel(tmp_path, request):
    return make(tmp_path, **request.param)


def make(root, num_vfs=2, **behaviour):
    kernel = simulate(root, {**hosts.host(), **VARIANT}, Behaviour(**behaviour))
    kernel.pci.set_num_vfs(PF, num_vfs, TIMEOUT)
    return kernel


def wanted(vf, driver, node=NODE):
    return Desired((desired_pf("enp1s0", vfs=[desired_driver(vf, driver, node)]),))


def steps(outcome):
    return [str(step) for step in outcome.plan.steps]


def nodes(kernel, vf=VF0):
    group = f"/dev/vfio/{kernel.pci.iommu_group(vf)}"
    own = [f"/dev/vfio/devices/{name}" for name in kernel.pci.children(vf, "vfio-dev")]
    return [node for node in (group, *own) if kernel.sysfs.exists(node)]


def modes(kernel):
    return {oct(os.stat(kernel.sysfs.path(node)).st_mode & 0o7777) for node in nodes(kernel)}


def test_a_vfio_driver_for_one_device_is_one_like_vfio_pci(kernel):
    outcome = converge(kernel, wanted("0", "igb_vfio_pci"), TIMEOUT)
    assert steps(outcome) == [
        "load kernel module igb_vfio_pci",
        f"bind {LABEL0} to igb_vfio_pci (now igbvf)",
        f"give the vfio node of {LABEL0} group 0, mode 0660",
    ]
    vf = outcome.after.pfs[PF].vfs[0]
    assert (vf.driver, vf.interface, vf.holders, vf.vfio) == ("igb_vfio_pci", "none", (), True)
    assert modes(kernel) == {"0o660"}
    assert steps(converge(kernel, wanted("0", "igb_vfio_pci"), TIMEOUT)) == []
    assert steps(converge(kernel, wanted("0", "default", Node()), TIMEOUT)) == [
        f"bind {LABEL0} to igbvf (now igb_vfio_pci)"
    ], "nobody has it"


def test_it_is_bound_once(kernel):
    converge(kernel, wanted("all", "igb_vfio_pci"), TIMEOUT)
    path = kernel.sysfs.path("/sim/writes")
    with open(path, encoding="utf-8") as file:
        bound = [line.split()[1] for line in file if "igb_vfio_pci/bind" in line]
    assert bound == [VF0, VF1]


def test_new_vfs_go_to_it_too(tmp_path):
    kernel = make(tmp_path, 0)
    outcome = converge(kernel, Desired((wanted("0", "igb_vfio_pci").pfs[0]._replace(num_vfs=1),)), TIMEOUT)
    assert steps(outcome)[-2:] == [
        f"bind {LABEL0} to igb_vfio_pci (now igbvf)",
        f"give the vfio node of {LABEL0} group 0, mode 0660",
    ]
    assert modes(kernel) == {"0o660"}


def test_its_user_is_seen_by_either_node(kernel):
    converge(kernel, wanted("0", "igb_vfio_pci"), TIMEOUT)
    for number, node in enumerate(nodes(kernel), 4711):
        build(kernel.sysfs.root, hosts.process(number, "qemu", [node]))
        with pytest.raises(InUse) as refused:
            converge(kernel, wanted("0", "default", Node()), TIMEOUT)
        assert str(refused.value) == (
            f"driver: cannot change igb_vfio_pci to igbvf on {VF0}: process {number} (qemu) has {node} open. Remedy: "
            "end the program first: nothing allows this while it has the device open."
        )
        os.unlink(kernel.sysfs.path(f"/proc/{number}/fd/0"))


def test_it_shares_an_iommu_group_with_its_like(tmp_path):
    kernel = make(tmp_path, isolated=False)
    kernel.pci.unbind(PF, TIMEOUT)
    devices = (DesiredDevice(VF0, "vfio-pci"), DesiredDevice(VF1, "igb_vfio_pci"))
    assert steps(converge(kernel, Desired(devices=devices), TIMEOUT)) == [
        "load kernel module igb_vfio_pci",
        "load kernel module vfio-pci",
        f"bind {LABEL0} to vfio-pci (now igbvf)",
        f"bind {VF1} (VF 1 of {PF}) to igb_vfio_pci (now igbvf)",
    ]
    assert steps(converge(kernel, Desired(devices=devices[:1]), TIMEOUT)) == []


def test_a_kernel_driver_has_no_node_still(kernel):
    with pytest.raises(InvalidRequest) as refused:
        converge(kernel, wanted("0", "igbvf"), TIMEOUT)
    assert str(refused.value) == (
        f"owner, group and mode are of /dev/vfio/N on enp1s0v0 ({VF0}): driver igbvf has no such node. Remedy: leave "
        "them out, or use driver: vfio-pci."
    )


def test_a_node_of_the_device_alone_is_brought_back_to_what_is_wanted(tmp_path):
    kernel = make(tmp_path, cdevs=True)
    converge(kernel, wanted("0", "vfio-pci"), TIMEOUT)
    group, own = nodes(kernel)
    os.chmod(kernel.sysfs.path(own), 0o600)
    outcome = converge(kernel, wanted("0", "vfio-pci"), TIMEOUT)
    assert steps(outcome) == [f"give the vfio node of {LABEL0} group 0, mode 0660"]
    assert modes(kernel) == {"0o660"}
    cdev = outcome.after.pfs[PF].vfs[0].cdev
    assert (cdev.path, cdev.mode, group != own) == (own, 0o660, True)


def test_a_kernel_without_nodes_of_groups_has_the_other(tmp_path):
    """CONFIG_VFIO_GROUP can be left out beside CONFIG_VFIO_DEVICE_CDEV."""
    kernel = make(tmp_path, cdevs=True)
    converge(kernel, wanted("0", "vfio-pci", Node()), TIMEOUT)
    group, own = nodes(kernel)
    os.unlink(kernel.sysfs.path(group))
    assert steps(converge(kernel, wanted("0", "vfio-pci"), TIMEOUT)) == [
        f"give the vfio node of {LABEL0} group 0, mode 0660"
    ]
    assert steps(converge(kernel, wanted("0", "vfio-pci"), TIMEOUT)) == []
    assert (nodes(kernel), modes(kernel)) == ([own], {"0o660"})


@pytest.mark.parametrize("driver", ["pci-stub", "pci-pf-stub", "pciback"])
def test_a_driver_that_makes_nothing_of_a_device_leaves_it_free(tmp_path, driver):
    stub = {f"sim/drivers/{driver}": json.dumps({"module": driver.replace("-", "_"), "ids": []})}
    kernel = simulate(tmp_path, {**hosts.host(), **stub, **hosts.registered(driver)})
    kernel.pci.set_num_vfs(PF, 1, TIMEOUT)
    outcome = converge(kernel, wanted("0", driver, Node()), TIMEOUT)
    assert steps(outcome) == [f"bind {LABEL0} to {driver} (now igbvf)"]
    assert (outcome.after.pfs[PF].vfs[0].interface, outcome.after.pfs[PF].vfs[0].holders) == ("none", ())
    assert steps(converge(kernel, Desired((desired_pf("enp1s0", num_vfs=0),)), TIMEOUT)) == [
        f"set sriov_numvfs of {LABEL} from 1 to 0: destroys VF 0 ({VF0}, {driver})"
    ]
