# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module host through main(), on a simulated kernel with an 82599 and an 82576."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import (
    FIRST,
    LABEL,
    MAC,
    ONE,
    RULE_WORDS,
    SECOND,
    STEPS,
    TWO,
    WORDS,
    start,
)


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def run(kernel, *pfs, check=False, **options):
    return run_module(host, kernel, check, pfs=list(pfs), **options)


def test_a_whole_host_is_set_up_in_one_plan_and_found_again(kernel):
    first = run(kernel, FIRST, SECOND)
    assert first["steps"] == STEPS
    assert first["diff"]["before"] == {
        ONE.address: {
            **{"num_vfs": 0, "drivers_autoprobe": True, "up": True, "min_rss_queues": 4, "min_queues": 4},
            **{"rss_table": "equal 16", "rules": []},
        },
        TWO.address: {"num_vfs": 0, "up": True},
    }
    assert first["diff"]["after"][ONE.address] == {
        **{"num_vfs": 2, "drivers_autoprobe": False, "up": True, "min_rss_queues": 4, "min_queues": 4},
        "rss_table": "0*42 1*43 2*43",
        "rules": [
            "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0",
            "tcp4 dst-ip 192.168.254.30 dst-port 81 to queue 3",
        ],
        "vfs": {
            "0": {
                "mac": "06:0b:00:00:01:00",
                "vlan": 100,
                "driver": "vfio-pci",
                "driver_override": None,
                "mode": "0660",
            },
            "1": {
                **{"mac": "06:0b:01:00:01:00", "vlan": 100, "driver": "ixgbevf", "driver_override": None},
                "interface_mac": "06:0b:01:00:01:00",
            },
        },
    }
    assert first["diff"]["after"][TWO.address]["vfs"] == {
        "0": {"mac": MAC, "interface_mac": MAC, "spoofchk": False, "mtu": 1400}
    }
    assert [(pf["name"], pf["num_vfs"]) for pf in first["pfs"]] == [("enp1s0", 2), ("enp2s0", 1)]
    writes = written(kernel)
    second = run(kernel, FIRST, SECOND)
    assert (second["changed"], second["steps"], written(kernel)) == (False, [], writes)
    assert second["diff"]["before"] == second["diff"]["after"] == first["diff"]["after"]
    assert second["pfs"] == first["pfs"]


def test_check_mode_tells_the_same_and_writes_nothing(tmp_path, kernel):
    before = snapshot(tmp_path)
    planned = run(kernel, FIRST, SECOND, check=True)
    assert (snapshot(tmp_path), written(kernel)) == (before, [])
    done = run(kernel, FIRST, SECOND)
    assert (planned["changed"], planned["steps"], planned["diff"]) == (
        done["changed"],
        done["steps"],
        done["diff"],
    )


def test_a_host_that_is_half_as_desired_gets_the_other_half(kernel):
    run(kernel, FIRST, SECOND)
    kernel.ethtool.delete_rule("enp1s0", 2044)
    kernel.link.batch([["link", "set", "dev", "enp1s0", "vf", "1", "vlan", "0"]])
    result = run(kernel, FIRST, SECOND)
    assert result["steps"] == [
        f"set VF 1 of {LABEL}: vlan 100 (was 0)",
        f"add flow rule 2044 of {LABEL}: tcp4 dst-ip 192.168.254.30 dst-port 81 to queue 3",
    ]


def test_pfs_that_are_not_listed_are_left_alone(tmp_path, kernel):
    run(kernel, FIRST, SECOND)
    of_second = ("sys/bus/pci/devices/0000:02", "sim/vfs/0000:02", "sim/ethtool/0000:02", "sim/interfaces/enp2s0")
    before = {path: state for path, state in snapshot(tmp_path).items() if path.startswith(of_second)}
    assert run(kernel, {**FIRST, "num_vfs": 3}, allow=["destroy_vfs"])["changed"]
    assert {path: state for path, state in snapshot(tmp_path).items() if path.startswith(of_second)} == before


def test_what_others_have_set_is_put_back_after_new_vfs(kernel):
    """Rules and a table that this desired does not name; ixgbe drops both in silence."""
    run(kernel, {**FIRST, "vfs": []})
    kernel.ethtool.insert_rule("enp1s0", rule(dst_ip=7, dst_port=80, vf=1, location=3))
    planned = run(kernel, {"pf": "enp1s0", "num_vfs": 4}, check=True, allow=["destroy_vfs"])
    result = run(kernel, {"pf": "enp1s0", "num_vfs": 4}, allow=["destroy_vfs"])
    assert result["steps"][-4:] == [
        f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43",
        f"put back flow rule 3 of {LABEL}: tcp4 dst-ip 0.0.0.7 dst-port 80 to VF 1 queue 0",
        f"put back flow rule 2044 of {LABEL}: tcp4 dst-ip 192.168.254.30 dst-port 81 to queue 3",
        f"put back flow rule 2045 of {LABEL}: {WORDS}",
    ]
    assert (planned["steps"], planned["diff"]) == (result["steps"], result["diff"])
    assert [each.location for each in kernel.ethtool.rules("enp1s0").rules] == [3, 2044, 2045]
    assert kernel.ethtool.rss("enp1s0").table == (0,) * 42 + (1,) * 43 + (2,) * 43
    assert not run(kernel, {"pf": "enp1s0", "num_vfs": 4})["changed"]


