# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every refusal of plan_drivers, word for word: the message is what an operator gets."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    NotSupported,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Several, together
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredDevice, Node
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Fit, Host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.drivers import plan_drivers, plan_modules
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    PROGRAM,
    ROUTE,
    SSH,
    pf_device,
    vf,
)

DRIVERS = frozenset({"igb", "igbvf", "vfio-pci", "uio_pci_generic", "igb_uio"})
HOST = Host(drivers=DRIVERS, noiommu_mode=False)
VF0 = "0000:01:10.0 (VF 0 of 0000:01:00.0)"
ON_VF0 = f" on {VF0}: "
NO_GROUP = {"iommu_group": None}


def desired_pf(device, driver, **options):
    return DesiredDevice(device.address, driver, **options)


def sentences(devices, desired, host=HOST):
    named = {device.address: device for device in devices}
    plan_modules(named, desired, host).faults.tell()
    return [str(step) for step in plan_drivers(named, desired).steps]


def all_refused(devices, desired, host=HOST):
    with pytest.raises(Several) as refused:
        sentences(devices, desired, host)
    return refused.value.each()


def test_a_node_is_not_missed_with_a_driver_that_is_not_there():
    device = vf(driver=None)
    with pytest.raises(InvalidRequest, match="there is no driver 'vfio-pcii' on this host"):
        sentences([device], [desired_pf(device, "vfio-pcii", node=Node(mode=0o660))])


IN_THE_WAY = Host(drivers=DRIVERS, groups=((10, (vf(0), vf(1, iommu_group=10), pf_device(iommu_group=10))),))
LOCKED = Host(drivers=DRIVERS, lockdown="integrity", noiommu_mode=False)
SPELLING = Host(drivers=DRIVERS, modules=frozenset({"vfio_pci"}))
NOT_LOADED = Host(drivers=frozenset(), modules=frozenset({"vfio_pci"}))
SECURE_BOOT = "Remedy: use vfio-pci with the IOMMU on, or boot without Secure Boot's lockdown."
GIVE_UP = (
    "Remedy: turn VT-d or AMD-Vi on in the firmware setup and boot with intel_iommu=on iommu=pt (Intel); "
    "no_iommu: true gives up the protection of memory."
)
RELEASE = "Remedy: release the device, or accept that its user loses it: allow: [in_use]."
END_IT = "Remedy: end the program first: nothing allows this while it has the device open."


