# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role provision says the same in each of its files: its variables, their defaults, and what a misspelt one is near."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.plugins.plugin_utils import _provision

ROOT = Path(host.__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "provision"


def read(path):
    return yaml.safe_load(path.read_text())


def specs():
    return read(ROLE / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]


def test_the_defaults_of_the_role_are_those_that_its_argument_spec_names():
    assert read(ROLE / "defaults" / "main.yml") == {name: option["default"] for name, option in specs().items()}


def test_a_type_is_never_told_by_ansible_before_the_role_tells_all_faults():
    assert {option["type"] for option in specs().values()} == {"raw"}


def test_the_names_that_are_known_are_those_of_role_and_playbook():
    playbook = (ROOT / "playbooks" / "provision.yml").read_text()
    of_playbook = {name for name in _provision.TO_SET if name in playbook}
    assert {*_provision.TO_SET} == {*specs()} | of_playbook
    assert of_playbook == {"provision_hosts", "provision_serial", "provision_max_fail_percentage"}
    tasks = read(ROLE / "tasks" / "main.yml")
    own = {task["register"] for task in tasks if "register" in task}
    own |= {name for task in tasks for name in task.get("vars", {}) if name.startswith("provision_")}
    assert own == {*_provision.OF_THE_ROLE}
