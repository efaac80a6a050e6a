# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What module host refuses: all of it at once, before the first write, unless it may."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import (
    FIRST,
    LABEL,
    LABEL_2,
    MAC,
    ONE,
    RULE_WORDS,
    SECOND,
    STEPS,
    start,
)


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def run(kernel, *pfs, check=False, **options):
    return run_module(host, kernel, check, pfs=list(pfs), **options)


V0, V1 = "pfs[0].vfs[0]", "pfs[1].vfs[0]"
BESIDE = {"pf": "enp2s0", "num_vfs": 1}
# PFs, and of each refusal its kind and what is refused.
REFUSALS = {
    "too many VFs": ([FIRST, {**SECOND, "num_vfs": 8}], [("invalid", "num_vfs: cannot create 8 VFs")]),
    "a VF that is not asked for": (
        [FIRST, {**SECOND, "vfs": [{"vf": "1", "trust": True}]}],
        [("invalid", f"{V1}.vf: 1 names VF 1")],
    ),
    "a VF that is not there": ([{"pf": "enp2s0", "vfs": [{"vf": [0, 5]}]}], [("invalid", f"{V0}.vf: 0,5 names VF 0")]),
    "an attribute that the driver has not": (
        [FIRST, {**SECOND, "vfs": [{"vf": "0", "link_state": "enable"}]}],
        [("unsupported", "link_state: cannot set enable for VF 0")],
    ),
    "a NIC that does not steer": (
        [FIRST, {**SECOND, "rules": [{**RULE_WORDS, "vf": 0}]}],
        [("unsupported", "pfs[1].rules[0]: cannot send to VF 0 queue 0")],
    ),
    "a NIC without rules": (
        [FIRST, {**SECOND, "rules": [{"flow_type": "ether", "proto": 0x88F7, "queue": 1}]}],
        [("unsupported", "rules: this NIC takes no flow rules")],
    ),
    "more queues than there are": (
        [FIRST, {**SECOND, "rss": {"min_queues": 4}}],
        [("invalid", "min_queues: the RSS group has 2 queues, less than 4")],
    ),
    "a driver by its module's name": (
        [FIRST, {**BESIDE, "vfs": [{"vf": "0", "driver": "vfio_pci"}]}],
        [("invalid", f"{V1}.driver: there is no driver 'vfio_pci'")],
    ),
    "a driver that nobody has": (
        [FIRST, {**BESIDE, "vfs": [{"vf": "0", "driver": "vfoi-pci"}]}],
        [("invalid", "driver: there is no driver 'vfoi-pci' on this host")],
    ),
    "one PF twice": ([FIRST, FIRST], [("invalid", "pfs[1].pf: 'enp1s0' is also that of pfs[0]")]),
    "one PF by two names": (
        [{"pf": "enp1s0"}, {"pf": ONE.address}],
        [("invalid", f"pfs[1].pf: '{ONE.address}' is the PF of pfs[0]")],
    ),
    "PFs that are none": (
        [FIRST, {"pf": "enp9s0"}, {"pf": "eth0"}],
        [
            ("not_found", "pf: nothing on this host is called 'enp9s0'"),
            ("invalid", "pf: 'eth0' is an interface without a device, not a PF"),
        ],
    ),
    "a rule for no VF": (
        [{**FIRST, "rules": [{**RULE_WORDS, "vf": 2}]}],
        [("invalid", "pfs[0].rules[0]: cannot send to VF 2 queue 0")],
    ),
    "a group too small": (
        [{**FIRST, "min_rss_queues": 16}],
        [("invalid", "min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 16")],
    ),
    "one address on two PFs": (
        [{**FIRST, "vfs": [{"vf": "0", "mac": MAC}]}, SECOND],
        [("invalid", f"mac: {MAC} for VF 0 of enp1s0 and VF 0 of enp2s0")],
    ),
    "one address, once by hand and once made": (
        [{**FIRST, "vfs": [{"vf": "0", "mac": "auto"}]}, {**SECOND, "vfs": [{"vf": 0, "mac": "06:0b:00:00:01:00"}]}],
        [("invalid", f"mac: 06:0b:00:00:01:00 for VF 0 of {LABEL} and VF 0 of {LABEL_2}")],
    ),
    "users and groups that are not": (
        [{**FIRST, "vfs": [{"vf": 0, "driver": "vfio-pci", "owner": "no such user", "group": "no such group"}]}],
        [
            ("invalid", "owner: there is no user 'no such user' on this host"),
            ("invalid", "group: there is no group 'no such group' on this host"),
        ],
    ),
    "contradictions": (
        [{**FIRST, "vfs": [{"vf": [0, 1], "trust": True}, {"vf": "0-1", "trust": False, "vlan": 5000}]}],
        [
            ("invalid", "pfs[0].vfs[1].vlan: 5000 is not between 0 and 4094"),
            ("invalid", "pfs[0].vfs[1].trust: false contradicts true in pfs[0].vfs[0]"),
        ],
    ),
    "something at each stage, of each PF": (
        [
            {
                **FIRST,
                "min_rss_queues": 16,
                "vfs": [
                    {"vf": "all", "link_state": "enable", "mtu": 9000},
                    {"vf": 0, "driver": "vfoi-pci"},
                    {"vf": 1, "driver": "default", "mode": "0660"},
                ],
                "rss": {"min_queues": 64, "queues": [0, 4]},
                "rules": [{**RULE_WORDS, "queue": 9}, {"flow_type": "tcp6", "dst_port": 3, "vf": 0}],
            },
            {**SECOND, "vfs": [{"vf": 0, "query_rss": True}], "rules": [{**RULE_WORDS, "vf": 0}]},
            {"pf": "enp9s0"},
        ],
        [
            ("not_found", "pf: nothing on this host is called 'enp9s0'"),
            ("invalid", "min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 16"),
            ("unsupported", "link_state: cannot set enable for VFs 0-1"),
            ("unsupported", "mtu: cannot set 9000 for VFs 0-1"),
            ("unsupported", "query_rss: cannot set on for VF 0"),
            ("invalid", "driver: there is no driver 'vfoi-pci' on this host"),
            ("invalid", "owner, group and mode are of /dev/vfio/N"),
            ("invalid", "min_queues: the RSS group has 4 queues, less than 64"),
            ("invalid", "queues: 0, 4"),
            ("invalid", "pfs[0].rules[0]: cannot send to VF 0 queue 9"),
            ("unsupported", "pfs[0].rules[1]: flow type tcp6"),
            ("unsupported", "pfs[1].rules[0]: cannot send to VF 0 queue 0"),
        ],
    ),
}


