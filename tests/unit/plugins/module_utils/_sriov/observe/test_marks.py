# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The marks that are there."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.etc import UnreadableFile
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.marks import marks
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import MARK_RULES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.marks import marks_now
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.owners import kernel_at

VFS = ["0000:01:10.0"]


def test_what_was_written_is_read(tmp_path):
    wanted = marks(VFS)
    kernel = kernel_at(tmp_path)
    assert marks_now(kernel) == {}
    for path, text in wanted.items():
        kernel.etc.write(path, text)
    assert marks_now(kernel) == wanted


def test_one_that_somebody_has_switched_off_says_nothing(tmp_path):
    assert marks_now(kernel_at(tmp_path, {MARK_RULES[1:]: Link("/dev/null")})) == {MARK_RULES: ""}


def test_one_that_cannot_be_read_is_not_one_that_is_not_there(tmp_path):
    with pytest.raises(UnreadableFile, match="60-kernel-bypass-sriov.rules"):
        marks_now(kernel_at(tmp_path, {MARK_RULES[1:]: Link("60-kernel-bypass-sriov.rules")}))
