# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has still to be told of other files."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.due import Due
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BOOT_DUE
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

BOOT = {"proc/sys/kernel/random/boot_id": "one", "run/x": ""}


def test_it_is_of_one_boot(tmp_path):
    due = Due(Files(build(tmp_path, BOOT)))
    assert due.read() == ()
    due.write(("units", "udev"))
    assert due.read() == ("units", "udev")
    build(tmp_path, {"proc/sys/kernel/random/boot_id": "two"})
    assert due.read() == ()


def test_none_leaves_no_file(tmp_path):
    due = Due(Files(build(tmp_path, BOOT)))
    due.write(("units",))
    due.write(())
    assert not (tmp_path / BOOT_DUE.lstrip("/")).exists()


def test_what_cannot_be_understood_is_told(tmp_path):
    due = Due(Files(build(tmp_path, {**BOOT, BOOT_DUE.lstrip("/"): "{"})))
    with pytest.raises(Unreadable):
        due.read()