@pytest.mark.parametrize("check", [False, True], ids=["real run", "check mode"])
@pytest.mark.parametrize(("pfs", "told"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_is_refused_before_the_first_write(tmp_path, kernel, pfs, told, check):
    before = snapshot(tmp_path)
    result = run(kernel, *pfs, check=check)
    assert (result["failed"], result["changed"], result["done"]) == (True, False, [])
    refused = result.get("failures", [result["failure"]])
    assert [(each["kind"], each["what"]) for each in refused] == told
    assert result["failure"] == refused[0] and all(each["remedy"] for each in refused)
    assert (snapshot(tmp_path), written(kernel)) == (before, [])


def test_without_an_iommu_nothing_is_begun(tmp_path):
    kernel = simulate(tmp_path, hosts.host(ONE, cpus=16, iommu=False))
    before = snapshot(tmp_path)
    result = run(kernel, FIRST)
    assert result["failure"]["why"] == "the device is in no IOMMU group: the IOMMU is off"
    assert snapshot(tmp_path) == before


CARRIES = "carries the SSH connection from 198.51.100.7"
OPEN = "VF 0: process 4711 (dpdk-testpmd) has /dev/vfio/3 open"


@pytest.mark.parametrize(
    ("of_each", "of_all"),
    [([[], ["link_reset"]], []), ([[], []], ["link_reset"]), ([["in_use"], ["link_reset"]], ["link_reset"])],
    ids=["of the one that needs it", "of all", "of both"],
)
def test_consent_is_of_one_pf_or_of_all_and_its_use_is_told(tmp_path, of_each, of_all):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp2s0"))
    pfs = [{**pf, "allow": allow} for pf, allow in zip((FIRST, SECOND), of_each)]
    planned = run(kernel, *pfs, allow=of_all, check=True)
    result = run(kernel, *pfs, allow=of_all)
    assert result["steps"] == STEPS
    assert result["allowed"] == planned["allowed"] == [f"link_reset for {LABEL_2}: it {CARRIES}"]
    again = run(kernel, *pfs, allow=of_all)
    assert (again["changed"], again["allowed"]) == (False, []), "where nothing is lost, none is used"


@pytest.mark.parametrize("of_each", [[[], []], [["link_reset"], []], [["link_reset"], ["in_use", "destroy_vfs"]]])
def test_consent_of_another_pf_or_for_something_else_is_none(tmp_path, of_each):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp2s0"))
    before = snapshot(tmp_path)
    result = run(kernel, *({**pf, "allow": allow} for pf, allow in zip((FIRST, SECOND), of_each)))
    assert (result["failure"]["kind"], result["failure"]["device"]) == ("in_use", LABEL_2)
    assert result["failure"]["remedy"].endswith("allow: [link_reset]") and "failures" not in result
    assert snapshot(tmp_path) == before


def test_what_is_in_the_way_of_several_pfs_is_told_at_once_and_goes_word_by_word(tmp_path):
    kernel = start(tmp_path, **hosts.ssh_from("198.51.100.7", "enp2s0"))
    assert run(kernel, FIRST, SECOND, allow=["link_reset"])["changed"]
    build(tmp_path, hosts.process(4711, "dpdk-testpmd", ["/dev/vfio/3"]))
    before, more = snapshot(tmp_path), [{**FIRST, "num_vfs": 4}, {**SECOND, "num_vfs": 2}]
    gone = [
        ("num_vfs: cannot go from 2 to 4 VFs", "destroy_vfs"),
        ("num_vfs: cannot remove VFs 0 to 1", ""),
        ("num_vfs: cannot go from 1 to 2 VFs", "destroy_vfs"),
        ("cannot create 2 VFs", "link_reset"),
    ]
    told = run(kernel, *more)["failures"]
    assert [("allow: [" in each["remedy"], each["kind"]) for each in told] == [
        *[(True, "would_destroy"), (False, "in_use"), (True, "would_destroy"), (True, "in_use")]
    ]
    for allow in ([], ["destroy_vfs"], ["link_reset", "in_use"], ["destroy_vfs", "in_use", "link_reset"]):
        result = run(kernel, *more, allow=allow)
        told = result.get("failures", [result["failure"]])
        assert [each["what"] for each in told] == [what for what, consent in gone if consent not in allow]
        assert snapshot(tmp_path) == before, "an open node is freed by nobody's word"
    assert told[0]["holders"] == [OPEN]
    assert told[0]["remedy"].startswith("end the program first: nothing allows this")


def test_an_open_node_keeps_its_driver_and_its_address(tmp_path, kernel):
    run(kernel, FIRST)
    build(tmp_path, hosts.process(4711, "dpdk-testpmd", ["/dev/vfio/3"]))
    before = snapshot(tmp_path)
    for vfs in ([{"vf": 0, "driver": "default"}], [{"vf": 0, "driver": "none"}], [{"vf": 0, "mac": MAC}]):
        result = run(kernel, {"pf": "enp1s0", "vfs": vfs}, allow=["in_use", "link_reset", "take_pf", "destroy_vfs"])
        assert result["failure"]["holders"] == [OPEN[6:]] and "nothing allows this" in result["msg"]
    assert snapshot(tmp_path) == before
