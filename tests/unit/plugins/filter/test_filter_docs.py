# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every filter is documented as it is, and its examples come to what they say."""

from __future__ import annotations

import inspect
import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.filter import anonymous, flow, mac_range, vf_list

DIRECTORY = pathlib.Path(flow.__file__).parent
COLLECTION = "kernel_bypass.sriov"
FILTERS = {
    name: call for file in (anonymous, flow, mac_range, vf_list) for name, call in file.FilterModule().filters().items()
}


def documentation(name):
    return yaml.safe_load((DIRECTORY / f"{name}.yml").read_text(encoding="utf-8"))


def tasks(name):
    return yaml.safe_load(documentation(name)["EXAMPLES"])


def answers(name):
    """The comment behind each fact, which says what it comes to, in the order of the facts."""
    lines = [line.strip() for line in documentation(name)["EXAMPLES"].splitlines()]
    return [yaml.safe_load(line[2:]) for line in lines if line.startswith("# ")]


def test_no_file_is_forgotten():
    assert {path.stem for path in DIRECTORY.glob("*.py")} == {"anonymous", "flow", "mac_range", "vf_list"}
    assert {path.stem for path in DIRECTORY.glob("*.yml")} == set(FILTERS)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_documented_with_its_arguments(name):
    written = documentation(name)["DOCUMENTATION"]
    first, *others = inspect.signature(FILTERS[name]).parameters.values()
    options = written["options"]
    assert written["name"] == name
    assert first.default is inspect.Parameter.empty and options["_input"]["required"]
    assert {"_input", *(argument.name for argument in others)} == set(options)
    assert all(argument.default is None and "default" not in options[argument.name] for argument in others)
    assert written.get("positional", "").split(", ") == ([others[0].name] if others else [""])
    assert {"description", "type"} <= set(documentation(name)["RETURN"]["_value"])


@pytest.mark.parametrize("name", FILTERS)
def test_every_example_says_what_it_comes_to(name):
    facts = [fact for task in tasks(name) for fact in task["ansible.builtin.set_fact"]]
    assert facts and facts == [fact for answer in answers(name) for fact in answer]
    assert all(
        f"{COLLECTION}.{name}" in value for task in tasks(name) for value in task["ansible.builtin.set_fact"].values()
    )


def test_examples_come_to_what_they_say_in_a_playbook(tmp_path):
    """Ansible finds the filters by their names, with their documentation beside them, and evaluates them itself."""
    play = {"hosts": "localhost", "gather_facts": False, "tasks": []}
    checks = 0
    for name in FILTERS:
        left = answers(name)
        for task in tasks(name):
            facts = task["ansible.builtin.set_fact"]
            expected = {fact: answer[fact] for fact, answer in zip(facts, left)}
            del left[: len(facts)]
            check = {"that": [f"{fact} == expected.{fact}" for fact in facts], "quiet": True}
            play["tasks"] += [task, {"name": name, "ansible.builtin.assert": check, "vars": {"expected": expected}}]
            checks += len(facts)
    playbook = tmp_path / "examples.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(DIRECTORY.parents[4]),
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    command = [sys.executable, "-m", "ansible.cli.playbook", "-c", "local", "-i", "localhost,", str(playbook)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert checks == sum(len(answers(name)) for name in FILTERS) >= 11
