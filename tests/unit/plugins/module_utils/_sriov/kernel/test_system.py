# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of the whole host, each from its file."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.system import (
    System,
    cpu_count,
    lockdown_mode,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs


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
    assert kernel.system.noiommu_mode() is mode


@pytest.mark.parametrize(
    ("text", "mode"),
    [("[none] integrity confidentiality", "none"), ("none [integrity] confidentiality", "integrity"), ("", "none")],
)
def test_brackets_mark_the_lockdown_that_holds(text, mode):
    assert lockdown_mode(text) == mode


@pytest.mark.parametrize(("ranges", "count"), [("0", 1), ("0-3", 4), ("0-3,8", 5), ("0,2,4-5", 4)])
def test_cpus_are_counted_by_ranges(ranges, count):
    assert cpu_count(ranges) == count


def pool(base, size, number):
    words = zip(("nr", "free", "surplus"), (number, number - 1, 0))
    return {f"{base}/hugepages-{size}kB/{word}_hugepages": str(value) for word, value in words}


NODES, ALL = "sys/devices/system/node", "sys/kernel/mm/hugepages"


@pytest.mark.parametrize(
    ("files", "pools"),
    [
        pytest.param(
            {
                **pool(f"{NODES}/node10/hugepages", 2048, 5),
                **pool(f"{NODES}/node2/hugepages", 1048576, 1),
                **pool(ALL, 2048, 6),
                f"{NODES}/online": "2,10",
            },
            [(2, 1048576, 1), (10, 2048, 5)],
            id="by node, in their order",
        ),
        pytest.param(pool(ALL, 2048, 6), [(-1, 2048, 6)], id="a kernel that knows no nodes"),
        pytest.param({}, [], id="none"),
    ],
)
def test_hugepages_are_in_pools(tmp_path, files, pools):
    found = System(sysfs(tmp_path, files)).hugepages()
    assert [(each["node"], each["size_kb"], each["nr"]) for each in found] == pools
    assert all((each["free"], each["surplus"]) == (each["nr"] - 1, 0) for each in found)


def test_a_module_is_known_by_either_spelling_and_foreign_by_its_taint(tmp_path):
    files = {"sys/module/vfio_pci/taint": "", "sys/module/netmap/taint": "OE", "sys/module/netmap/holders/ixgbe": ""}
    system = System(sysfs(tmp_path, files, {"sys/module/virtio_pci/drivers/pci:virtio-pci": Link("../x")}))
    assert system.module_is_loaded("vfio-pci") and not system.module_is_loaded("igb")
    assert [system.module_is_foreign(name) for name in ("vfio-pci", "netmap", "igb")] == [False, True, False]
    assert system.module_holders("netmap") == ["ixgbe"]
    assert system.pci_drivers_of_module("virtio_pci") == ["virtio-pci"]


def test_a_group_has_its_node_whether_it_is_there_or_not(tmp_path):
    nodes = {f"dev/vfio/{name}": "" for name in ("7", "noiommu-3", "vfio")}
    system = System(sysfs(tmp_path, nodes, {"dev/vfio/devices": DIRECTORY}))
    assert [system.vfio_node(group) for group in ("7", 3, 9, None)] == [
        "/dev/vfio/7",
        "/dev/vfio/noiommu-3",
        "/dev/vfio/9",
        None,
    ]
    assert system.vfio_nodes() == ["7", "noiommu-3"]
    assert system.access("/dev/vfio/9") is None
    system.set_access("/dev/vfio/7", None, None, 0o640)
    assert system.access("/dev/vfio/7").mode == 0o640


@pytest.mark.parametrize(
    ("names", "on"),
    [([], False), (["vfio-noiommu"], False), ([None], True), (["vfio-noiommu", None], True)],
    ids=["no groups", "one that vfio made up", "one of an IOMMU", "both"],
)
def test_groups_that_vfio_makes_up_are_no_iommu_s(tmp_path, names, on):
    groups = {f"sys/kernel/iommu_groups/{number}/devices": DIRECTORY for number in range(len(names))}
    named = {f"sys/kernel/iommu_groups/{number}/name": name for number, name in enumerate(names) if name}
    assert System(sysfs(tmp_path, groups, named)).iommu_is_on() is on


def test_the_user_is_the_effective_one(tmp_path):
    assert System(sysfs(tmp_path)).effective_user() == os.geteuid()


@pytest.mark.parametrize("text", ["", "garbage", "0-", "5-3", "٣", "-1", "0-99999999999", "0,,1"])
def test_what_is_no_list_of_cpus_counts_none(text):
    assert cpu_count(text) == 0


@pytest.mark.parametrize(("text", "seconds"), [("12.50 20.00", 12.5), ("", None), ("soon", None), (None, None)])
def test_the_uptime_is_in_seconds(tmp_path, text, seconds):
    files = {} if text is None else {"proc/uptime": text}
    assert System(sysfs(tmp_path, files)).uptime() == seconds


def test_the_boot_is_known_by_its_number(tmp_path):
    assert System(sysfs(tmp_path, {"proc/sys/kernel/random/boot_id": "b1"})).boot_id() == "b1"
    assert System(sysfs(tmp_path / "else", {"proc": None})).boot_id() is None
