# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role and playbook prepare: one visit, and a boot only where it is needed and allowed; then the effects are looked at.

ansible.builtin.reboot refuses a host that is reached without a connection: that is how far a boot comes here.
"""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.modules import platform
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROLE = RoleFiles("prepare")
PLAYBOOK = "kernel_bypass.sriov.prepare"
VISIT, SAY, REFUSE, BEFORE, BOOT = "Have what kernel", "Say what was done", "Refuse to go on", "drain", "Boot"
LOCAL = "reboot with local connection would reboot the control node"
WHY = "intel_iommu=on: enp1s0 (0000:01:00.0) is in no IOMMU group"
PT = "iommu=pt: IOMMU group 1 of enp1s0 (0000:01:00.0) is of type DMA-FQ"
NOTHING = {"needed": False, "wanted": False, "reasons": [], "wanted_reasons": []}
NEEDED = {"needed": True, "wanted": False, "reasons": [WHY], "wanted_reasons": []}
WANTED = {"needed": False, "wanted": True, "reasons": [], "wanted_reasons": [PT]}
STEPS = ["write a file", "run update-grub"]
# Stands in for module platform: gives one answer, and notes what it was asked.
ANSWERING = """#!/usr/bin/python
# WANT_JSON
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    asked = json.load(file)
with open({visits!r}, "a", encoding="utf-8") as file:
    file.write(json.dumps(asked) + "\\n")
with open({answers!r}, encoding="utf-8") as file:
    print(json.dumps(json.load(file)[1 if asked["_ansible_check_mode"] else 0]))
