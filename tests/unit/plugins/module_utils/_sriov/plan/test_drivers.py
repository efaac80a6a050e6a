# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""plan_drivers as a table: device, desired, sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredDevice, Node
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Cdev, Device, Host, State
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.drivers import (
    plan_drivers,
    plan_modules,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    FRESH,
    PF,
    PROGRAM,
    SSH,
    netdev,
    pf_device,
    vf,
)

DRIVERS = frozenset({"igb", "igbvf", "vfio-pci", "uio_pci_generic", "igb_uio"})
HOST = Host(drivers=DRIVERS, noiommu_mode=False)
VF0 = "0000:01:10.0 (VF 0 of 0000:01:00.0)"
VF1 = "0000:01:10.2 (VF 1 of 0000:01:00.0)"
NO_GROUP = {"iommu_group": None}
NO_IOMMU = "turn on vfio's no-IOMMU mode: devices bound in it can write to all memory; it taints the kernel"


def desired_pf(device, driver, **options):
    return DesiredDevice(device.address, driver, **options)


def sentences(devices, desired, host=HOST):
    named = {device.address: device for device in devices}
    stages = (plan_modules(named, desired, host), plan_drivers(named, desired))
    stages[0].faults.tell()
    return [str(step) for stage in stages for step in stage.steps]


@pytest.mark.parametrize(
    ("device", "driver", "options", "steps"),
    [
        pytest.param(vf(), "igbvf", {}, [], id="the driver it has"),
        pytest.param(vf(), "default", {}, [], id="the kernel's choice already"),
        pytest.param(vf(driver=None), "none", {}, [], id="none where there is none"),
        pytest.param(vf(holders=(BUSY, SSH)), "igbvf", {}, [], id="in use, and as wanted"),
        pytest.param(vf(), "vfio-pci", {}, [f"bind {VF0} to vfio-pci (now igbvf)"], id="another driver"),
        pytest.param(vf(driver=None), "vfio-pci", {}, [f"bind {VF0} to vfio-pci (now no driver)"], id="from none"),
        pytest.param(vf(driver="vfio-pci"), "default", {}, [f"bind {VF0} to igbvf (now vfio-pci)"], id="back"),
        pytest.param(vf(), "none", {}, [f"unbind {VF0} from igbvf"], id="none at all"),
        pytest.param(
            vf(driver_override="igbvf"),
            "default",
            {},
            [f"clear driver_override of {VF0} (now igbvf)"],
            id="default leaves no override behind",
        ),
        pytest.param(
            vf(driver_override="vfio-pci"),
            "igbvf",
            {},
            [f"clear driver_override of {VF0} (now vfio-pci)"],
            id="nor does a name: what a run that was killed has left",
        ),
        pytest.param(
            vf(driver="vfio-pci", driver_override="vfio-pci"),
            "default",
            {},
            [f"bind {VF0} to igbvf (now vfio-pci)"],
            id="a bind clears the override by itself",
        ),
        pytest.param(
            vf(),
            "vfio-pci",
            {"node": Node(owner=7, group=8, mode=0o660)},
            [f"bind {VF0} to vfio-pci (now igbvf)", f"give the vfio node of {VF0} owner 7, group 8, mode 0660"],
            id="a node of its own",
        ),
        pytest.param(
            vf(driver="vfio-pci", dev_mode=0o660),
            "vfio-pci",
            {"node": Node(mode=0o600)},
            [f"give the vfio node of {VF0} mode 0600"],
            id="only the node differs",
        ),
        pytest.param(
            vf(),
            "vfio-pci",
            {"node": Node(mode=0o600)},
            [f"bind {VF0} to vfio-pci (now igbvf)", f"give the vfio node of {VF0} mode 0600"],
            id="a new node is as udev makes it, never as expected",
        ),
        pytest.param(
            vf(driver="vfio-pci", dev_group=8), "vfio-pci", {"node": Node(group=8)}, [], id="the node as it is"
        ),
        pytest.param(
            vf(driver="vfio-pci", dev_group=8, cdev=Cdev("/dev/vfio/devices/vfio0", 0, 0, 0o600)),
            "vfio-pci",
            {"node": Node(group=8)},
            [f"give the vfio node of {VF0} group 8"],
            id="the node of its group is as wanted, its own is not",
        ),
        pytest.param(
            vf(driver="vfio-pci", dev_group=8, cdev=Cdev("/dev/vfio/devices/vfio0", 0, 8, 0o600)),
            "vfio-pci",
            {"node": Node(group=8)},
            [],
            id="both nodes as they are",
        ),
        pytest.param(
            vf(driver="mlx5_vfio_pci", vfio=True, dev_group=0),
            "mlx5_vfio_pci",
            {"node": Node(group=8)},
            [f"give the vfio node of {VF0} group 8"],
            id="the node of another driver of vfio",
        ),
        pytest.param(
            vf(netdevs=(), orphan=True),
            "default",
            {},
            [f"reset and reload igbvf of {VF0}: it has no interface in any network namespace"],
            id="the driver it has, which gave it no interface",
        ),
        pytest.param(vf(netdevs=(), orphan=True), "none", {}, [f"unbind {VF0} from igbvf"], id="that goes"),
        pytest.param(
            vf(holders=(PROGRAM,)),
            "none",
            {"allow": ["in_use"]},
            [f"unbind {VF0} from igbvf"],
            id="in use, and it may be taken",
        ),
        pytest.param(
            vf(**NO_GROUP),
            "vfio-pci",
            {"no_iommu": True},
            [NO_IOMMU, f"bind {VF0} to vfio-pci (now igbvf)"],
            id="no IOMMU, as asked",
        ),
        pytest.param(
            vf(), "vfio-pci", {"no_iommu": True}, [f"bind {VF0} to vfio-pci (now igbvf)"], id="no_iommu is not needed"
        ),
        pytest.param(
            pf_device(driver="vfio-pci", netdevs=()),
            "default",
            {},
            [f"bind {PF} to igb (now vfio-pci)"],
            id="a PF back to the kernel needs no consent",
        ),
        pytest.param(
            pf_device(),
            "vfio-pci",
            {"allow": ["take_pf"]},
            [f"bind enp1s0 ({PF}) to vfio-pci (now igb)"],
            id="a PF that may be taken",
        ),
        pytest.param(
            vf(driver="mlx5_core", default_driver="mlx5_core"),
            "vfio-pci",
            {"allow": ["bifurcated"]},
            [f"bind {VF0} to vfio-pci (now mlx5_core)"],
            id="a bifurcated driver, for what is not DPDK",
        ),
    ],
)
def test_the_plan_is_what_is_missing(device, driver, options, steps):
    assert sentences([device], [desired_pf(device, driver, **options)]) == steps