@pytest.mark.parametrize(
    ("device", "driver", "options", "host", "kind", "message"),
    [
        pytest.param(
            vf(default_driver=None, driver=None),
            "default",
            {},
            HOST,
            NotSupported,
            f"driver: default: this kernel has no driver{ON_VF0}no module's alias matches 8086:10ca. "
            "Remedy: install the kernel's module package, or name a driver.",
            id="no default",
        ),
        pytest.param(
            vf(default_driver=None, driver=None, possible_drivers=("nfp", "nfp_netvf")),
            "default",
            {},
            HOST,
            NotSupported,
            f"driver: default: it is not known which driver that is{ON_VF0}the module that knows 8086:10ca has nfp and "
            "nfp_netvf. Remedy: load the module, if it is not loaded, and name the driver.",
            id="a default that is one of two",
        ),
        pytest.param(
            vf(default_driver="nfp_netvf", driver=None),
            "nfp",
            {},
            Host(
                drivers=frozenset({"nfp", "nfp_netvf"}),
                fits=(Fit(vf().address, "nfp", aliases=True, matches=True, others=("nfp_netvf",)),),
            ),
            InvalidRequest,
            f"driver: nfp is not for this device{ON_VF0}no alias of it matches 8086:10ca, and it would be made to "
            "probe what it does not know; the kernel's own driver for it is nfp_netvf. Remedy: write it default "
            "(nfp_netvf), or vfio-pci for a program.",
            id="the PF's driver of the module of both",
        ),
        pytest.param(
            vf(),
            "igbvf",
            {"node": Node(mode=0o660)},
            HOST,
            InvalidRequest,
            f"owner, group and mode are of /dev/vfio/N{ON_VF0}driver igbvf has no such node. "
            "Remedy: leave them out, or use driver: vfio-pci.",
            id="a node of a driver that has none",
        ),
        pytest.param(
            vf(),
            "vfio_pi",
            {},
            HOST,
            InvalidRequest,
            "driver: there is no driver 'vfio_pi' on this host: it is not registered in /sys/bus/pci/drivers and no "
            "kernel module has the name. Remedy: install its module for the running kernel, or name another.",
            id="no such driver",
        ),
        *(
            pytest.param(
                vf(),
                "vfio_pci",
                {},
                host,
                InvalidRequest,
                "driver: there is no driver 'vfio_pci': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'.",
                id=f"the module's name instead of the driver's, {state}",
            )
            for host, state in ((SPELLING, "loaded"), (NOT_LOADED, "not loaded"))
        ),
        pytest.param(
            vf(),
            "mlx5-core",
            {},
            Host(drivers=frozenset({"mlx5_core"}), modules=frozenset({"mlx5-core"})),
            InvalidRequest,
            "driver: there is no driver 'mlx5-core': it is called 'mlx5_core' here. Remedy: write it 'mlx5_core'.",
            id="the other spelling of a driver that this host has",
        ),
        pytest.param(
            vf(),
            "dpdk",
            {},
            HOST,
            InvalidRequest,
            "driver: there is no driver 'dpdk': it is called 'vfio-pci' here. Remedy: write it 'vfio-pci'.",
            id="what the driver is for instead of its name",
        ),
        pytest.param(
            vf(driver="mlx5_core", default_driver="mlx5_core"),
            "vfio-pci",
            {},
            HOST,
            NotSupported,
            f"driver: cannot bind to vfio-pci{ON_VF0}DPDK drives this NIC beside its kernel driver mlx5_core. "
            "Remedy: leave the device with the kernel driver; allow: [bifurcated] if your application is not DPDK.",
            id="a bifurcated driver",
        ),
        pytest.param(
            vf(),
            "uio_pci_generic",
            {},
            HOST,
            NotSupported,
            f"driver: cannot bind to uio_pci_generic{ON_VF0}a VF has no legacy interrupt (INTx), and this driver "
            "serves no other. Remedy: use vfio-pci.",
            id="uio_pci_generic on a VF",
        ),
        pytest.param(
            vf(),
            "igb_uio",
            {},
            LOCKED,
            NotSupported,
            f"driver: cannot bind to igb_uio{ON_VF0}the kernel is locked down (integrity). {SECURE_BOOT}",
            id="uio under lockdown",
        ),
        pytest.param(
            vf(**NO_GROUP),
            "vfio-pci",
            {"no_iommu": True},
            LOCKED,
            NotSupported,
            f"no_iommu: cannot be used{ON_VF0}the kernel is locked down (integrity). {SECURE_BOOT}",
            id="no IOMMU under lockdown",
        ),
        pytest.param(
            vf(),
            "vfio-pci",
            {},
            IN_THE_WAY,
            NotSupported,
            f"driver: cannot bind to vfio-pci{ON_VF0}IOMMU group 10 also holds enp1s0v1 (0000:01:10.2) (igbvf), "
            "enp1s0 (0000:01:00.0) (igb): a group is given away whole. "
            "Remedy: bind those too, or to none; put the NIC into a slot whose ports have ACS.",
            id="others in the IOMMU group",
        ),
        pytest.param(
            vf(**NO_GROUP),
            "vfio-pci",
            {},
            Host(drivers=DRIVERS, iommu=False, noiommu_mode=False),
            NotSupported,
            f"driver: cannot bind to vfio-pci{ON_VF0}the device is in no IOMMU group: the IOMMU is off. {GIVE_UP}",
            id="vfio-pci without an IOMMU",
        ),
        pytest.param(
            vf(**NO_GROUP),
            "vfio-pci",
            {},
            HOST,
            NotSupported,
            f"driver: cannot bind to vfio-pci{ON_VF0}the device is in no IOMMU group. {GIVE_UP}",
            id="vfio-pci beside an IOMMU",
        ),
        pytest.param(
            vf(**NO_GROUP),
            "vfio-pci",
            {"no_iommu": True},
            Host(drivers=DRIVERS, iommu=False, noiommu_mode=None),
            NotSupported,
            f"no_iommu: this kernel has no such mode{ON_VF0}it was built without CONFIG_VFIO_NOIOMMU. "
            "Remedy: turn the IOMMU on.",
            id="no no-IOMMU mode",
        ),
        pytest.param(
            pf_device(num_vfs=4),
            "none",
            {"allow": CONSENTS},
            HOST,
            InUse,
            "driver: cannot take igb away on enp1s0 (0000:01:00.0): it is a PF, and its 4 VFs live on that driver. "
            "Remedy: remove the VFs first (module pf, num_vfs: 0).",
            id="a PF with VFs, whatever is accepted",
        ),
        pytest.param(
            pf_device(),
            "vfio-pci",
            {},
            HOST,
            InUse,
            "driver: vfio-pci would take the PF from the kernel on enp1s0 (0000:01:00.0): it is a PF, and its "
            "interface would be gone. Remedy: create VFs and give those away; allow: [take_pf] if you mean the PF "
            "itself.",
            id="a PF",
        ),
        pytest.param(
            pf_device(default_driver=None),
            "none",
            {},
            HOST,
            InUse,
            "driver: none would take the PF from the kernel on enp1s0 (0000:01:00.0): it is a PF, and its interface "
            "would be gone. Remedy: create VFs and give those away; allow: [take_pf] if you mean the PF itself.",
            id="a PF whose default nobody knows",
        ),
        pytest.param(
            vf(holders=(PROGRAM, ROUTE)),
            "vfio-pci",
            {},
            HOST,
            InUse,
            f"driver: cannot change igbvf to vfio-pci{ON_VF0}process 4712 (l2fwd) has /dev/uio0 open; "
            f"carries a default route. {RELEASE}",
            id="in use",
        ),
        pytest.param(
            vf(driver="vfio-pci", holders=(BUSY,)),
            "default",
            {"allow": CONSENTS},
            HOST,
            InUse,
            f"driver: cannot change vfio-pci to igbvf{ON_VF0}process 4711 (dpdk-testpmd) has /dev/vfio/10 open. "
            f"{END_IT}",
            id="its vfio node is open, whatever is accepted",
        ),
        pytest.param(
            vf(holders=(PROGRAM, SSH)),
            "none",
            {"allow": CONSENTS},
            HOST,
            InUse,
            f"driver: cannot change igbvf to none{ON_VF0}carries the SSH connection from 192.0.2.1. "
            "Remedy: reach the host over another NIC.",
            id="the operator's interface, whatever is accepted",
        ),
    ],
)
def test_a_refusal_says_what_why_and_what_to_do(device, driver, options, host, kind, message):
    with pytest.raises(kind) as refused:
        sentences([device], [desired_pf(device, driver, **options)], host)
    assert str(refused.value) == message.replace(VF0, device.label)


