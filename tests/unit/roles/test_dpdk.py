# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role dpdk: it is what the refusal of a missing group names; packages by distribution; one visit without packages."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import users
from ansible_collections.kernel_bypass.sriov.plugins.modules import dpdk, dpdk_proof
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROLE = RoleFiles("dpdk")
SETUP, PROOF = "Have the group", "Run dpdk-testpmd"
# Option queue_units is for role queue_bypass.
OF_THE_ROLE = ("dpdk_packages", "dpdk_with_units", "dpdk_proof")
ANSWERS = {
    "dpdk": {"changed": False, "steps": [], "group": "dpdk"},
    "dpdk_proof": {"changed": False, "mac": "02:00:00:00:01:99", "frames": 0},
}


def test_the_modules_have_the_same_defaults():
    option = {name: spec.get("default") for name, spec in dpdk.ARGUMENT_SPEC.items() if name != "queue_units"}
    named = {"after_boot_unit": "persisted"}
    assert {f"dpdk_{named.get(name, name)}": value for name, value in option.items()} == {
        name: value for name, value in ROLE.read("defaults").items() if name not in OF_THE_ROLE
    }
    assert {*ROLE.options()["dpdk_proof"]["options"]} == {*dpdk_proof.ARGUMENT_SPEC} - {"timeout", "program"}


def test_the_refusal_of_a_missing_group_names_this_role():
    with pytest.raises(InvalidRequest) as refused:
        users.group_number("no-such-group")
    galaxy = ROLE.read("meta")["galaxy_info"]
    assert f"role {galaxy['namespace']}.sriov.{galaxy['role_name']} does" in refused.value.remedy


def test_the_service_is_masked_before_its_package_comes():
    _variables, first, *_between, last = ROLE.read("tasks", "setup")
    assert "kernel_bypass.sriov.dpdk" in first and "ansible.builtin.package" in last


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("dpdk")
    playbooks.install(directory, ANSWERS)
    return directory


def play(installed, *arguments, hosts="sriov", **variables):
    inventory = installed / "hosts.yml"
    inventory.write_text(json.dumps({hosts: {"hosts": {"here": {**playbooks.STAND_IN_HOST, **variables}}}}))
    return playbooks.run(installed, "playbook", "-i", str(inventory), "kernel_bypass.sriov.dpdk", *arguments)


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_without_packages_it_takes_one_visit(installed, check):
    ended = play(installed, *check, dpdk_packages=[], dpdk_users=["capture"], dpdk_units=["a.service"])
    assert ended.code == 0, ended.output
    assert ended.of(SETUP)["here"]["asked"] == {
        "state": "present",
        "group": "dpdk",
        "users": ["capture"],
        "create_users": False,
        "memlock": True,
        "units": ["a.service"],
        "after_boot_unit": False,
        "mask_service": True,
        "timeout": 300,
    }
    assert [module for module, _asked in ended.visits] == ["dpdk"]


def test_without_all_of_it_there_are_no_packages_and_no_proof(installed):
    ended = play(installed, dpdk_state="absent", dpdk_users=["b"], dpdk_proof={"pf": "enp1s0", "vf": 0})
    assert ended.code == 0, ended.output
    assert [(module, asked["state"]) for module, asked in ended.visits] == [("dpdk", "absent")]


def test_the_proof_is_run_as_the_first_user(installed):
    ended = play(installed, dpdk_packages=[], dpdk_users=["capture", "b"], dpdk_proof={"pf": "enp1s0", "vf": 0})
    assert ended.code == 0, ended.output
    assert ended.of(PROOF)["here"]["asked"] == {"pf": "enp1s0", "vf": 0, "user": "capture", "timeout": 300}


def test_a_misspelt_word_of_the_proof_is_refused(installed):
    ended = play(installed, dpdk_packages=[], dpdk_proof={"pf": "enp1s0", "vfs": 0})
    assert ended.code != 0 and "dpdk_proof.vfs" in ended.output and not ended.visits


DISTRIBUTIONS = {
    "Debian": ({"distribution": "Debian", "distribution_major_version": "13", "os_family": "Debian"}, "dpdk-dev"),
    "Ubuntu": ({"distribution": "Ubuntu", "distribution_major_version": "24", "os_family": "Debian"}, "dpdk-dev"),
    "Alma": ({"distribution": "AlmaLinux", "distribution_major_version": "9", "os_family": "RedHat"}, "dpdk-tools"),
    "SLES": ({"distribution": "SLES", "distribution_major_version": "15", "os_family": "Suse"}, "dpdk-tools"),
    "one with a line of its own": (
        {"distribution": "Debian", "distribution_major_version": "99", "os_family": "Debian"},
        "of-99",
    ),
}


@pytest.fixture(scope="module")
def packages(installed):
    """What the task would install, by distribution: its own templates, in another task."""
    task = ROLE.read("tasks", "setup")[-1]
    known = {**ROLE.read("vars")["dpdk_known_packages"], "Debian 99": ["of-99"]}
    tasks = [
        {
            "name": f"Packages of {name}",
            "ansible.builtin.debug": {"msg": "{{ dpdk_packages_here }}"},
            "vars": {**task["vars"], "ansible_facts": facts, "dpdk_known_packages": known},
        }
        for name, (facts, _wanted) in DISTRIBUTIONS.items()
    ]
    (installed / "packages.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    return playbooks.run(installed, "playbook", "-i", "here,", str(installed / "packages.yml"))


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_packages_are_those_of_the_distribution(packages, name):
    assert DISTRIBUTIONS[name][1] in packages.of(f"Packages of {name}")["here"]["msg"], packages.output
