# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook site, on a simulated host: its roles in their order, and how often they go to the host."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

PLAYBOOK = "kernel_bypass.sriov.site"
VISIT, MERGE, SAY = "Bring the PFs", "Merge it again", "Say what that"
PFS = {"enp1s0": {"num_vfs": 2, "vfs": [{"vf": "all", "mac": "auto"}, {"vf": 0, "driver": "vfio-pci"}]}}
WITH_GROUP = {"enp1s0": {"num_vfs": 1, "vfs": [{"vf": 0, "driver": "vfio-pci", "group": "no-such-group"}]}}
ANSWERS = {
    "platform": {
        "changed": False,
        "steps": [],
        "reboot": {"needed": False, "reasons": [], "wanted": False, "wanted_reasons": []},
    },
    "boot_state": {
        "changed": False,
        "steps": [],
        "generation": "6498cebe1da1",
        "last_boot": None,
        "owners": [],
        "reached": True,
        "differences": [],
    },
    "dpdk": {"changed": True, "steps": [], "group": "no-such-group", "creates_group": True},
    "dpdk_proof": {"changed": False, "mac": "02:00:00:00:01:99", "frames": 0},
}
KNOWN = (
    "Roles prepare, provision and persist had nothing to do, so the host was not looked at again; nor were IOMMU "
    "groups that VFs share, and a boot unit that has not run in this boot (verify_always: true does)."
)
CANNOT = "In check mode it cannot be told: the roles before would change the host, as they have said."
MARK, KEEP, DPDK = ("boot_state", "marked"), ("boot_state", "present"), ("dpdk", "present")


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path, ANSWERS)
    return tmp_path


def site(installed, *arguments, **variables):
    hosts = installed / "hosts.yml"
    members = {"here": {**playbooks.STAND_IN_HOST, "provision_pfs": PFS, **variables}}
    hosts.write_text(json.dumps({"sriov": {"hosts": members}}))
    ended = playbooks.run(installed, "playbook", "-i", str(hosts), PLAYBOOK, *arguments)
    return ended, [(module, asked.get("state", "")) for module, asked in ended.visits]


def asked_of_dpdk(ended):
    return [asked for module, asked in ended.visits if module == "dpdk"]


def test_a_stock_host_becomes_what_is_wanted_and_then_takes_four_visits(installed):
    first, visits = site(installed)
    assert first.code == 0, first.output
    assert visits == [("platform", "present"), MARK, ("host", ""), KEEP, ("info", "")]
    assert first.of(VISIT)["here"]["changed"] and first.of(SAY)["here"]["msg"] == "Nothing differs."
    again, visits = site(installed)
    assert again.code == 0, again.output
    assert visits == [("platform", "present"), MARK, ("host", ""), KEEP]
    assert not again.of(VISIT)["here"]["changed"] and again.of(SAY)["here"]["msg"] == KNOWN


def test_in_check_mode_a_stock_host_is_told_all_of_it(installed):
    ended, visits = site(installed, "--check")
    assert ended.code == 0, ended.output
    assert visits == [("platform", "present"), MARK, ("host", ""), KEEP]
    assert ended.of(VISIT)["here"]["steps"] and ended.of(SAY)["here"]["msg"] == CANNOT


def test_a_group_that_is_still_to_be_created_is_no_refusal_in_check_mode(installed):
    wish = {"provision_pfs": WITH_GROUP, "dpdk_users": ["capture"], "dpdk_packages": []}
    ended, visits = site(installed, "--check", **wish)
    assert ended.code == 0, ended.output
    assert visits == [("platform", "present"), ("dpdk", "present"), MARK, ("host", ""), KEEP]
    asked = [asked["pfs"] for module, asked in ended.visits if module in ("boot_state", "host")]
    assert asked == [[{"pf": "enp1s0", "num_vfs": 1, "vfs": [{"vf": 0, "driver": "vfio-pci"}]}]] * 3
    merged = ended.of(MERGE)["here"]
    assert merged["pfs"][0]["vfs"] == [{"vf": 0, "driver": "vfio-pci"}]
    assert "group no-such-group is not there yet" in json.dumps(merged["warnings"])


def test_one_that_nobody_creates_is_a_refusal_in_check_mode_too(installed):
    ended, _visits = site(installed, "--check", provision_pfs=WITH_GROUP)
    assert "there is no group 'no-such-group' on this host" in ended.told()["here"]


def test_in_a_real_run_the_group_is_asked_for(installed):
    wish = {"provision_pfs": WITH_GROUP, "dpdk_users": ["capture"], "dpdk_packages": []}
    ended, _visits = site(installed, **wish)
    assert "there is no group 'no-such-group' on this host" in ended.told()["here"]


REBOOT = {"needed": True, "reasons": ["intel_iommu=on: no IOMMU"], "wanted": True, "wanted_reasons": []}