def test_modules_are_loaded_once_and_first():
    host = Host(drivers=frozenset({"igbvf"}), modules=frozenset({"vfio-pci"}), noiommu_mode=False)
    devices = [vf(0, **NO_GROUP), vf(1, **NO_GROUP), vf(2)]
    desired = [desired_pf(d, "vfio-pci", no_iommu=True) for d in devices[:2]] + [desired_pf(devices[2], "none")]
    assert sentences(devices, desired, host) == [
        "load kernel module vfio-pci",
        NO_IOMMU,
        f"bind {VF0} to vfio-pci (now igbvf)",
        f"bind {VF1} to vfio-pci (now igbvf)",
        "unbind 0000:01:10.4 (VF 2 of 0000:01:00.0) from igbvf",
    ]


def test_no_iommu_mode_is_turned_on_once():
    host = Host(drivers=DRIVERS, noiommu_mode=True)
    device = vf(**NO_GROUP)
    assert sentences([device], [desired_pf(device, "vfio-pci", no_iommu=True)], host) == [
        f"bind {VF0} to vfio-pci (now igbvf)"
    ]


def test_a_group_that_is_bound_whole_is_viable():
    devices = [vf(0, iommu_group=5), vf(1, iommu_group=5)]
    bridge = Device("0000:00:01.0", driver="pcieport", iommu_group=5)
    host = Host(drivers=DRIVERS, groups=((5, (*devices, bridge)),))
    assert len(sentences(devices, [desired_pf(device, "vfio-pci") for device in devices], host)) == 2


def test_a_refusal_takes_no_step_out_of_the_plan():
    """Later stages, and what they refuse, are planned on the host that there would be."""
    devices = [vf(0), vf(1, holders=(PROGRAM,))]
    desired = [desired_pf(device, "vfio-pci") for device in devices]
    named = {device.address: device for device in devices}
    assert [each.consent for each in plan_modules(named, desired, HOST).faults.found] == ["in_use"]
    assert len(plan_drivers(named, desired).steps) == 2


def test_one_refusal_stops_all():
    devices = [vf(0), vf(1, holders=(PROGRAM,))]
    with pytest.raises(InUse):
        sentences(devices, [desired_pf(device, "vfio-pci") for device in devices])


# What its driver will call a new interface is not known, nor the address that it makes up.
NEW = netdev("", ifindex=0, mac="", mtu=1500, up=False)


@pytest.mark.parametrize(
    ("device", "driver", "expected"),
    [
        pytest.param(vf(), "vfio-pci", vf(driver="vfio-pci"), id="to vfio-pci"),
        pytest.param(
            vf(driver="vfio-pci"),
            "default",
            vf(netdevs=(NEW,), attributes=replace(FRESH, mac=None)),
            id="back to the kernel",
        ),
        pytest.param(vf(driver_override="igbvf"), "default", vf(), id="the override goes"),
        pytest.param(vf(netdevs=(), orphan=True), "default", vf(netdevs=(NEW,)), id="it gets an interface"),
        pytest.param(vf(netdevs=(), orphan=True), "none", vf(driver=None), id="without a driver it is no orphan"),
        pytest.param(vf(driver_override="x"), "none", vf(driver=None), id="unbind keeps it, and it goes"),
    ],
)
def test_the_prediction_is_the_device_after_the_plan(device, driver, expected):
    steps = plan_drivers({device.address: device}, [desired_pf(device, driver)]).steps
    assert after_all(State({}, HOST, {device.address: device}), steps).devices[device.address] == expected
