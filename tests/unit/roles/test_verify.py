# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role and playbook verify, on a simulated host: everything that differs is one message, in one visit."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROLE = RoleFiles("verify")
MERGE, LOOK, COUNT, REFUSE, SAY = "Merge what site", "Compare the host", "Count what", "Refuse a host", "Say what that"
PFS = {"enp1s0": {"num_vfs": 2, "vfs": [{"vf": "all", "mac": "auto"}, {"vf": 0, "driver": "vfio-pci"}]}}
LABEL = "enp1s0 (0000:01:00.0)"
RATE = {"changed": False, "interface": "enp1s0", "packets_per_second": 1000.0}


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path, {"rx_rate": RATE})
    return tmp_path


def inventory(installed, **variables):
    file = installed / "hosts.yml"
    members = {"here": {**playbooks.STAND_IN_HOST, "provision_pfs": PFS, **variables}}
    file.write_text(json.dumps({"sriov": {"hosts": members}}))
    return str(file)


def play(installed, *arguments, playbook="kernel_bypass.sriov.verify", **variables):
    hosts = inventory(installed, **variables)
    return playbooks.run(installed, "playbook", "-i", hosts, playbook, *arguments)


def names(ended):
    return [module for module, _asked in ended.visits]


def provisioned(installed):
    assert play(installed, playbook="kernel_bypass.sriov.provision").code == 0
    return installed


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_a_host_as_wanted_passes_in_one_visit(installed, check):
    ended = play(provisioned(installed), *check)
    assert ended.code == 0, ended.output
    assert names(ended) == ["info"] and ended.of(SAY)["here"]["msg"] == "Nothing differs."
    assert ended.of(LOOK)["here"]["changed"] is False


def test_all_that_differs_is_one_message_and_one_visit(installed):
    ended = play(installed, verify_hugepages=[{"size": "2M", "count": 512}], verify_persisted=True)
    assert ended.code != 0 and names(ended) == ["info"]
    assert ended.told() == {
        "here": "4 things differ:\n"
        f"- {LABEL}: num_vfs: wanted 2, found 0\n"
        f"- {LABEL}: drivers_autoprobe: wanted off, found on\n"
        "- hugepages of 2048 kB: wanted 512, found 0\n"
        "- kernel-bypass-sriov.service: it is not installed: nothing is kept over a reboot"
    }


def test_hugepages_are_those_of_role_prepare(installed):
    ended = play(provisioned(installed), prepare_hugepages=[{"size": "1G", "count": 1}])
    assert ended.told() == {"here": "1 thing differs:\n- hugepages of 1048576 kB: wanted 1, found 0"}


def test_pfs_may_be_given_as_module_host_takes_them(installed):
    ended = play(installed, verify_pfs=[{"pf": "enp3s0", "num_vfs": 1}])
    assert ended.told() == {"here": "1 thing differs:\n- enp3s0 (0000:03:00.0): num_vfs: wanted 1, found 0"}


def test_what_no_host_can_meet_is_refused_before_it_is_asked(installed):
    ended = play(installed, provision_pfs={"enp1s0": {"num_vfs": "four"}})
    assert ended.told()["here"].startswith("provision_pfs.enp1s0.num_vfs: 'four' is no whole number.")
    assert ended.visits == []


@pytest.mark.parametrize(
    ("rate", "least", "told"),
    [
        (1000.0, 1000, None),
        (12.5, 1000, "1 thing differs:\n- enp1s0: wanted 1000 packets a second or more, found 12.5"),
        (None, 1, "1 thing differs:\n- enp1s0: wanted 1 packets a second or more, found no counter of them"),
    ],
)
def test_traffic_takes_a_second_visit(installed, rate, least, told):
    provisioned(installed)
    (installed / "answers.json").write_text(json.dumps({"rx_rate": {**RATE, "packets_per_second": rate}}))
    ended = play(installed, verify_traffic={"min_pps": least, "seconds": 0.5})
    assert names(ended) == ["info", "rx_rate"], ended.output
    asked = dict(ended.visits)["rx_rate"]
    assert (asked["pf"], asked["seconds"]) == ("enp1s0", 0.5)
    assert ended.told() == ({"here": told} if told else {})


# --- In a play with the roles that come before it ---

UNCHANGED = {"changed": False}
KEPT = {"changed": False, "generation": "6498cebe1da1", "last_boot": None}
RESULTS = {"prepare_result": UNCHANGED, "provision_result": UNCHANGED, "persist_result": KEPT}
KNOWN = (
    "Roles prepare, provision and persist had nothing to do, so the host was not looked at again; nor were IOMMU "
    "groups that VFs share, and a boot unit that has not run in this boot (verify_always: true does)."
)
LOOKS = {
    "none has changed anything": ({}, {}, False),
    "the last boot was well": ({"persist_result": {**KEPT, "last_boot": {"outcome": "changed"}}}, {}, False),
    "the last boot failed": ({"persist_result": {**KEPT, "last_boot": {"outcome": "partial"}}}, {}, True),
    "one has changed something": ({"provision_result": {"changed": True}}, {}, True),
    "one has failed": ({"provision_result": {"changed": False, "failed": True}}, {}, True),
    "one was skipped": ({"prepare_result": {"changed": False, "skipped": True}}, {}, True),
    "one has not run": ({"prepare_result": None}, {}, True),
    "the state was only marked": ({"persist_result": {**KEPT, "generation": None}}, {}, True),
    "a reboot is due": ({"prepare_result": {"changed": False, "reboot": {"needed": True}}}, {}, True),
    "other hugepages": ({}, {"verify_hugepages": [{"size": "2M", "count": 1}]}, True),
    "other PFs": ({}, {"verify_pfs": [{"pf": "enp1s0"}]}, True),
    "it is asked for": ({}, {"verify_always": True}, True),
}


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    """Whether each of them is looked at, in one run, a host each."""
    directory = tmp_path_factory.mktemp("looks")
    playbooks.install(directory)
    members = {}
    for row, (results, variables, _looks) in LOOKS.items():
        known = {name: value for name, value in {**RESULTS, **results}.items() if value is not None}
        members[row] = {**playbooks.STAND_IN_HOST, "provision_pfs": {"enp1s0": {}}, **known, **variables}
    hosts = directory / "hosts.yml"
    hosts.write_text(json.dumps({"sriov": {"hosts": members}}))
    own = directory / "own.yml"
    own.write_text(
        yaml.safe_dump([{"hosts": "all", "gather_facts": False, "roles": [{"role": "kernel_bypass.sriov.verify"}]}])
    )
    return playbooks.run(directory, "playbook", "-i", str(hosts), str(own), "--forks=1")


@pytest.mark.parametrize("row", LOOKS)
def test_where_all_roles_have_compared_it_already_it_is_not_visited_again(looks, row):
    looked = row in looks.of(LOOK)
    assert looked is LOOKS[row][2], looks.output
    assert looked or looks.of(SAY)[row]["msg"] == KNOWN
