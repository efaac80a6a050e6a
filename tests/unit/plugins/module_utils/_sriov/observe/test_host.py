# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The observer on a fake tree: each field of the model from its file."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredDevice,
    DesiredPf,
    DesiredVfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import EVERY_VF
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.default_driver import (
    Behind,
    Choice,
    choose,
    drivers_of,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.host import observe
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.observer import Observer
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link

PF = hosts.IGB.address
VF0 = hosts.IGB.vf(0)
BASE = f"{hosts.DEVICES}/{PF}"


@pytest.fixture
def observed(tmp_path):
    """Observes a host of which some files are others."""

    def look(extra=None, num_vfs=0, **options):
        kernel = simulate(tmp_path, {**hosts.host(**options), **(extra or {})})
        if num_vfs:
            kernel.sysfs.write(f"/{BASE}/sriov_numvfs", str(num_vfs))
        return Observer(kernel)

    return look


def test_a_pf_is_read_whole(observed):
    pf = observed({f"{BASE}/numa_node": "1"}, num_vfs=2).pf(PF)
    device = pf.device
    assert (pf.total_vfs, pf.num_vfs, pf.drivers_autoprobe, pf.online_cpus) == (7, 2, True, 8)
    assert (device.vendor, device.device, device.driver, device.default_driver) == ("8086", "10c9", "igb", "igb")
    assert (device.iommu_group, device.numa_node, device.num_vfs, device.physfn, device.vf) == (1, 1, 2, None, None)
    netdev = device.netdev
    assert (netdev.name, netdev.ifindex, netdev.mac, netdev.up, netdev.mtu) == ("enp1s0", 3, hosts.IGB.mac, True, 1500)
    assert (netdev.carrier, netdev.num_tc, netdev.xdp) == (True, 1, False)
    assert (pf.combined, pf.queues.rss.rings, len(pf.queues.rss.table), pf.queues.rules.rules) == (2, 2, 128, ())
    assert (pf.perm_mac, pf.vf_address(6), pf.vf_default_driver) == (hosts.IGB.mac, "0000:01:11.4", "igbvf")


def test_a_vf_is_read_whole(observed):
    vf = observed(num_vfs=2).pf(PF).vfs[1]
    assert (vf.address, vf.vf, vf.physfn, vf.num_vfs) == ("0000:01:10.2", 1, PF, None)
    assert (vf.driver, vf.default_driver, vf.label) == ("igbvf", "igbvf", "enp1s0v1 (0000:01:10.2)")


def test_vfs_come_in_the_order_of_their_numbers(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "12")
    assert [vf.address for vf in Observer(kernel).pf(PF).vfs] == [hosts.IXGBE.vf(index) for index in range(12)]
    assert [vf.vf for vf in Observer(kernel).pf(PF).vfs] == list(range(12))
    assert kernel.pci.virtual_functions(PF)["0000:01:12.4"] == 10


@pytest.mark.parametrize(
    ("files", "field", "value"),
    [
        pytest.param({"numa_node": "-1"}, "numa_node", -1, id="no NUMA"),
        pytest.param({"numa_node": ""}, "numa_node", -1, id="NUMA unreadable"),
        pytest.param({"driver_override": "(null)"}, "driver_override", None, id="override unset"),
        pytest.param({"driver_override": ""}, "driver_override", None, id="override empty"),
        pytest.param({"driver_override": "vfio-pci"}, "driver_override", "vfio-pci", id="override set"),
        pytest.param({"config": b"\xff" * 64}, "answers", False, id="a device that has gone"),
        pytest.param({"config": b""}, "answers", True, id="config space unreadable"),
    ],
)
def test_a_field_is_read_as_the_kernel_writes_it(observed, files, field, value):
    device = observed({f"{BASE}/{name}": content for name, content in files.items()}).device(PF)
    assert getattr(device, field) == value


def test_a_device_that_nobody_knows_has_no_default_driver(observed):
    files = {**hosts.function(VF0, "ffff", "ffff"), f"{hosts.DEVICES}/{VF0}/modalias": "pci:v0000FFFFd0000FFFF"}
    assert observed(files).device(VF0).default_driver is None


def test_a_pf_whose_driver_gives_no_interface_has_the_default_driver_of_its_alias(tmp_path):
    files = {path: content for path, content in hosts.host().items() if not path.startswith(f"{BASE}/net/")}
    kernel = simulate(tmp_path, {**files, f"{BASE}/driver": Link("../../drivers/pci-stub")})
    device = Observer(kernel).device(PF)
    assert (device.driver, device.default_driver) == ("pci-stub", "igb")


def test_a_pf_that_does_not_tell_its_vfs_is_a_pf_all_the_same(observed):
    assert observed({f"{BASE}/sriov_numvfs": DIRECTORY}).device(PF).num_vfs == 0


@pytest.mark.parametrize("old", [False, True])
def test_attributes_of_vfs_are_read_whatever_the_age_of_iproute2(tmp_path, old):
    kernel = simulate(tmp_path, hosts.host(), Behaviour(address_without_vfs=old))
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "2")
    assert [vf.attributes.spoofchk for vf in Observer(kernel).pf(PF).vfs] == [True, True]
    assert any("link show dev" in call for call in kernel.run.calls) is old


