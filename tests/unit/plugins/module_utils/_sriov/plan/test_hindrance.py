# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a device from a driver for kernel bypass, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.bypass_drivers import BYPASS_DRIVERS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Device, Fit, Host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.hindrance import hindrances
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import pf_device, vf

LOCKED = Host(lockdown="integrity", noiommu_mode=False)
OFF = Host(iommu=False, noiommu_mode=False)
NO_GROUP = vf(iommu_group=None)
TO_COME = vf(iommu_group=None, planned=True)
BRIDGE = Device("0000:00:01.0", driver="pcieport", iommu_group=10)
NIC = Device("0000:02:00.0", driver="igb", iommu_group=10)
TAKEN = Device("0000:02:00.0", driver="mlx5_vfio_pci", iommu_group=10, vfio=True)
VARIANT = Fit(NIC.address, "mlx5_vfio_pci", True, True, vfio=True)


def grouped(*others):
    return Host(groups=((10, (vf(), *others)),))


@pytest.mark.parametrize(
    ("device", "driver", "host", "options", "why"),
    [
        pytest.param(vf(), "vfio-pci", Host(), {}, None, id="a VF with a group of its own"),
        pytest.param(vf(), "vfio-pci", LOCKED, {}, None, id="vfio with an IOMMU needs no unlocked kernel"),
        pytest.param(vf(), "igb_uio", LOCKED, {}, "the kernel is locked down (integrity)", id="igb_uio does"),
        pytest.param(NO_GROUP, "vfio-pci", LOCKED, {"no_iommu": True}, "is locked down", id="so does no-IOMMU mode"),
        pytest.param(vf(), "vfio-pci", LOCKED, {"no_iommu": True}, None, id="which a device with a group does not use"),
        pytest.param(vf(), "uio_pci_generic", Host(), {}, "a VF has no legacy interrupt", id="no INTx in a VF"),
        pytest.param(pf_device(), "uio_pci_generic", Host(), {}, None, id="but in a PF"),
        pytest.param(NO_GROUP, "vfio-pci", Host(), {}, "the device is in no IOMMU group", id="no group"),
        pytest.param(NO_GROUP, "vfio-pci", OFF, {}, "in no IOMMU group: the IOMMU is off", id="no IOMMU"),
        pytest.param(NO_GROUP, "vfio-pci", OFF, {"no_iommu": True}, None, id="no IOMMU, accepted"),
        pytest.param(NO_GROUP, "vfio-pci", Host(), {"no_iommu": True}, "CONFIG_VFIO_NOIOMMU", id="and not built in"),
        pytest.param(NO_GROUP, "igb_uio", OFF, {}, None, id="igb_uio needs no group"),
        pytest.param(TO_COME, "vfio-pci", Host(), {}, None, id="a VF to come, under an IOMMU"),
        pytest.param(TO_COME, "vfio-pci", OFF, {}, "the IOMMU is off", id="and under none"),
        pytest.param(vf(), "vfio-pci", grouped(NIC), {}, "10 also holds 0000:02:00.0 (igb)", id="a neighbour"),
        pytest.param(vf(), "vfio-pci", grouped(NIC), {"targets": {NIC.address: None}}, None, id="that goes as well"),
        pytest.param(
            vf(), "vfio-pci", grouped(NIC), {"targets": {NIC.address: "vfio-pci"}}, None, id="that is given away too"
        ),
        pytest.param(vf(), "vfio-pci", grouped(TAKEN), {}, None, id="a neighbour on another driver of vfio"),
        pytest.param(
            vf(),
            "vfio-pci",
            replace(grouped(NIC), fits=(VARIANT,)),
            {"targets": {NIC.address: "mlx5_vfio_pci"}},
            None,
            id="a neighbour that goes to one",
        ),
        pytest.param(
            vf(),
            "vfio-pci",
            grouped(NIC),
            {"targets": {NIC.address: "mlx5_vfio_pci"}},
            "10 also holds 0000:02:00.0 (igb)",
            id="a neighbour that goes to a driver that is not known to be one",
        ),
        pytest.param(
            vf(),
            "vfio-pci",
            grouped(BRIDGE),
            {},
            None,
            id="a bridge",
        ),
        pytest.param(
            vf(driver="mlx5_core"), "vfio-pci", Host(), {}, "DPDK drives this NIC beside its kernel", id="bifurcated"
        ),
    ],
)
def test_a_device_can_be_bound_or_it_is_said_why_not(device, driver, host, options, why):
    found = list(hindrances(device, BYPASS_DRIVERS[driver], host, **options))
    assert len(found) == (why is not None), found
    for each in found:
        assert why in each.why and each.remedy
        assert each.consent == ("bifurcated" if why.startswith("DPDK drives") else "")
        assert not each.consent or f"allow: [{each.consent}]" in each.remedy


def test_all_that_is_in_the_way_is_told():
    member = vf(driver="mlx5_core", iommu_group=10)
    host = Host(lockdown="integrity", noiommu_mode=False, groups=((10, (member, NIC)),))
    found = list(hindrances(member, BYPASS_DRIVERS["uio_pci_generic"], host))
    assert [each.why.split(" ")[0] for each in found] == ["DPDK", "a", "the"]
    found = list(hindrances(member, BYPASS_DRIVERS["vfio-pci"], host))
    assert [each.why.split(" ")[0] for each in found] == ["DPDK", "IOMMU"]
