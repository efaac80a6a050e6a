# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module info with compared_with: everything that differs, in one answer, and nothing written."""

from __future__ import annotations

import json
import types

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, info
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link, build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
LABEL = f"enp1s0 ({PF})"
UNIT = "kernel-bypass-sriov.service"
MAC = "02:00:00:00:aa:00"
BOOT_ID = "3f0c9b1e-6a70-4c4e-9d5b-0d6a4a3ad6f1"  # of hosts.host()
WISH = {
    "pf": "enp1s0",
    "num_vfs": 2,
    "min_rss_queues": 4,
    "vfs": [
        {"vf": 0, "mac": MAC, "driver": "vfio-pci", "trust": True},
        {"vf": 1, "mac": "02:00:00:00:aa:01", "driver": "default", "vlan": 100},
    ],
    "rules": [{"flow_type": "tcp4", "dst_port": 80, "vf": 0}],
}
POOLS = {
    f"sys/devices/system/node/node{node}/hugepages/hugepages-{size}kB/{word}_hugepages": count
    for node, size, count in [(0, 2048, "300"), (1, 2048, "100"), (0, 1048576, "2")]
    for word in ("nr", "free", "surplus")
}


def compared(kernel, sleep=None, wanted=None, **more):
    """What differs, and the whole answer; nothing was written meanwhile."""
    slept = []
    module = types.SimpleNamespace(main=lambda kernel: info.main(kernel, sleep or slept.append))
    before = snapshot(kernel.root)
    result = run_module(module, kernel, compared_with={"pfs": [WISH] if wanted is None else wanted, **more})
    assert sleep or snapshot(kernel.root) == before
    return result.get("differences"), result, slept


@pytest.fixture
def kernel(tmp_path):
    """A host that is as wished."""
    found = simulate(tmp_path, {**hosts.host(hosts.IXGBE), **POOLS, "run/systemd/system": DIRECTORY})
    result = run_module(host, found, pfs=[WISH])
    assert not result["failed"], result
    return found


def test_a_host_as_wished_differs_in_nothing_and_is_looked_at_once(kernel):
    differences, result, slept = compared(kernel)
    assert (differences, result["changed"], slept) == ([], False, [])
    assert [each["name"] for each in result["pfs"]] == ["enp1s0"]


def test_without_it_no_word_is_said_of_differences(kernel):
    assert "differences" not in run_module(info, kernel)


CHANGES = {
    "a driver": ({"vfs": [{"vf": 0, "driver": "default"}]}, ["VF 0 driver: wanted vfio-pci, found ixgbevf"]),
    "attributes": (
        {"vfs": [{"vf": 1, "vlan": 0, "mac": "02:00:00:00:bb:01"}]},
        [
            "VF 1 mac: wanted 02:00:00:00:aa:01, found 02:00:00:00:bb:01",
            "VF 1 vlan: wanted 100, found 0",
        ],
    ),
    "trust": ({"vfs": [{"vf": 0, "trust": False}]}, ["VF 0 trust: wanted on, found off"]),
    "another rule in its place": (
        {"rules": [{"flow_type": "tcp4", "dst_port": 80, "vf": 1}]},
        [
            "rule tcp4 dst-port 80 to VF 0 queue 0: is not there",
            "rule tcp4 dst-port 80 to VF 1 queue 0: is not wanted",
        ],
    ),
    "ntuple": ({"ntuple": False, "rules": [], "exclusive_rules": True}, None),
}


@pytest.mark.parametrize(("change", "wanted"), CHANGES.values(), ids=CHANGES)
def test_whatever_differs_is_told_in_one_answer(kernel, change, wanted):
    assert not run_module(host, kernel, pfs=[{"pf": "enp1s0", "allow": ["in_use"], **change}])["failed"]
    differences, result, _slept = compared(kernel)
    assert not result["failed"] and differences
    if wanted is not None:
        assert [each.removeprefix(LABEL).lstrip(": ") for each in differences] == wanted


def test_all_of_it_at_once(kernel):
    other = {"pf": "enp1s0", "vfs": [{"vf": 0, "driver": "none"}, {"vf": 1, "vlan": 7}], "exclusive_rules": True}
    assert not run_module(host, kernel, pfs=[{**other, "rules": []}])["failed"]
    assert compared(kernel)[0] == [
        f"{LABEL} rule tcp4 dst-port 80 to VF 0 queue 0: is not there",
        f"{LABEL} VF 0 driver: wanted vfio-pci, found none",
        f"{LABEL} VF 1 vlan: wanted 100, found 7",
    ]


