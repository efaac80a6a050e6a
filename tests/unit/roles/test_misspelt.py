# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A misspelt variable of any role is told by Ansible's own programs, before the role has done anything."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.plugin_utils._variables import ROLES, roles
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

CHECK, MERGE = "kernel_bypass.sriov.role_variables", "kernel_bypass.sriov.merged_pfs"
PFS = {"provision_pfs": {"enp1s0": {}}}
PAGES = [{"size": "1G", "count": 4}]
REBOOT = {"needed": False, "reasons": [], "wanted": False, "wanted_reasons": []}
ANSWERS = {
    "platform": {"changed": False, "steps": [], "reboot": REBOOT},
    "dpdk": {"changed": False, "steps": [], "group": "dpdk"},
}


def tasks_of(role, entry):
    return yaml.safe_load((ROLES / role / "tasks" / f"{entry}.yml").read_text())


def entries():
    for role in roles():
        specs = yaml.safe_load((ROLES / role.name / "meta" / "argument_specs.yml").read_text())["argument_specs"]
        yield from ((role.name, entry) for entry in specs)


@pytest.mark.parametrize(("role", "entry"), [*entries()])
def test_the_first_task_of_each_role_looks_at_its_variables(role, entry):
    first = tasks_of(role, entry)[0]
    if "ansible.builtin.include_tasks" in first:
        included = first["ansible.builtin.include_tasks"]["file"]
        assert "when" not in first
        first = tasks_of(role, included[: -len(".yml")])[0]
    assert "when" not in first
    if CHECK in first:
        assert first[CHECK] == {"roles": [role]}
    else:  # what it looks at by itself
        assert "roles" not in first[MERGE] and ("teardown_pfs" in first[MERGE]) == (role == "teardown")
        assert role in ("provision", "teardown")


# The role, its entry, variables of a host, and what it is told.
ROWS = {
    "prepare": (
        "prepare",
        "main",
        {"prepare_hugepage": PAGES},
        "prepare_hugepage: unknown, did you mean prepare_hugepages?",
    ),
    "persist": (
        "persist",
        "main",
        {**PFS, "persist_managed_vf": [{"pf": "enp1s0", "vf": 3}]},
        "persist_managed_vf: unknown, did you mean persist_managed_vfs?",
    ),
    "persist, where it merges nothing": (
        "persist",
        "main",
        {"persist_state": "absent", "persist_metric_directory": ""},
        "persist_metric_directory: unknown, did you mean persist_metrics_directory?",
    ),
    "dpdk": ("dpdk", "main", {"dpdk_unit": ["app"]}, "dpdk_unit: unknown, did you mean dpdk_units?"),
    "dpdk, its setup": ("dpdk", "setup", {"dpdk_package": []}, "dpdk_package: unknown, did you mean dpdk_packages?"),
    "dpdk, its proof": ("dpdk", "proof", {"dpdk_prof": {"vf": 0}}, "dpdk_prof: unknown, did you mean dpdk_proof?"),
    "verify": ("verify", "main", {**PFS, "verify_alway": True}, "verify_alway: unknown, did you mean verify_always?"),
    "verify, with PFs of its own": (
        "verify",
        "main",
        {"verify_pfs": [{"pf": "enp1s0"}], "verify_hugepage": PAGES},
        "verify_hugepage: unknown, did you mean verify_hugepages?",
    ),
    "provision": (
        "provision",
        "main",
        {**PFS, "provision_alow": ["in_use"]},
        "provision_alow: unknown, did you mean provision_allow?",
    ),
    "teardown": (
        "teardown",
        "main",
        {**PFS, "teardown_bot": True},
        "teardown_bot: unknown, did you mean teardown_boot?",
    ),
    "several, one of them of the playbooks": (
        "prepare",
        "main",
        {"prepare_rebot": True, "prepair_hugepages": PAGES, "provision_seral": 1, "prepare_disks": ["sda"]},
        "4 things are refused:\n"
        "- prepair_hugepages: unknown, did you mean prepare_hugepages?\n"
        "- prepare_disks: unknown: variables that begin with prepare_ are those of role prepare. Remedy: use one of "
        "prepare_pfs, prepare_iommu, prepare_passthrough, prepare_hugepages, prepare_hugepages_keep, prepare_modules, "
        "prepare_isolated_cpus, prepare_kernel_arguments, prepare_boot_loader, prepare_memlock_group, "
        "prepare_override, prepare_state, prepare_timeout, prepare_reboot, prepare_reboot_for, prepare_reboot_timeout, "
        "prepare_before_reboot, prepare_after_reboot, or another name.\n"
        "- prepare_rebot: unknown, did you mean prepare_reboot?\n"
        "- provision_seral: unknown, did you mean provision_serial?",
    ),
}
TAKEN = {
    "what begins with the name of another role": ("prepare", "main", {"verify_ssl": True, "dpdk_user": "me"}),
    "what an earlier run of the role has set": ("prepare", "main", {"prepare_result": {}, "prepare_effects": {}}),
    "what there is": ("dpdk", "setup", {"dpdk_packages": [], "dpdk_with_units": False}),
}


# What is there before a role does anything; role dpdk is in several files.
BEFORE = ("Run the role", "Validating arguments", "Have what programs", "Refuse misspelt", "Merge what", "Tell which")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """All of them in one run, a host each."""
    directory = tmp_path_factory.mktemp("misspelt")
    playbooks.install(directory, ANSWERS)
    members = {}
    for row, (role, entry, given, *_told) in {**ROWS, **TAKEN}.items():
        members[row] = {**playbooks.STAND_IN_HOST, "of_role": role, "of_entry": entry, **given}
    (directory / "hosts.yml").write_text(json.dumps({"sriov": {"hosts": members}}))
    role = {"name": "kernel_bypass.sriov.{{ of_role }}", "tasks_from": "{{ of_entry }}"}
    book = [
        {
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": "Run the role", "ansible.builtin.include_role": role}],
        }
    ]
    (directory / "book.yml").write_text(json.dumps(book))
    return playbooks.run(directory, "playbook", "-i", "hosts.yml", "book.yml", "--forks=1")


def done_on(rows, row):
    tasks = [each["task"].split(" : ")[-1] for each in rows.results if each["host"] == row]
    assert len(tasks) > 1, rows.output
    return [task for task in tasks if not task.startswith(BEFORE)]


@pytest.mark.parametrize("row", ROWS)
def test_a_misspelt_variable_is_told_before_the_role_does_anything(rows, row):
    assert rows.told().get(row) == ROWS[row][-1], rows.output
    assert done_on(rows, row) == []


@pytest.mark.parametrize("row", TAKEN)
def test_what_is_right_or_somebody_else_s_is_taken(rows, row):
    assert row not in rows.told(), rows.told()[row]
    assert done_on(rows, row) != []


@pytest.mark.parametrize("playbook", ["prepare", "site"])
def test_one_of_the_command_line_is_told_before_the_play_begins(installed, playbook):
    arguments = ["-i", str(playbooks.EXAMPLE), f"kernel_bypass.sriov.{playbook}", "-e", "prepare_hugepage=[]"]
    ended = playbooks.run(installed, "playbook", *arguments)
    assert ended.code != 0 and not ended.results
    assert "prepare_hugepage: unknown, did you mean prepare_hugepages?" in ended.output