def test_a_pf_without_totalvfs_has_none(tmp_path):
    files = hosts.host()
    del files[f"{BASE}/sriov_totalvfs"]
    assert Observer(simulate(tmp_path, files)).pf(PF).total_vfs == 0


def test_an_interface_is_read_with_all_its_names(observed):
    more = {"altnames": ["enx0"], "permaddr": "02:00:00:00:07:07", "xdp": {"mode": 1}}
    traffic_classes = {f"sys/class/net/enp1s0/queues/tx-{n}/traffic_class": str(n // 2) for n in range(1, 8)}
    observer = observed({**hosts.interface("enp1s0", 3, hosts.IGB.mac, **more), **traffic_classes})
    netdev = observer.device(PF).netdev
    assert (netdev.altnames, netdev.perm_mac, netdev.xdp, netdev.num_tc) == (("enx0",), "02:00:00:00:07:07", True, 4)
    assert (netdev.up, netdev.carrier) == (False, False)
    assert [holder.text for holder in observer.device(PF).holders] == ["enp1s0 has an XDP program attached"]


def vfio(group="7", node="dev/vfio/7", **more):
    address = "0000:05:00.0"
    files = {**hosts.function(address, "8086", "10ca", driver="vfio-pci"), **hosts.group_member(group, address)}
    return address, {**files, node: "", **more}


def test_a_vfio_device_has_a_node_and_its_users(observed):
    address, files = vfio()
    device = observed({**files, **hosts.process(4711, "testpmd -l 0", ["/dev/vfio/7"])}).device(address)
    assert (device.dev_node, device.dev_mode) == ("/dev/vfio/7", 0o644)
    assert None not in (device.dev_owner, device.dev_group)
    assert [holder.text for holder in device.holders] == ["process 4711 (testpmd) has /dev/vfio/7 open"]


def test_a_vfio_device_opened_by_its_newer_node_is_in_use(observed):
    address, files = vfio()
    files.update({f"{hosts.DEVICES}/{address}/vfio-dev/vfio3": DIRECTORY})
    device = observed({**files, **hosts.process(4711, "qemu", ["/dev/vfio/devices/vfio3"])}).device(address)
    assert [holder.text for holder in device.holders] == ["process 4711 (qemu) has /dev/vfio/devices/vfio3 open"]


def test_a_node_of_the_device_alone_is_told_where_there_is_one(observed):
    address, files = vfio()
    files.update({f"{hosts.DEVICES}/{address}/vfio-dev/vfio3": DIRECTORY})
    assert observed(files).device(address).cdev is None, "CONFIG_VFIO_DEVICE_CDEV is not set"


def test_its_owner_group_and_mode_are_read(observed):
    address, files = vfio()
    files.update({f"{hosts.DEVICES}/{address}/vfio-dev/vfio3": DIRECTORY, "dev/vfio/devices/vfio3": ""})
    cdev = observed(files).device(address).cdev
    assert (cdev.path, None in cdev) == ("/dev/vfio/devices/vfio3", False)


def test_the_master_of_a_port_is_read(observed):
    files = {
        **hosts.interface("enp1s0", 3, hosts.IGB.mac, up=True, master="bond0"),
        **hosts.virtual("bond0", 9, "bond", ["enp1s0"], "02:00:00:00:ee:00"),
    }
    assert observed(files).pf(PF).device.netdev.master == ("bond", "02:00:00:00:ee:00", 1500, None)


def test_a_no_iommu_device_has_a_node_of_another_name(observed):
    address, files = vfio(node="dev/vfio/noiommu-7")
    assert observed(files).device(address).dev_node == "/dev/vfio/noiommu-7"


def test_a_vfio_device_whose_node_has_not_come_has_no_owner(observed):
    address, files = vfio(node="dev/vfio/8")
    device = observed(files).device(address)
    assert (device.dev_node, device.dev_owner, device.dev_mode) == ("/dev/vfio/7", None, None)


def test_a_uio_device_has_a_uio_node(observed):
    address = "0000:05:00.0"
    files = {
        **hosts.function(address, "8086", "10ca", driver="igb_uio"),
        f"{hosts.DEVICES}/{address}/uio/uio4": DIRECTORY,
    }
    device = observed({**files, **hosts.process(9, "reader", ["/dev/uio4"])}).device(address)
    assert device.dev_node == "/dev/uio4"
    assert [holder.text for holder in device.holders] == ["process 9 (reader) has /dev/uio4 open"]


def test_an_interface_in_another_namespace_holds_its_device(observed):
    inside = json.dumps([{"ifname": "net1", "parentdev": VF0}])
    files = hosts.function(VF0, "8086", "10ca", driver="igbvf")
    observer = observed({**files, "run/netns/pod": "pod", "sim/netns/run/netns/pod": inside})
    assert [holder.text for holder in observer.device(VF0).holders] == [
        "its interface net1 is in network namespace pod"
    ]


def test_the_operators_interface_is_held(observed):
    observer = observed(hosts.ssh_from("198.51.100.7", "enp1s0"))
    assert [(holder.kind, holder.text) for holder in observer.device(PF).holders] == [
        ("ssh", "carries the SSH connection from 198.51.100.7")
    ]


def test_the_host_has_drivers_modules_and_group_members(observed):
    observer = observed(num_vfs=2)
    devices = observer.pf(PF).vfs
    host = observer.host(devices, ["igbvf", "vfio-pci", "no-such"])
    assert host.drivers == {"igb", "igbvf", "ixgbe", "ixgbevf"}
    assert host.modules == {"vfio-pci"}
    assert (host.lockdown, host.iommu) == ("none", True)
    assert host.group_members(devices[0].iommu_group) == (devices[0],)
    assert host.group_members(99) == ()


def test_a_host_without_iommu_has_no_groups(observed):
    host = observed(iommu=False).host([], [])
    assert (host.iommu, host.groups) == (False, ())


def test_a_link_that_points_nowhere_is_no_vf(observed):
    observer = observed({f"{BASE}/virtfn0": DIRECTORY, f"{BASE}/virtfnx": Link("../x")})
    assert observer.pf(PF).vfs == ()


@pytest.mark.parametrize(
    ("xdp", "seen"), [(None, (False, False)), ({"mode": 1}, (True, False)), ({"mode": 2}, (False, True))]
)
def test_an_xdp_program_above_the_driver_is_none_of_the_drivers(observed, xdp, seen):
    more = {} if xdp is None else {"xdp": xdp}
    netdev = observed(hosts.interface("enp1s0", 3, hosts.IGB.mac, up=True, **more)).pf(PF).device.netdev
    assert (netdev.xdp, netdev.xdp_generic) == seen


def module(driver, name, ids=(), vfio_ids=(), registers=()):
    """A driver as its module has registered it.

    :param registers: what else the module has registered.
    """
    drivers = {f"sys/module/{name}/drivers/pci:{each}": DIRECTORY for each in (driver, *registers)}
    return {
        f"sim/drivers/{driver}": json.dumps({"module": name, "ids": list(ids), "vfio_ids": list(vfio_ids)}),
        **hosts.registered(driver),
        f"{hosts.DRIVERS}/{driver}/module": Link(f"../../../../module/{name}"),
        **drivers,
    }


@pytest.mark.parametrize(
    ("driver", "files", "fit"),
    [
        pytest.param("ixgbe", {}, (True, False, ()), id="of another device"),
        pytest.param("no-such", {}, (True, False, ()), id="of none"),
        pytest.param("my-vf", module("my-vf", "vf_of_mine", ["8086:10ca"]), (True, True, ()), id="named otherwise"),
        pytest.param(
            "nfp", module("nfp", "nfp", ["8086:10ca"], (), ["nfp_vf"]), (True, True, ("nfp_vf",)), id="of two"
        ),
        pytest.param("my_vfio", module("my_vfio", "my_vfio", (), ["8086:10ca"]), (True, True, ()), id="vfio for this"),
        pytest.param("my_vfio", module("my_vfio", "my_vfio", (), ["8086:10ed"]), (True, False, ()), id="vfio for that"),
        pytest.param(
            "my-vf",
            {"sim/drivers/my-vf": json.dumps({"module": "my_vf", "ids": ["8086:10ca"]})},
            (True, True, ()),
            id="not loaded",
        ),
        pytest.param(
            "ixgbe",
            {"sim/drivers/igbvf": json.dumps({"module": "igbvf", "ids": []})},
            (False, False, ()),
            id="no module knows it",
        ),
    ],
)
def test_a_driver_that_is_asked_for_is_for_the_device_or_not(tmp_path, driver, files, fit):
    kernel = simulate(tmp_path, {**hosts.host(), **files})
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "2")
    desired = Desired(devices=(DesiredDevice(VF0, driver),))
    (found,) = observe(kernel, desired, 1.0)[1].host.fits
    assert found[:-1] == (VF0, driver, *fit)
    assert found.vfio == (driver == "my_vfio" and found.matches)
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "0")
    entries = (DesiredVfs(EVERY_VF, {"driver": driver}),)
    (of_new,) = observe(kernel, Desired((DesiredPf(PF, vfs=entries),)), 1.0)[1].host.fits
    assert of_new == (*("8086:10ca", driver, *fit), found.vfio)


