# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module host through main(), on a simulated kernel with an 82599 and an 82576."""

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

ONE = hosts.IXGBE
TWO = hosts.Nic(address="0000:02:00.0", name="enp2s0", mac="02:00:00:00:02:99")
LABEL, LABEL_2 = f"enp1s0 ({ONE.address})", f"enp2s0 ({TWO.address})"
RULE_WORDS = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80, "vf": 0}
WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
MAC = "02:00:00:00:aa:01"
FIRST = {
    "pf": "enp1s0",
    "num_vfs": 2,
    "min_rss_queues": 4,
    "vfs": [
        {"vf": "all", "mac": "auto", "vlan": 100},
    ],
    "drivers": [{"vfs": "0", "driver": "vfio-pci", "mode": "0660"}, {"vfs": "1", "driver": "default"}],
    "rss": {"exclude_queues": [3], "min_queues": 4},
    "rules": [RULE_WORDS, {**RULE_WORDS, "dst_port": 81, "vf": None, "queue": 3}],
    "exclusive_rules": True,
}
SECOND = {"pf": "enp2s0", "num_vfs": 1, "vfs": [{"vf": "0", "mac": MAC, "spoofchk": False, "mtu": 1400}]}


def name_of(nic, index):
    return f"{nic.vf(index)} (VF {index} of {nic.address})"


STEPS = [
    f"set sriov_drivers_autoprobe of {LABEL} to 0: new VFs stay without a driver",
    f"set sriov_numvfs of {LABEL} from 0 to 2",
    f"wait until all 2 VFs of {LABEL} are there",
    f"set sriov_numvfs of {LABEL_2} from 0 to 1",
    f"wait until all 1 VFs of {LABEL_2} are there",
    f"set VF 0 of {LABEL}: mac 06:0b:00:00:01:00, vlan 100 (was 0)",
    f"set VF 1 of {LABEL}: mac 06:0b:01:00:01:00, vlan 100 (was 0)",
    f"set VF 0 of {LABEL_2}: mac {MAC}, spoofchk off",
    "load kernel module vfio-pci",
    f"bind {name_of(ONE, 0)} to vfio-pci (now no driver)",
    f"bind {name_of(ONE, 1)} to ixgbevf (now no driver)",
    f"give the vfio node of {name_of(ONE, 0)} mode 0660",
    f"reload igbvf of {name_of(TWO, 0)}: it has its MAC address from the time it was loaded",
    f"set the MTU of {name_of(TWO, 0)} to 1400 (was 1500)",
    f"turn ntuple filters of {LABEL} on",
    f"set the RSS table of {LABEL}: of 128 entries queue 0 has 42, queue 1 has 43, queue 2 has 43",
    f"add flow rule 2045 of {LABEL}: {WORDS}",
    f"add flow rule 2044 of {LABEL}: tcp4 dst-ip 192.168.254.30 dst-port 81 to queue 3",
]


def start(root, behaviour=None, **extra):
    files = {**hosts.host(ONE, cpus=16), **hosts.pf(TWO, group=2, ifindex=4), **extra}
    return simulate(root, files, behaviour)


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
            "0": {"mac": "06:0b:00:00:01:00", "vlan": 100, "driver": "vfio-pci", "mode": "0660"},
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
    run(kernel, {**FIRST, "drivers": [], "vfs": []})
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


REFUSALS = [
    ([FIRST, {**SECOND, "num_vfs": 8}], "invalid", "num_vfs: cannot create 8 VFs"),
    ([FIRST, {**SECOND, "vfs": [{"vf": "1", "trust": True}]}], "invalid", "vfs: '1' names VF 1"),
    (
        [FIRST, {**SECOND, "vfs": [{"vf": "0", "link_state": "enable"}]}],
        "unsupported",
        "link_state: cannot set enable for VF 0",
    ),
    ([FIRST, {**SECOND, "rules": [{**RULE_WORDS, "vf": 0}]}], "unsupported", "rules[0]: cannot send to VF 0 queue 0"),
    (
        [FIRST, {**SECOND, "rules": [{"flow_type": "ether", "proto": 0x88F7, "queue": 1}]}],
        "unsupported",
        "rules: this NIC takes no flow rules",
    ),
    ([FIRST, {**SECOND, "rss": {"min_queues": 4}}], "invalid", "min_queues: the RSS group has 2 queues, less than 4"),
    (
        [FIRST, {**SECOND, "drivers": [{"vfs": "0", "driver": "vfio_pci"}]}],
        "invalid",
        "driver: there is no driver 'vfio_pci'",
    ),
    ([FIRST, FIRST], "invalid", "pfs: 'enp1s0' is named twice"),
    ([FIRST, {"pf": "enp9s0"}], "not_found", "pf: nothing on this host is called 'enp9s0'"),
    ([{**FIRST, "rules": [{**RULE_WORDS, "vf": 2}]}], "invalid", "rules[0]: cannot send to VF 2 queue 0"),
    (
        [{**FIRST, "min_rss_queues": 16}],
        "invalid",
        "min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 16",
    ),
    (
        [{**FIRST, "vfs": [{"vf": "0", "mac": MAC}]}, SECOND],
        "invalid",
        f"mac: {MAC} for VF 0 of {LABEL_2}",
    ),
]


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(("pfs", "kind", "what"), REFUSALS, ids=[row[2] for row in REFUSALS])
def test_what_cannot_be_is_refused_before_the_first_write(tmp_path, kernel, pfs, kind, what, check):
    before = snapshot(tmp_path)
    result = run(kernel, *pfs, check=check)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    assert (result["failure"]["kind"], result["failure"]["what"]) == (kind, what)
    assert (snapshot(tmp_path), written(kernel)) == (before, [])


def test_without_an_iommu_nothing_is_begun(tmp_path):
    kernel = simulate(tmp_path, hosts.host(ONE, cpus=16, iommu=False))
    before = snapshot(tmp_path)
    result = run(kernel, FIRST)
    assert result["failure"]["why"] == "the device is in no IOMMU group: the IOMMU is off"
    assert snapshot(tmp_path) == before


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


def test_consent_may_be_given_once_for_all(tmp_path):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp2s0"))
    before = snapshot(tmp_path)
    assert run(kernel, FIRST, SECOND)["failure"]["kind"] == "in_use"
    assert snapshot(tmp_path) == before
    assert run(kernel, FIRST, SECOND, allow=["link_reset"])["changed"]


def test_a_node_belongs_to_whom_it_shall(kernel):
    mine = {**FIRST, "drivers": [{"vfs": "all", "driver": "vfio-pci", "group": str(os.getgid()), "mode": "0640"}]}
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
