# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of a PF while packets are dropped."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.drop_cost import DropCost
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.drop_cost import Before
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import DROP_COST
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

BOOT = {"proc/sys/kernel/random/boot_id": "one", "run/x": ""}
BEFORE = Before("enp1s0", "0000:01:00.0", "enp1s0 (0000:01:00.0)", "nft", 4321, 0, (0, 1), True, False)


def test_it_comes_back_as_it_was_in_the_same_boot_only(tmp_path):
    kept = DropCost(Files(build(tmp_path, BOOT)))
    assert kept.read() is None
    kept.write(BEFORE)
    assert kept.read() == BEFORE
    build(tmp_path, {"proc/sys/kernel/random/boot_id": "two"})
    assert kept.read() is None, "a boot brings all of it back"


def test_it_is_gone_when_it_is_removed(tmp_path):
    kept = DropCost(Files(build(tmp_path, BOOT)))
    kept.write(BEFORE)
    kept.remove()
    assert kept.read() is None and not (tmp_path / DROP_COST.lstrip("/")).exists()


@pytest.mark.parametrize("text", ["{", '{"schema": 1, "boot": "one", "before": {"pf": "enp1s0"}}'])
def test_what_cannot_be_understood_is_told(tmp_path, text):
    kept = DropCost(Files(build(tmp_path, {**BOOT, DROP_COST.lstrip("/"): text})))
    with pytest.raises(Unreadable):
        kept.read()
