# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role dpdk is what the refusal of a missing group names; it makes a group, adds users, and does nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import users

ROLE = Path(users.__file__).resolve().parents[4] / "roles" / "dpdk"


def read(name):
    return yaml.safe_load((ROLE / name / "main.yml").read_text())


def specs():
    found = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())
    return found["argument_specs"]["main"]["options"]


def test_the_defaults_of_the_role_are_those_that_its_argument_spec_names():
    assert read("defaults") == {name: option["default"] for name, option in specs().items()}


def test_the_readme_has_a_row_for_each_variable():
    rows = [line for line in (ROLE / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(specs())


def test_users_are_added_and_none_is_taken_out():
    group, user = read("tasks")
    assert group["ansible.builtin.group"] == {"name": "{{ dpdk_group }}", "system": True}
    assert user["ansible.builtin.user"] == {"name": "{{ item }}", "groups": "{{ dpdk_group }}", "append": True}
    assert user["loop"] == "{{ dpdk_users }}"
    assert user["when"] == "not (ansible_check_mode and dpdk_group_result is changed)"


def test_the_refusal_of_a_missing_group_names_this_role():
    with pytest.raises(InvalidRequest) as refused:
        users.group_number("no-such-group")
    galaxy = read("meta")["galaxy_info"]
    assert f"role {galaxy['namespace']}.sriov.{galaxy['role_name']} does" in refused.value.remedy