def test_two_devices_of_one_group_cannot_have_different_nodes():
    devices = [vf(index, iommu_group=10 + index // 2) for index in range(4)]
    nodes = [Node(mode=mode) for mode in (0o600, 0o660, 0o600, 0o640)]
    desired = [desired_pf(device, "vfio-pci", node=node) for device, node in zip(devices, nodes)]
    assert [str(each) for each in all_refused(devices, desired)] == [
        f"owner, group or mode of 0000:01:10.{one} and 0000:01:10.{other} differ: both are in IOMMU group {group} and "
        f"share /dev/vfio/{group}. Remedy: give them the same."
        for one, other, group in ((0, 2, 10), (4, 6, 11))
    ]


def test_all_that_is_in_the_way_of_all_devices_is_told_once_each():
    devices = [vf(0, holders=(PROGRAM,)), vf(1), vf(2), pf_device(num_vfs=3)]
    desired = [
        desired_pf(devices[0], "igb_uio", node=Node(mode=0o660)),
        desired_pf(devices[1], "uio_pci_generic"),
        desired_pf(devices[2], "uio_pci_generic"),
        desired_pf(devices[3], "none"),
    ]
    assert [(each.what, each.device, each.consent) for each in all_refused(devices, desired, LOCKED)] == [
        ("owner, group and mode are of /dev/vfio/N", devices[0].label, ""),
        ("driver: cannot bind to igb_uio", devices[0].label, ""),
        ("driver: cannot change igbvf to igb_uio", devices[0].label, "in_use"),
        ("driver: cannot bind to uio_pci_generic", f"{devices[1].label} and {devices[2].label}", ""),
        ("driver: cannot bind to uio_pci_generic", f"{devices[1].label} and {devices[2].label}", ""),
        ("driver: cannot take igb away", devices[3].label, ""),
        ("driver: none would take the PF from the kernel", devices[3].label, "take_pf"),
    ]


KERNEL_S = "; the kernel's own driver for it is igbvf"
NOT_FOR = "no alias of it matches 8086:10ca, and it would be made to probe what it does not know"
PROBE_IT = (
    "Remedy: run `depmod -a` if its module was put there by hand; the kernel gives a device without a driver the one "
    "that matches: `echo ADDRESS > /sys/bus/pci/drivers_probe`."
)
KNOWN = frozenset({*DRIVERS, "e1000e", "virtio-pci", "mlx5_vfio_pci", "pci-stub", "nfp"})


def fitting(*fits, **facts):
    return Host(drivers=KNOWN, modules=frozenset({"ext4", "my_igbvf"}), fits=tuple(fits), **facts)


@pytest.mark.parametrize(
    ("device", "driver", "message"),
    [
        *(
            pytest.param(
                vf(),
                driver,
                f"driver: {driver} is not for this device{ON_VF0}{NOT_FOR}{KERNEL_S}. "
                "Remedy: write it default (igbvf), or vfio-pci for a program.",
                id=driver,
            )
            for driver in ("igb", "e1000e", "virtio-pci", "mlx5_vfio_pci", "ext4")
        ),
        pytest.param(
            vf(driver=None, netdevs=()),
            "igb",
            f"driver: igb is not for this device{ON_VF0}{NOT_FOR}{KERNEL_S}. "
            "Remedy: write it default (igbvf), or vfio-pci for a program.",
            id="a device without a driver",
        ),
        pytest.param(
            vf(planned=True, driver=None, netdevs=()),
            "igb",
            f"driver: igb is not for this device{ON_VF0}{NOT_FOR}{KERNEL_S}. "
            "Remedy: write it default (igbvf), or vfio-pci for a program.",
            id="a VF that is yet to come",
        ),
        pytest.param(
            vf(driver="vfio-pci", default_driver=None),
            "igb",
            f"driver: it is not known whether igb is for this device{ON_VF0}no module's alias matches 8086:10ca. "
            f"{PROBE_IT}",
            id="nobody knows the device",
        ),
    ],
)
def test_a_driver_that_is_not_for_the_device_is_refused(device, driver, message):
    keys = (device.address, "8086:10ca")
    fits = [Fit(key, driver, bool(device.default_driver), matches=False) for key in keys]
    for host in (fitting(*fits),) if device.default_driver else (fitting(*fits), fitting()):
        with pytest.raises(InvalidRequest) as refused:
            sentences([device], [desired_pf(device, driver, allow=CONSENTS)], host)
        assert str(refused.value) == message.replace(VF0, device.label)


@pytest.mark.parametrize(
    ("device", "driver", "fits"),
    [
        pytest.param(vf(), "igb_uio", (), id="for user space"),
        pytest.param(vf(), "pci-stub", (), id="a stub is for any device"),
        pytest.param(vf(driver="e1000e"), "e1000e", (), id="it has that already"),
        pytest.param(vf(driver="e1000e"), "igbvf", (), id="the kernel's own choice"),
        pytest.param(vf(), "mlx5_vfio_pci", (Fit(vf().address, "mlx5_vfio_pci", True, True),), id="for this kind"),
        pytest.param(vf(), "my_igbvf", (Fit(vf().address, "my_igbvf", True, True),), id="another that matches"),
        pytest.param(
            vf(planned=True, driver=None), "my_igbvf", (Fit("8086:10ca", "my_igbvf", True, True),), id="of VFs to come"
        ),
    ],
)
def test_a_driver_that_is_for_the_device_is_not(device, driver, fits):
    sentences([device], [desired_pf(device, driver)], fitting(*fits))


@pytest.mark.parametrize(("others", "warned"), [((), []), (("nfp_netvf",), ["nfp_netvf"])])
def test_a_module_of_several_drivers_leaves_open_which_is_for_the_device(others, warned):
    device = vf()
    host = fitting(Fit(device.address, "nfp", aliases=True, matches=True, others=others))
    stage = plan_modules({device.address: device}, [desired_pf(device, "nfp")], host)
    assert list(stage.warnings) == [
        f"the module of driver nfp has {other} too: which of them is for 8086:10ca is not known" for other in warned
    ]


def test_many_devices_for_which_a_driver_is_not_are_told_together():
    devices = [vf(0), vf(1)]
    host = fitting(*(Fit(device.address, "e1000e", True, False) for device in devices))
    (refusal,) = together(all_refused_by(devices, [desired_pf(device, "e1000e") for device in devices], host))
    assert refusal.device == f"{devices[0].label} and {devices[1].label}"


def all_refused_by(devices, desired, host):
    return plan_modules({device.address: device for device in devices}, desired, host).faults.found