def test_a_stock_host_differs_in_the_number_of_vfs(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    differences, _result, _slept = compared(kernel)
    assert f"{LABEL}: num_vfs: wanted 2, found 0" in differences


def test_more_vfs_than_wanted_are_no_matter_of_consent(kernel):
    differences, _result, _slept = compared(kernel, wanted=[{"pf": "enp1s0", "num_vfs": 4}])
    assert differences == [f"{LABEL}: num_vfs: wanted 4, found 2"]


def test_what_would_be_refused_is_a_difference(kernel):
    differences, result, _slept = compared(kernel, wanted=[WISH, {"pf": "enp9s9", "num_vfs": 1}])
    assert not result["failed"]
    assert differences == [
        f"pf: nothing on this host is called 'enp9s9': its SR-IOV devices are {LABEL}. Remedy: name a PF by interface "
        "name, altname, MAC or PCI address"
    ]


def test_what_nobody_can_have_is_refused(kernel):
    _differences, result, _slept = compared(kernel, wanted=[{"pf": "enp1s0", "num_vfs": "four"}])
    assert result["failed"] and result["msg"].startswith("pfs[0].num_vfs: 'four' is no whole number.")


def test_a_driver_that_is_away_for_a_moment_is_no_difference(kernel):
    """As between unbind and bind."""
    none, back = ([{"vf": 0, "driver": driver}] for driver in ("none", "vfio-pci"))
    assert not run_module(host, kernel, pfs=[{"pf": "enp1s0", "vfs": none}])["failed"]
    pauses = []

    def meanwhile(seconds):
        pauses.append(seconds)
        assert not run_module(host, kernel, pfs=[{"pf": "enp1s0", "vfs": back}])["failed"]

    assert compared(kernel, meanwhile)[0] == []
    assert pauses == [1.0]


def one_vf_each(kernel, first, second):
    """What is told where VFs are changed before the first look, and between both."""

    def change(vfs):
        assert not run_module(host, kernel, pfs=[{"pf": "enp1s0", "vfs": vfs}])["failed"]

    change(first)
    return compared(kernel, lambda _seconds: change(second))[0]


def test_what_differs_at_the_second_look_alone_is_not_told_beside_what_lasts(kernel):
    lasting = [{"vf": 1, "vlan": 7}]
    assert one_vf_each(kernel, lasting, [{"vf": 0, "trust": False}]) == [
        "enp1s0 (0000:01:00.0) VF 1 vlan: wanted 100, found 7"
    ]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ([{"vf": 1, "vlan": 7}], [{"vf": 1, "vlan": 8}], "VF 1 vlan: wanted 100, found 8"),
        (
            [{"vf": 1, "vlan": 7}],
            [{"vf": 1, "vlan": 100}, {"vf": 0, "trust": False}],
            "VF 0 trust: wanted on, found off",
        ),
    ],
)
def test_what_goes_from_one_wrong_value_to_another_is_told(kernel, first, second, told):
    assert one_vf_each(kernel, first, second) == [f"enp1s0 (0000:01:00.0) {told}"]


def test_a_group_that_others_are_in_is_told(tmp_path, kernel):
    group = kernel.pci.iommu_group(hosts.IXGBE.vf(0))
    for address in (hosts.IXGBE.vf(1),):
        build(tmp_path, {f"sys/kernel/iommu_groups/{group}/devices/{address}": DIRECTORY})
    differences, _result, _slept = compared(kernel)
    assert f"{LABEL} VF 0: its IOMMU group {group} is shared with {hosts.IXGBE.vf(1)}" in differences


PAGES = {
    "enough": ([{"size": "2M", "count": 400}, {"size": "1G", "count": 2}], []),
    "more than wanted": ([{"size": "2M", "count": 1}], []),
    "too few": ([{"size": "2M", "count": 512}], ["hugepages of 2048 kB: wanted 512, found 400"]),
    "by node": (
        [{"size": "2M", "nodes": {"0": 300, "1": 300}}],
        ["hugepages of 2048 kB on NUMA node 1: wanted 300, found 100"],
    ),
    "a node that is not there": (
        [{"size": "1G", "nodes": {"1": 1}}],
        ["hugepages of 1048576 kB on NUMA node 1: wanted 1, found 0"],
    ),
}


