# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps on files: done, and taken back."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.files import Undo
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.etc import Etc, UnreadableFile
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.files import (
    RemoveFile,
    WriteFile,
    WriteLink,
)


def tree(root):
    return {
        str(path.relative_to(root)): os.readlink(path) if path.is_symlink() else (path.read_text(), path.stat().st_mode)
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "there").write_text("as it was")
    (tmp_path / "there").chmod(0o640)
    (tmp_path / "link").symlink_to("there")
    return Etc(str(tmp_path))


STEPS = [WriteFile("/new", "x"), WriteFile("/there", "y"), WriteLink("/link", "new"), RemoveFile("/there")]


@pytest.mark.parametrize("number", range(len(STEPS) + 1))
def test_all_that_was_done_is_taken_back(etc, tmp_path, number):
    before = tree(tmp_path)
    undo = Undo(etc)
    for step in STEPS[:number]:
        undo.change(step)
    assert (tree(tmp_path) == before) is (number == 0)
    assert undo.go_back() == []
    assert tree(tmp_path) == before


def test_what_cannot_be_read_is_not_written_over(etc, tmp_path):
    (tmp_path / "there").write_bytes(b"\xff")
    with pytest.raises(UnreadableFile):
        Undo(etc).change(WriteFile("/there", "y"))
    assert (tmp_path / "there").read_bytes() == b"\xff"


def test_what_cannot_be_put_back_is_told(etc, tmp_path):
    undo = Undo(etc)
    undo.change(RemoveFile("/there"))
    (tmp_path / "there").mkdir()
    assert undo.go_back() == ["cannot write /there [EISDIR: Is a directory]."]


def test_a_refusal_leaves_what_was_there(etc, tmp_path):
    (tmp_path / "directory").mkdir()
    with pytest.raises((KernelRefused, UnreadableFile)):
        Undo(etc).change(RemoveFile("/directory"))
    assert (tmp_path / "directory").is_dir()


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (WriteFile("/a", "x", "the unit"), "write /a (the unit)"),
        (WriteFile("/a", "x"), "write /a"),
        (WriteLink("/a", "b"), "link /a to b"),
        (RemoveFile("/a"), "remove /a"),
    ],
)
def test_sentences(step, text):
    assert str(step) == text