def test_rules_go_with_their_vfs(kernel):
    run(kernel, FIRST)
    result = run(kernel, {"pf": "enp1s0", "num_vfs": 0})
    assert result["failed"] is False
    assert kernel.ethtool.rules("enp1s0").rules == (rule(dst_ip=0xC0A8FE1E, dst_port=81, cookie=3, location=2044),)
    assert kernel.ethtool.channels("enp1s0").combined == 16


def test_a_failure_on_the_way_tells_what_was_done_and_the_next_run_goes_on(tmp_path, kernel):
    kernel = behaving(tmp_path, Behaviour(probe_errors={"vfio-pci": errno.EBUSY}))
    result = run(kernel, FIRST, SECOND)
    assert (result["failed"], result["changed"]) == (True, True)
    assert result["done"] == STEPS[:9]
    assert (result["failure"]["errno"], result["failure"]["step"]) == ("EBUSY", STEPS[9])
    again = run(behaving(tmp_path, Behaviour()), FIRST, SECOND)
    assert (again["failed"], again["steps"][0]) == (False, STEPS[9])
    assert [step for step in again["steps"] if "sriov_numvfs" in step or "set VF" in step] == []
    assert not run(behaving(tmp_path, Behaviour()), FIRST, SECOND)["changed"]


def test_a_rule_that_the_driver_refuses_is_the_only_thing_missing(tmp_path, kernel):
    kernel.ethtool = SimEthtool(tmp_path, {"ethtool -N enp1s0 flow-type tcp4 action 3 ": errno.EINVAL})
    result = run(kernel, FIRST, SECOND)
    assert (result["done"], result["failure"]["step"]) == (STEPS[:-1], STEPS[-1])
    kernel.ethtool = SimEthtool(tmp_path)
    assert run(kernel, FIRST, SECOND)["steps"] == STEPS[-1:]


def test_the_first_entry_is_of_all_and_later_ones_say_what_differs(kernel):
    entry = {"pf": "enp1s0", "num_vfs": 4}
    by_exception = [
        {"vf": "all", "mac": "auto", "vlan": 7, "driver": "vfio-pci", "mode": "0660"},
        {"vf": "1-3", "vlan": 0, "trust": True},
        {"vf": [2], "mac": MAC, "trust": None},
        {"vf": 3, "driver": "default", "mode": None},
    ]
    one_by_one = [
        {"vf": 0, "mac": "auto", "vlan": 7, "driver": "vfio-pci", "mode": "0660"},
        {"vf": 1, "mac": "auto", "vlan": 0, "driver": "vfio-pci", "mode": "0660", "trust": True},
        {"vf": 2, "mac": MAC.upper().replace(":", "-"), "vlan": 0, "driver": "vfio-pci", "mode": "0660"},
        {"vf": 3, "mac": "auto", "vlan": 0, "driver": "default", "trust": True},
    ]
    planned = run(kernel, {**entry, "vfs": one_by_one}, check=True)
    result = run(kernel, {**entry, "vfs": by_exception})
    assert result["steps"] == planned["steps"] and result["diff"] == planned["diff"]
    assert [vf["driver"] for vf in result["pfs"][0]["vfs"]] == ["vfio-pci"] * 3 + ["ixgbevf"]
    assert [vf["attributes"]["trust"] for vf in result["pfs"][0]["vfs"]] == [False, True, False, True]
    assert result["pfs"][0]["vfs"][2]["attributes"]["mac"] == MAC
    assert not run(kernel, {**entry, "vfs": one_by_one})["changed"]
    assert not run(kernel, {**entry, "vfs": by_exception})["changed"]


@pytest.mark.parametrize("selector", [[0, 1], "0-1", "1,0", ["0", 1], "all", [1, "0-0"]], ids=str)
def test_vfs_are_named_in_any_notation(kernel, selector):
    result = run(kernel, {"pf": "enp1s0", "num_vfs": 2, "vfs": [{"vf": selector, "trust": True}]})
    assert list(result["diff"]["after"][ONE.address]["vfs"]) == ["0", "1"]
    assert [vf["attributes"]["trust"] for vf in result["pfs"][0]["vfs"]] == [True, True]


def test_no_vfs_beside_all_that_is_left_over_from_them(kernel):
    run(kernel, FIRST)
    result = run(kernel, {**FIRST, "num_vfs": 0, "min_rss_queues": 16, "rss": None, "exclusive_rules": False})
    assert (result["failed"], result["pfs"][0]["num_vfs"], result["pfs"][0]["vfs"]) == (False, 0, [])
    assert kernel.ethtool.rules("enp1s0").rules == (rule(dst_ip=0xC0A8FE1E, dst_port=81, cookie=3, location=2044),)
    assert not run(kernel, {**FIRST, "num_vfs": 0, "min_rss_queues": 16, "rss": None})["changed"]


def test_no_vfs_on_a_host_that_never_had_any(kernel):
    leftover = {**FIRST, "num_vfs": 0, "min_rss_queues": 1, "rss": None, "rules": [RULE_WORDS]}
    result = run(kernel, leftover)
    assert (result["failed"], result["steps"]) == (False, [])


def test_a_node_belongs_to_whom_it_shall(kernel):
    mine = {**FIRST, "vfs": [{"vf": "all", "driver": "vfio-pci", "group": str(os.getgid()), "mode": "0640"}]}
    result = run(kernel, mine)
    assert [(vf["group"], vf["mode"]) for vf in result["pfs"][0]["vfs"]] == [(os.getgid(), "0640")] * 2
    assert not run(kernel, mine)["changed"]


def test_no_pfs_are_no_work(kernel):
    result = run(kernel)
    assert (result["failed"], result["changed"], result["pfs"], result["diff"]) == (
        False,
        False,
        [],
        {"before": {}, "after": {}},
    )