def test_in_check_mode_a_host_that_has_to_be_booted_first_is_told_all_that_can_be_told(installed):
    before = {**ANSWERS, "platform": {"changed": True, "steps": ["write x"], "reboot": REBOOT}}
    (installed / "answers.json").write_text(json.dumps(before))
    ended, visits = site(installed, "--check", provision_pfs={"enp1s0": {"num_vfs": 64}})
    assert ended.code == 0, ended.output
    assert visits == [("platform", "present"), MARK, ("host", ""), KEEP]
    assert "64" in ended.told()["here"] and ended.of(SAY)["here"]["msg"] == CANNOT


def test_in_check_mode_a_refusal_of_any_other_host_is_one(installed):
    ended, _visits = site(installed, "--check", provision_pfs={"enp1s0": {"num_vfs": 64}})
    assert ended.code != 0


def test_units_start_after_the_boot_unit_and_the_proof_comes_last(installed):
    wish = {
        "dpdk_units": ["app"],
        "dpdk_users": ["capture"],
        "dpdk_packages": [],
        "dpdk_proof": {"pf": "enp1s0", "vf": 0},
    }
    ended, visits = site(installed, **wish)
    assert ended.code == 0, ended.output
    modules = ["platform", "dpdk", "boot_state", "host", "boot_state", "dpdk", "info", "dpdk_proof"]
    assert [module for module, _state in visits] == modules
    early, late = asked_of_dpdk(ended)
    assert (early["units"], early["users"]) == ([], ["capture"])
    assert (late["units"], late["after_boot_unit"]) == (["app"], True)


REFUSED = {"provision_pfs": {"enp1s0": {"num_vfs": 64}}}


@pytest.mark.parametrize("by", ["provision", "persist"])
def test_no_unit_is_made_to_wait_for_a_boot_unit_that_is_not_there(installed, by):
    refused = {**ANSWERS, "boot_state": {"failed": True, "msg": "refused"}}
    (installed / "answers.json").write_text(json.dumps(refused if by == "persist" else ANSWERS))
    wish = {"dpdk_units": ["app"], "dpdk_packages": [], **(REFUSED if by == "provision" else {})}
    ended, _visits = site(installed, **wish)
    assert ended.code != 0
    assert [asked["units"] for asked in asked_of_dpdk(ended)] == [[]]


def test_a_host_with_units_takes_two_visits_more_and_one_without_units_one(installed):
    site(installed)
    _ended, visits = site(installed, dpdk_units=["app"], dpdk_packages=[])
    assert visits == [("platform", "present"), DPDK, MARK, ("host", ""), KEEP, DPDK]
    _ended, visits = site(installed, dpdk_users=["capture"], dpdk_packages=[])
    assert visits == [("platform", "present"), DPDK, MARK, ("host", ""), KEEP]


def test_who_wants_no_role_dpdk_gets_no_drop_in_either(installed):
    _ended, visits = site(installed, dpdk_units=["app"], site_dpdk=False)
    assert DPDK not in visits


def test_in_check_mode_only_the_units_are_told_late(installed):
    ended, _visits = site(installed, "--check", dpdk_units=["app"], dpdk_users=["capture"], dpdk_packages=[])
    late = asked_of_dpdk(ended)[-1]
    assert (late["units"], late["users"], late["memlock"], late["mask_service"]) == (["app"], [], False, False)


@pytest.mark.parametrize(
    ("tag", "modules"),
    [
        ("provision", ["host"]),
        ("persist", ["boot_state", "boot_state"]),
        ("verify", ["info"]),
        ("prepare", ["platform"]),
    ],
)
def test_a_tag_runs_its_role_alone(installed, tag, modules):
    ended, visits = site(installed, "--check", "--tags", tag)
    assert [module for module, _state in visits] == modules, ended.output


def test_what_is_refused_ends_it_before_anything_is_kept(installed):
    ended, visits = site(installed, provision_pfs={"enp1s0": {"num_vfs": 64}})
    assert ended.code != 0 and KEEP not in visits


@pytest.mark.parametrize("tags", [[], ["--tags", "verify"]])
def test_misspelt_variables_of_all_roles_are_told_before_the_first_does_anything(installed, tags):
    near = {
        "dpdk_user": "dpdk_users",
        "persist_managed_vf": "persist_managed_vfs",
        "prepare_hugepage": "prepare_hugepages",
        "provision_pf": "provision_pfs",
        "verify_trafic": "verify_traffic",
    }
    ended, visits = site(installed, *tags, **dict.fromkeys(near, []))
    lines = "".join(f"\n- {name}: unknown, did you mean {meant}?" for name, meant in near.items())
    assert ended.told()["here"] == f"5 things are refused:{lines}" and visits == []
    assert len(ended.results) == 1


def test_what_no_host_can_meet_is_refused_before_the_first_visit(installed):
    ended, visits = site(installed, provision_pfs={"enp1s0": {"num_vfs": "four"}})
    assert ended.told()["here"].startswith("provision_pfs.enp1s0.num_vfs: 'four' is no whole number.") and visits == []
