# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role provision says the same in each of its files: its variables, their defaults, and what a misspelt one is near."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROOT = Path(host.__file__).resolve().parents[2]
ROLE = RoleFiles("provision")


def test_a_type_is_never_told_by_ansible_before_the_role_tells_all_faults():
    assert {option["type"] for option in ROLE.options().values()} == {"raw"}