"""


def test_all_options_of_the_module_are_variables_of_the_role_of_the_same_kind():
    task = ROLE.read("tasks")[1]["kernel_bypass.sriov.platform"]
    assert set(task) == set(platform.ARGUMENT_SPEC)
    for name, option in platform.ARGUMENT_SPEC.items():
        said = ROLE.options()[f"prepare_{name}"]
        assert f"prepare_{name}" in task[name]
        assert (said["type"], said.get("choices")) == (option["type"], option.get("choices")), name
        assert said.get("default") == option.get("default") or name == "memlock_group"


# --- As it runs ---


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path)
    module = tmp_path / "ansible_collections/kernel_bypass/sriov/plugins/modules/platform.py"
    module.unlink()
    module.write_text(ANSWERING.format(visits=str(tmp_path / "asked"), answers=str(tmp_path / "answers.json")))
    (tmp_path / "drain.yml").write_text(
        yaml.safe_dump([{"name": "drain", "ansible.builtin.debug": {"msg": "drained"}}])
    )
    return tmp_path


def play(installed, answer, *arguments, then=None, **variables):
    """:param then: what it answers in check mode."""
    result = {"changed": bool(answer.get("steps")), "steps": [], "reboot": NOTHING, **answer}
    (installed / "answers.json").write_text(json.dumps([result, {**result, **(then or {})}]))
    (installed / "asked").unlink(missing_ok=True)
    members = {"here": {**playbooks.STAND_IN_HOST, **variables}}
    (installed / "hosts.yml").write_text(json.dumps({"sriov": {"hosts": members}}))
    return playbooks.run(installed, "playbook", "-i", str(installed / "hosts.yml"), PLAYBOOK, *arguments)


def asked(installed):
    return [json.loads(line) for line in (installed / "asked").read_text().splitlines()]


def test_where_nothing_is_to_be_done_it_is_one_visit(installed):
    ended = play(installed, {}, prepare_reboot=True)
    assert ended.code == 0, ended.output
    assert (len(asked(installed)), ended.of(SAY)["here"]["msg"]) == (1, ["unchanged"])


def test_variables_reach_the_module_and_what_is_null_is_left_out(installed):
    pages = [{"size": "1G", "nodes": {"0": 4}}]
    play(installed, {}, prepare_hugepages=pages, prepare_isolated_cpus="2-7")
    given = {name: value for name, value in asked(installed)[0].items() if not name.startswith("_ansible_")}
    assert (given["isolated_cpus"], given["hugepages"][0]["nodes"], given["modules"]) == ("2-7", {"0": 4}, ["vfio-pci"])
    assert set(given) == set(platform.ARGUMENT_SPEC) - {"passthrough"}
    play(installed, {}, "-e", "prepare_passthrough=false")
    assert asked(installed)[0]["passthrough"] == "false"


def test_a_host_that_must_be_booted_and_may_not_be_ends_with_the_reasons(installed):
    ended = play(installed, {"steps": STEPS, "reboot": NEEDED})
    assert ended.code != 0
    assert ended.told() == {
        "here": f"The host has to be booted first: {WHY}. Remedy: prepare_reboot: true lets this role do it; or boot "
        "it, and run again."
    }
    assert ended.of(SAY)["here"]["msg"] == [*STEPS, f"a boot is needed: {WHY}", "changed 2"]


def test_in_check_mode_it_is_only_said(installed):
    ended = play(installed, {"steps": STEPS, "reboot": NEEDED}, "--check", prepare_reboot=True)
    assert ended.code == 0, ended.output
    assert ended.of(SAY)["here"]["msg"] == [*STEPS, f"a boot is needed: {WHY}", "would change 2"]
    assert len(asked(installed)) == 1


@pytest.mark.parametrize(
    ("reboot", "words", "boots"),
    [
        (NEEDED, {"prepare_reboot": True}, True),
        (NEEDED, {"prepare_reboot": True, "prepare_reboot_for": "wanted"}, True),
        (WANTED, {"prepare_reboot": True, "prepare_reboot_for": "wanted"}, True),
        (WANTED, {"prepare_reboot": True}, False),
        (NEEDED, {"prepare_reboot": "false"}, None),
        (WANTED, {"prepare_reboot_for": "wanted"}, False),
        (NOTHING, {"prepare_reboot": True, "prepare_reboot_for": "wanted"}, False),
    ],
)
def test_it_boots_where_that_is_due_and_allowed_and_drains_first(installed, reboot, words, boots):
    ended = play(installed, {"reboot": reboot}, prepare_before_reboot=str(installed / "drain.yml"), **words)
    assert (ended.code != 0, LOCAL in str(ended.told())) == (boots is not False, bool(boots)), ended.output
    names = [each["task"].split(" : ")[-1] for each in ended.results]
    assert not boots or names.index("drain") < names.index("Boot")
    assert ("drain" in names) is bool(boots)


# What comes after a boot, in a play of its own: the tasks of the role from there on.
AFTER = ("Look at the effects", "Refuse a host that", "Do what is to be done after")


def after_a_boot(installed, then, **variables):
    block = next(task for task in ROLE.read("tasks") if "block" in task)["block"]
    tasks = [task for task in block if task["name"].startswith(AFTER)]
    assert [task["name"] for task in block].index("Boot") + 1 == block.index(tasks[0])
    defaults = {**ROLE.read("defaults"), "prepare_after_reboot": str(installed / "drain.yml"), **variables}
    own = [{"hosts": "all", "gather_facts": False, "vars": defaults, "tasks": tasks}]
    (installed / "own.yml").write_text(yaml.safe_dump(own))
    (installed / "asked").unlink(missing_ok=True)
    (installed / "answers.json").write_text(
        json.dumps([{}, {"changed": False, "steps": [], "reboot": NOTHING, **then}])
    )
    (installed / "hosts.yml").write_text(json.dumps({"sriov": {"hosts": {"here": playbooks.STAND_IN_HOST}}}))
    return playbooks.run(installed, "playbook", "-i", str(installed / "hosts.yml"), str(installed / "own.yml"))


def test_after_it_the_effects_are_looked_at_and_the_host_goes_back_to_work(installed):
    ended = after_a_boot(installed, {})
    assert ended.code == 0, ended.output
    assert [each["_ansible_check_mode"] for each in asked(installed)] == [True]
    assert ended.of("drain")["here"]["msg"] == "drained"


@pytest.mark.parametrize("then", [{"reboot": NEEDED}, {"changed": True, "steps": [WHY]}])
def test_a_host_without_them_is_not_given_back(installed, then):
    ended = after_a_boot(installed, then)
    assert ended.told()["here"].startswith(
        f"The host was booted, and does not have what it was booted for: {WHY}. Remedy: "
    )
    assert ended.of("drain") == {}


def test_a_misspelt_value_is_told_before_the_host_is_asked(installed):
    ended = play(installed, {}, prepare_reboot_for="always")
    assert ended.code != 0 and not (installed / "asked").exists()
