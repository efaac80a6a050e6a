# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module pci_driver through main(), on a simulated kernel."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.modules import pci_driver
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IGB.address
VF0, VF1, VF2 = (hosts.IGB.vf(index) for index in range(3))
LABEL0, LABEL1 = f"{VF0} (VF 0 of {PF})", f"{VF1} (VF 1 of {PF})"
NUM_VFS = f"/sys/bus/pci/devices/{PF}/sriov_numvfs"


@pytest.fixture
def kernel_with(tmp_path):
    """A simulated kernel with three VFs on igbvf."""

    def make(extra=None, behaviour=None, **options):
        kernel = simulate(tmp_path, {**hosts.host(**options), **(extra or {})}, behaviour)
        kernel.sysfs.write(NUM_VFS, "3")
        return kernel

    return make


def run(kernel, check=False, **options):
    return run_module(pci_driver, kernel, check, **options)


def drivers(kernel):
    return [kernel.sysfs.link_name(f"/sys/bus/pci/devices/{vf}/driver") for vf in (VF0, VF1, VF2)]


def test_a_vf_goes_to_user_space_and_comes_back(kernel_with):
    kernel = kernel_with()
    first = run(kernel, pf="enp1s0", vf="0", driver="vfio-pci", mode="0660")
    assert first["steps"] == [
        "load kernel module vfio-pci",
        f"bind {LABEL0} to vfio-pci (now igbvf)",
        f"give the vfio node of {LABEL0} mode 0660",
    ]
    assert first["diff"] == {
        "before": {VF0: {"driver": "igbvf", "driver_override": None, "mode": None}},
        "after": {VF0: {"driver": "vfio-pci", "driver_override": None, "mode": "0660"}},
    }
    device = first["devices"][0]
    assert (device["driver"], device["dev_node"], device["mode"], device["name"]) == (
        "vfio-pci",
        "/dev/vfio/2",
        "0660",
        None,
    )
    writes = written(kernel)
    second = run(kernel, pf="enp1s0", vf="0", driver="vfio-pci", mode="0660")
    assert (second["changed"], second["steps"], written(kernel)) == (False, [], writes)
    assert second["diff"]["before"] == second["diff"]["after"]
    back = run(kernel, devices=[VF0], driver="default")
    assert back["steps"] == [f"bind {LABEL0} to igbvf (now vfio-pci)"]
    assert (back["devices"][0]["name"], drivers(kernel)) == ("enp1s0v0", ["igbvf"] * 3)


def test_several_drivers_in_one_call(kernel_with):
    kernel = kernel_with()
    assignments = [{"vf": "0-1", "driver": "vfio-pci"}, {"devices": [VF2], "driver": "none"}]
    result = run(kernel, pf="enp1s0", assignments=assignments)
    assert (len(result["steps"]), drivers(kernel)) == (4, ["vfio-pci", "vfio-pci", None])
    assert [device["vf"] for device in result["devices"]] == [0, 1, 2]


