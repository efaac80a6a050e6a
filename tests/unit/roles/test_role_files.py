# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every role says of its variables is the same in its argument spec, its defaults and its README."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import ROLES, RoleFiles

NAMES = sorted(path.name for path in ROLES.iterdir())


@pytest.fixture(params=NAMES)
def role(request):
    return RoleFiles(request.param)


def test_the_defaults_are_those_that_the_argument_spec_names(role):
    assert role.read("defaults") == {name: option.get("default") for name, option in role.options().items()}


def test_the_readme_has_a_row_for_each_variable(role):
    rows = [line for line in (role.path / "README.md").read_text().splitlines() if line.startswith("| `")]
    named = [row.split("`")[1] for row in rows]
    assert [name for name in named if name.startswith(f"{role.path.name}_")] == list(role.options())


def test_each_entry_takes_the_same_and_is_there(role):
    entries = role.entries()
    assert all(options == role.options() for options in entries.values())
    assert all((role.path / "tasks" / f"{name}.yml").exists() for name in entries)
