# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option plan_file in ansible-playbook: what is written, and what is refused by it, on controller and host."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

PF = "0000:01:00.0"
LABEL = f"enp1s0 ({PF})"
AGAIN = "Remedy: run it in check mode (--check), and review the plan that this writes."
HERE = {**playbooks.STAND_IN_HOST, "ansible_become": False}
AWAY = {"ansible_connection": "ssh", "ansible_ssh_executable": "/bin/false"}


def host(name, num_vfs=2, file="plan.json", **more):
    options = {"pfs": [{"pf": "enp1s0", "num_vfs": num_vfs}], "plan_file": file}
    return {"name": name, "kernel_bypass.sriov.host": options, "ignore_errors": True, **more}


def content(path, text):
    copied = {"dest": f"{{{{ ansible_config_file | dirname }}}}/{path}", "content": text, "mode": "0600"}
    return {"name": f"Write {path}", "ansible.builtin.copy": copied}


KEEP = {
    "name": "Keep",
    "ansible.builtin.command": {"argv": ["cp", "-p", "plan.json", "first.json"]},
}
TASKS = [
    host("Without", when="inventory_hostname == 'one'"),
    host("Check", check_mode=True, when="inventory_hostname == 'one'"),
    {**KEEP, "when": "inventory_hostname == 'one'", "args": {"chdir": "{{ ansible_config_file | dirname }}"}},
    host("Check again", check_mode=True, when="inventory_hostname == 'one'"),
    host("Check another host", check_mode=True, when="inventory_hostname == 'two'"),
    host("Another host", when="inventory_hostname == 'two'"),
    host("Background", check_mode=True, **{"async": 60, "poll": 1}, when="inventory_hostname == 'one'"),
    host("Another wish", 1, when="inventory_hostname == 'one'"),
    host("Empty", file=" ", when="inventory_hostname == 'one'"),
    host("A number", file=7, when="inventory_hostname == 'one'"),
    host("Null", 0, file=None, check_mode=True, when="inventory_hostname == 'one'"),
    {**content("damaged.json", "{"), "when": "inventory_hostname == 'one'"},
    host("Damaged", file="damaged.json", when="inventory_hostname == 'one'"),
    host("Over another", file="damaged.json", check_mode=True, when="inventory_hostname == 'one'"),
    {**content("schema.json", '{"schema": 7, "host": "one"}'), "when": "inventory_hostname == 'one'"},
    host("Schema", file="schema.json", when="inventory_hostname == 'one'"),
    host("Run", diff=True, when="inventory_hostname == 'one'"),
    host("Again", when="inventory_hostname == 'one'"),
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The results, and the directory in which the files are."""
    scratch = tmp_path_factory.mktemp("plans")
    playbooks.install(scratch)
    (scratch / "hosts.json").write_text(json.dumps({"all": {"hosts": {"one": HERE, "two": HERE}}}))
    (scratch / "site.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": TASKS}]))
    run = playbooks.run(scratch, "playbook", "--forks=1", "-i", str(scratch / "hosts.json"), str(scratch / "site.yml"))
    assert run.code == 0, run.output
    return run, scratch


def result(ended, task, of="one"):
    """Of the task of just this name."""
    found = [each for each in ended[0].results if each["task"] == task and each["host"] == of]
    return {**found[-1]["result"], "failed": found[-1]["kind"] == "failed"}


def test_without_a_file_nothing_is_done(ended):
    found = result(ended, "Without")
    assert found["msg"] == f"plan_file: there is no file {ended[1]}/plan.json. {AGAIN}"
    assert (found["failed"], found["changed"], found["failure"]["kind"]) == (True, False, "invalid")
    assert "invocation" not in found, "no module was run"


def test_check_mode_writes_it(ended):
    found, path = result(ended, "Check"), ended[1] / "plan.json"
    plan = json.loads(path.read_text())
    assert found["plan_file"] == found["invocation"]["module_args"].get("plan_file").replace("plan", f"{ended[1]}/plan")
    assert (plan["steps"], plan["host"], plan["schema"]) == (found["steps"], "one", 1)
    assert plan["desired"] == {PF: {"num_vfs": 2, "port": "enp1s0", "up": True}}
    assert plan["facts"][PF]["device"]["netdevs"]["enp1s0"]["up"] is True
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_runs_in_check_mode_write_the_same_bytes(ended):
    assert result(ended, "Check again")["changed"]
    assert (ended[1] / "plan.json").read_bytes() == (ended[1] / "first.json").read_bytes()


@pytest.mark.parametrize("task", ["Check another host", "Another host"])
def test_two_hosts_have_two_files(ended, task):
    assert result(ended, task, "two")["msg"] == (
        f"plan_file: {ended[1]}/plan.json is the plan of another host: of one. "
        "Remedy: give each host a file of its own, as in plan_file: plans/{{ inventory_hostname }}.json."
    )


def test_a_task_in_the_background_plans_nothing_to_be_reviewed(ended):
    found = result(ended, "Background")
    assert found["failed"] and found["msg"] == (
        "plan_file: a task in the background has no plan to write: the controller does not see its end. "
        "Remedy: leave out async."
    )


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("Another wish", "the plan is not the saved one:\n- desired: {pf}.num_vfs was 2, is 1\n"),
        ("Empty", "it is empty. Remedy: name a file, or leave it out."),
        (
            "A number",
            "7 (a number), where the name of a file is expected. "
            "Remedy: write it as in plan_file: plans/{{{{ inventory_hostname }}}}.json.",
        ),
        ("Damaged", "{directory}/damaged.json is damaged: it is no JSON ("),
        (
            "Over another",
            "{directory}/damaged.json is no plan of this collection: it would be overwritten. "
            "Remedy: name another file, or remove it.",
        ),
        ("Schema", f"{{directory}}/schema.json is of schema 7: this version of the collection has schema 1. {AGAIN}"),
    ],
)
def test_what_is_not_the_saved_plan_is_refused(ended, task, told):
    found = result(ended, task)
    assert found["msg"].startswith("plan_file: " + told.format(pf=PF, directory=ended[1]))
    assert (found["failed"], found["changed"], found["done"]) == (True, False, [])


def test_what_would_be_done_otherwise_is_told_a_line_each(ended):
    found = result(ended, "Another wish")
    assert found["failure"]["kind"] == "plan_changed"
    assert found["failure"]["why"].splitlines() == [
        f"desired: {PF}.num_vfs was 2, is 1",
        f"steps: no longer: set sriov_numvfs of {LABEL} from 0 to 2",
        f"steps: no longer: wait until all 2 VFs of {LABEL} are there",
        f"steps: new: set sriov_numvfs of {LABEL} from 0 to 1",
        f"steps: new: wait until the VF of {LABEL} is there",
    ]
    assert found["invocation"]["module_args"]["plan_file"] == "plan.json", "the path, and not the text"


def test_null_is_none(ended):
    assert "plan_file" not in result(ended, "Null")


def test_the_plan_that_was_saved_is_carried_out_once(ended):
    done, again = result(ended, "Run"), result(ended, "Again")
    assert done["changed"] and done["steps"] == result(ended, "Check")["steps"]
    assert done["plan_file"] == f"{ended[1]}/plan.json" == result(ended, "Check")["plan_file"]
    assert again["msg"].startswith("plan_file: the plan is not the saved one:\n") and again["failed"]
    assert f"\n- facts: {PF}.num_vfs was 0, is 2\n" in again["msg"]
    assert (ended[1] / "plan.json").read_bytes() == (ended[1] / "first.json").read_bytes()


def test_a_file_that_is_missing_is_refused_before_the_first_connection(ended):
    directory = ended[1]
    (directory / "away.json").write_text(json.dumps({"all": {"hosts": {"away": AWAY}}}))
    tasks = [{**host("Away", file="away/plan.json"), "ignore_errors": False}]
    (directory / "away.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    found = playbooks.run(directory, "playbook", "-i", str(directory / "away.json"), str(directory / "away.yml"))
    assert found.told() == {"away": f"plan_file: there is no file {directory}/away/plan.json. {AGAIN}"}