def test_default_works_beside_autoprobe_0_and_clears_an_override(kernel_with):
    kernel = kernel_with()
    run(kernel, devices=[VF0], driver="none")
    kernel.sysfs.write(f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe", "0")
    kernel.sysfs.write(f"/sys/bus/pci/devices/{VF1}/driver_override", "vfio-pci\n")
    result = run(kernel, devices=[VF0, VF1], driver="default")
    assert result["steps"] == [
        f"bind {LABEL0} to igbvf (now no driver)",
        f"clear driver_override of {LABEL1} (now vfio-pci)",
    ]
    assert [(device["driver"], device["driver_override"]) for device in result["devices"]] == [("igbvf", None)] * 2


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("driver", ["ixgbe", "e1000e"])
def test_a_driver_that_is_for_other_devices_is_refused_before_the_first_write(kernel_with, driver, check):
    """A kernel that is forced takes it, warns or worse, and the probe fails."""
    kernel = kernel_with({"sim/drivers/e1000e": '{"module": "e1000e", "ids": ["8086:10d3"]}'})
    writes = written(kernel)
    result = run(kernel, check, pf="enp1s0", vf="0", driver=driver)
    assert result["msg"] == (
        f"driver: {driver} is not for this device on enp1s0v0 ({VF0}): no alias of it matches 8086:10ca, and it would "
        "be made to probe what it does not know; the kernel's own driver for it is igbvf. Remedy: write it default "
        "(igbvf), or vfio-pci for a program."
    )
    assert (written(kernel), drivers(kernel)) == (writes, ["igbvf"] * 3)


def test_no_iommu_is_an_opt_in(kernel_with):
    kernel = kernel_with(iommu=False)
    desired = {"devices": [VF0, VF1], "driver": "vfio-pci"}
    assert run(kernel, **desired)["failure"]["kind"] == "unsupported"
    result = run(kernel, **desired, no_iommu=True)
    assert result["steps"][:2] == [
        "load kernel module vfio-pci",
        "turn on vfio's no-IOMMU mode: devices bound in it can write to all memory; it taints the kernel",
    ]
    assert [device["dev_node"] for device in result["devices"]] == ["/dev/vfio/noiommu-0", "/dev/vfio/noiommu-1"]
    assert run(kernel, **desired, no_iommu=True)["changed"] is False


def test_a_shared_group_is_given_whole_or_not(kernel_with):
    """Without ACS the VFs are in their PF's group, which the kernel keeps."""
    kernel = kernel_with(behaviour=Behaviour(isolated=False))
    result = run(kernel, pf="enp1s0", vf="all", driver="vfio-pci")
    assert "IOMMU group 1 also holds enp1s0 (0000:01:00.0) (igb)" in result["msg"]
    assert len(written(kernel)) == 1


def test_check_mode_tells_the_same_and_writes_nothing(tmp_path, kernel_with):
    kernel = kernel_with()
    desired = {"pf": "enp1s0", "vf": "0,2", "driver": "vfio-pci", "mode": "0640"}
    before = snapshot(tmp_path)
    planned = run(kernel, check=True, **desired)
    assert snapshot(tmp_path) == before
    done = run(kernel, **desired)
    assert (planned["changed"], planned["steps"], planned["diff"]) == (
        done["changed"],
        done["steps"],
        done["diff"],
    )


def test_a_node_that_udev_gives_another_mode_is_as_asked(kernel_with):
    """The mode that vfio itself gives is asked, and a udev rule gives another one."""
    kernel = kernel_with(behaviour=Behaviour(node_mode=0o666))
    result = run(kernel, devices=[VF0], driver="vfio-pci", mode="0600")
    assert (result["failed"], result["devices"][0]["mode"]) == (False, "0600")


def test_a_bind_that_fails_is_a_failure_with_the_old_driver(kernel_with):
    kernel = kernel_with(behaviour=Behaviour(probe_errors={"vfio-pci": errno.EBUSY}))
    result = run(kernel, pf="enp1s0", vf="0-1", driver="vfio-pci")
    assert (result["failed"], result["changed"], result["done"]) == (True, True, ["load kernel module vfio-pci"])
    assert result["failure"]["errno"] == "EBUSY"
    assert result["failure"]["step"] == f"bind {LABEL0} to vfio-pci (now igbvf)"
    assert (drivers(kernel), kernel.sysfs.read(f"/sys/bus/pci/devices/{VF0}/driver_override")) == (
        ["igbvf"] * 3,
        "(null)",
    )


def test_an_address_keeps_a_vf_until_it_is_forced(tmp_path, kernel_with):
    kernel = kernel_with()
    build(tmp_path, hosts.interface("enp1s0v0", 4, "02:00:00:00:02:00", addresses=["192.0.2.77"]))
    assert run(kernel, devices=[VF0], driver="vfio-pci")["failure"]["holders"] == ["enp1s0v0 has address 192.0.2.77/24"]
    done = run(kernel, devices=[VF0], driver="vfio-pci", allow=["in_use"])
    assert done["changed"]
    assert done["allowed"] == [f"in_use for enp1s0v0 ({VF0}): enp1s0v0 has address 192.0.2.77/24"]


def test_an_open_node_is_freed_by_no_word(tmp_path, kernel_with):
    kernel = kernel_with()
    run(kernel, pf="enp1s0", vf=[0, 1], driver="vfio-pci")
    build(tmp_path, hosts.process(4711, "dpdk-testpmd", ["/dev/vfio/2"]))
    before = snapshot(tmp_path)
    for allow in ([], ["in_use"], list(CONSENTS)):
        result = run(kernel, pf="enp1s0", vf="all", driver="default", allow=allow)
        assert result["failure"]["holders"] == ["process 4711 (dpdk-testpmd) has /dev/vfio/2 open"]
        assert result["failure"]["remedy"].startswith("end the program first: nothing allows this")
        assert snapshot(tmp_path) == before
    assert run(kernel, pf="enp1s0", vf=1, driver="default")["changed"], "the other one is free"
    assert run(kernel, pf="enp1s0", vf=0, driver="vfio-pci", mode="0660")["changed"], "nothing is taken away"


def test_a_pf_is_taken_from_the_kernel_where_that_is_allowed(tmp_path):
    kernel = simulate(tmp_path, hosts.host())
    desired = {"devices": [PF], "driver": "vfio-pci"}
    told = run(kernel, **desired, allow=["in_use", "destroy_vfs"])["failure"]
    assert (told["what"], told["remedy"]) == (
        "driver: vfio-pci would take the PF from the kernel",
        "create VFs and give those away; allow: [take_pf] if you mean the PF itself",
    )
    done = run(kernel, **desired, allow=["take_pf"])
    assert done["steps"][-1] == f"bind enp1s0 ({PF}) to vfio-pci (now igb)"
    assert done["allowed"] == [f"take_pf for enp1s0 ({PF}): it is a PF, and its interface would be gone"]


@pytest.mark.parametrize("selector", [1, "1", [1], ["1"], "1-1", "1,1"], ids=str)
def test_vfs_are_named_in_any_notation(kernel_with, selector):
    kernel = kernel_with()
    assert [device["vf"] for device in run(kernel, pf="enp1s0", vf=selector, driver="none")["devices"]] == [1]
    assert drivers(kernel) == ["igbvf", None, "igbvf"]


def test_all_that_is_wrong_is_told_at_once(tmp_path, kernel_with):
    kernel = kernel_with()
    before = snapshot(tmp_path)
    entries = [
        {"vf": [2, 3], "driver": "none"},
        {"devices": ["0000:01:11.0", "x"], "driver": "none"},
        {"devices": [VF0], "driver": "vfoi-pci"},
        {"devices": [VF1], "driver": "vfio-pci", "owner": "no such user", "group": "no such group"},
        {"devices": [PF], "driver": "vfio-pci"},
    ]
    result = run(kernel, pf="enp1s0", assignments=entries, allow=["take_pf"])
    assert [each["what"] for each in result["failures"]] == [
        "vf: 2-3 names VF 3",
        "devices: there is no PCI device 0000:01:11.0 on this host",
        "devices: 'x' is no PCI address",
        "owner: there is no user 'no such user' on this host",
        "group: there is no group 'no such group' on this host",
        "driver: there is no driver 'vfoi-pci' on this host",
        "driver: cannot take igb away",
    ]
    assert snapshot(tmp_path) == before


BAD_INPUT = {
    "a driver that does not exist": (
        {"devices": [VF0], "driver": "vfoi-pci"},
        "invalid",
        "there is no driver 'vfoi-pci'",
    ),
    "the module's name": ({"devices": [VF0], "driver": "vfio_pci"}, "invalid", "Remedy: write it 'vfio-pci'"),
    "a device that is not there": ({"devices": ["0000:01:11.0"], "driver": "none"}, "not_found", "0000:01:11.0"),
    "a VF that is not there": ({"pf": "enp1s0", "vf": "2-3", "driver": "none"}, "invalid", "names VF 3"),
    "a VF as PF": ({"pf": "enp1s0v1", "vf": "0", "driver": "none"}, "invalid", "is a VF, not a PF"),
    "a PF": ({"devices": [PF], "driver": "none"}, "in_use", "its 3 VFs live on that driver"),
    "a node of a kernel driver": ({"devices": [VF0], "driver": "default", "owner": "root"}, "invalid", "/dev/vfio/N"),
    "one good, one bad": ({"devices": [VF0, VF1], "driver": "uio_pci_generic"}, "unsupported", "no legacy interrupt"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_refused_before_the_first_write(tmp_path, kernel_with, name):
    options, kind, part = BAD_INPUT[name]
    kernel = kernel_with()
    before = snapshot(tmp_path)
    result = run(kernel, **options)
    assert (result["failed"], result["changed"], result["failure"]["kind"]) == (True, False, kind)
    assert part in result["msg"] and result["failure"]["remedy"]
    assert snapshot(tmp_path) == before
    assert written(kernel) == [f"{NUM_VFS} 3"]


@pytest.mark.parametrize(
    "options",
    [
        {"driver": "none"},
        {"devices": [VF0]},
        {"vf": "0", "driver": "none"},
        {"devices": [VF0], "vf": "0", "pf": "enp1s0", "driver": "none"},
        {"assignments": [{"driver": "none"}]},
        {"assignments": [{"vf": "0", "driver": "none"}], "driver": "none"},
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_refused(tmp_path, kernel_with, options):
    kernel = kernel_with()
    before = snapshot(tmp_path)
    assert run(kernel, **options)["failed"]
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_node_is_given_to_a_user(kernel_with):
    result = run(kernel_with(), devices=[VF0], driver="vfio-pci", owner="7", group="8")
    assert (result["devices"][0]["owner"], result["devices"][0]["group"]) == (7, 8)