@pytest.mark.parametrize("driver", ["default", "none", "vfio-pci", "pci-stub", "igbvf"])
def test_what_is_for_any_device_or_the_kernels_choice_is_not_asked_about(tmp_path, driver):
    kernel = simulate(tmp_path, hosts.host())
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "2")
    entries = (DesiredVfs(EVERY_VF, {"driver": driver}), DesiredVfs(EVERY_VF, {"driver": None}))
    desired = Desired((DesiredPf(PF, vfs=entries),), (DesiredDevice(VF0, driver),))
    assert observe(kernel, desired, 1.0)[1].host.fits == ()


def test_vfs_of_one_kind_are_asked_about_once(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    kernel.sysfs.write(f"/{BASE}/sriov_numvfs", "3")
    entries = (DesiredVfs(EVERY_VF, {"driver": "ixgbe"}),)
    fits = observe(kernel, Desired((DesiredPf(PF, vfs=entries),)), 1.0)[1].host.fits
    assert [fit.device for fit in fits] == [*(hosts.IGB.vf(index) for index in range(3)), "8086:10ca"]
    assert sum("--resolve-alias -- vfio_pci:" in call for call in kernel.run.calls) == 1


# A module with several drivers: nfp_main.c nfp_main_init, sfc/efx.c efx_init_module.


def two_drivers(root, name, second, loaded):
    """A host whose VFs have aliases of a module with two drivers."""
    files = module(name, name, ["8086:10ca"], (), [second])
    if not loaded:
        files = {f"sim/drivers/{name}": json.dumps({"module": name, "ids": ["8086:10ca"]})}
    kernel = simulate(root, {**hosts.host(), "sim/drivers/igbvf": json.dumps({"module": "igbvf", "ids": []}), **files})
    kernel.sysfs.write(f"/{BASE}/sriov_drivers_autoprobe", "0")
    return kernel


def with_vfs(kernel, root, number, pf_driver):
    """The PF with so many VFs, and then with another driver."""
    link = root / BASE / "driver"
    for name in ("igb", pf_driver):
        link.unlink()
        link.symlink_to(f"../../drivers/{name}")
        if name == "igb":
            kernel.sysfs.write(f"/{BASE}/sriov_numvfs", str(number))
    return Observer(kernel).pf(PF)


@pytest.mark.parametrize(
    ("name", "second", "loaded", "pf_driver", "driver", "possible"),
    [
        pytest.param("nfp", "nfp_netvf", True, "nfp", "nfp_netvf", (), id="nfp"),
        pytest.param("nfp", "nfp_netvf", True, "vfio-pci", "nfp_netvf", (), id="nfp, the PF is away"),
        pytest.param("nfp", "nfp_netvf", False, "vfio-pci", None, ("nfp", "nfp_netvf"), id="nfp is not loaded"),
        pytest.param("sfc", "sfc_ef100", True, "sfc", "sfc", (), id="the PF's has VFs too"),
        pytest.param("sfc", "sfc_ef100", True, "sfc_ef100", "sfc_ef100", (), id="and so has the other"),
        pytest.param("mynic", "mynicvf", True, "mynic", None, ("mynic", "mynicvf"), id="nothing is known"),
        pytest.param("mynic", "mynicvf", False, "igb", "mynic", (), id="not loaded, and not known to have two"),
    ],
)
def test_the_kernels_choice_of_a_module_with_two_drivers(tmp_path, name, second, loaded, pf_driver, driver, possible):
    kernel = two_drivers(tmp_path, name, second, loaded)
    (vf,) = with_vfs(kernel, tmp_path, 1, pf_driver).vfs
    assert (vf.default_driver, vf.possible_drivers) == (driver, possible)
    pf = with_vfs(kernel, tmp_path, 0, pf_driver)
    assert (pf.vf_default_driver, pf.vf_possible_drivers) == (driver, possible), "also of VFs to come"


@pytest.mark.parametrize(
    ("registered", "choice"),
    [
        pytest.param(("nfp", "nfp_netvf"), Choice("nfp"), id="of VFs is the other one"),
        pytest.param(("virtio-pci",), Choice("virtio-pci"), id="the only one"),
        pytest.param(("sfc", "sfc_ef100"), Choice(None, ("sfc", "sfc_ef100")), id="either"),
        pytest.param((), Choice("nfp"), id="not loaded"),
    ],
)
def test_the_kernels_choice_for_what_is_no_vf(registered, choice):
    assert choose(registered, Behind("nfp")) == choice


def test_a_built_in_driver_is_found_by_its_name(tmp_path):
    """It has no /sys/module/…/drivers; its module is virtio_pci, which is no name of a driver."""
    files = {
        "sim/drivers/virtio-pci": json.dumps({"module": "virtio_pci", "ids": []}),
        **hosts.registered("virtio-pci"),
    }
    kernel = simulate(tmp_path, {**hosts.host(), **files})
    assert drivers_of(kernel, "virtio_pci") == ("virtio-pci",)
    assert drivers_of(kernel, "no_such") == ()