@pytest.mark.parametrize(("pages", "wanted"), PAGES.values(), ids=PAGES)
def test_hugepages_are_counted(kernel, pages, wanted):
    assert compared(kernel, hugepages=pages)[0] == wanted


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ({"size": "2Q", "count": 1}, "compared_with.hugepages[0].size: '2Q' is no size of a page."),
        ({"size": "2M"}, "compared_with.hugepages[0]: how many pages is not said"),
        ({"size": "2M", "count": 1, "nodes": {"0": 1}}, "compared_with.hugepages[0]: how many pages is not said"),
        ({"size": "2M", "nodes": {"a": 1}}, "compared_with.hugepages[0].nodes: 'a': 1 is no node"),
    ],
)
def test_pages_that_mean_nothing_are_refused(kernel, pages, told):
    assert compared(kernel, hugepages=[pages])[1]["msg"].startswith(told)


def result_file(boot=BOOT_ID, outcome="ok", **more):
    words = {"verb": "boot", "generation": "6498cebe1da1", "collection": "0.1.0", "steps": [], "warnings": []}
    numbers = {"uptime": 12.5, "seconds": 1.0, "completed": 1764000000.0}
    found = {"schema": 1, "boot": boot, "outcome": outcome, "pfs": {}, "failure": None, **words, **numbers, **more}
    return json.dumps(found)


NOW, LAST = "run/kernel-bypass-sriov/result.json", "var/lib/kernel-bypass-sriov/last.json"
INSTALLED = {"usr/local/lib/kernel-bypass-sriov/current": Link("generations/aaaaaaaaaaaa")}
FAILED = {PF: {"name": "enp1s0", "outcome": "failed", "steps": [], "failure": {"msg": "the card is gone."}}}
BOOTS = {
    "reached": ({NOW: result_file()}, []),
    "changed": ({NOW: result_file(outcome="changed")}, []),
    "never ran": ({}, []),
    "failed": (
        {NOW: result_file(outcome="partial", pfs=FAILED)},
        [f"{UNIT}: its last run in this boot: partial: {PF}: the card is gone"],
    ),
    "failed as a whole": (
        {NOW: result_file(outcome="refused", failure={"msg": "desired.json is damaged."})},
        [f"{UNIT}: its last run in this boot: refused: desired.json is damaged"],
    ),
    "only in an earlier boot": (
        {NOW: result_file(boot="other"), LAST: result_file(boot="other")},
        [f"{UNIT}: it has not run in this boot"],
    ),
    "killed": (
        {f"sim/units/{UNIT}": json.dumps({"ActiveState": "failed", "Result": "timeout"})},
        [f"{UNIT}: its last run in this boot left no result: timeout"],
    ),
    "under way": (
        {f"sim/units/{UNIT}": json.dumps({"ActiveState": "activating", "Result": "success"})},
        [f"{UNIT}: it has not ended yet (activating)"],
    ),
}


@pytest.mark.parametrize(("files", "wanted"), BOOTS.values(), ids=BOOTS)
def test_the_boot_unit_s_result_of_this_boot_counts(tmp_path, kernel, files, wanted):
    build(tmp_path, {**INSTALLED, **files})
    assert compared(kernel, boot=True)[0] == compared(kernel)[0] == wanted
    assert compared(kernel, boot=False)[0] == []


def test_a_boot_unit_that_is_not_installed_differs_where_it_was_asked_for(kernel):
    assert compared(kernel, boot=True)[0] == [f"{UNIT}: it is not installed: nothing is kept over a reboot"]
    assert compared(kernel)[0] == []


def test_a_result_that_cannot_be_read_is_not_a_good_one(tmp_path, kernel):
    build(tmp_path, {**INSTALLED, NOW: "{"})
    (difference,) = compared(kernel, boot=True)[0]
    assert difference.startswith(f"{UNIT}: ") and "/run/kernel-bypass-sriov/result.json" in difference


RULE = "etc/udev/rules.d/99-vfs.rules"
SETS = 'ACTION=="add", KERNEL=="enp1s0", ATTR{device/sriov_numvfs}="8"'


def test_another_owner_is_a_difference_with_file_and_line(tmp_path, kernel):
    build(tmp_path, {RULE: f"# VFs\n{SETS}"})
    (difference,) = compared(kernel)[0]
    assert f"/{RULE}, line 2" in difference and LABEL in difference
    assert compared(kernel, only_owner=False)[0] == []


def test_one_that_only_may_be_another_owner_is_a_warning(tmp_path, kernel):
    build(tmp_path, {RULE: SETS.replace("enp1s0", "en*")})
    differences, result, _slept = compared(kernel)
    assert differences == [] and RULE in json.dumps(result["warnings"])


def test_it_needs_root(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE), Behaviour(user=4294967290))
    assert compared(kernel)[1]["failure"]["kind"] == "not_permitted"
