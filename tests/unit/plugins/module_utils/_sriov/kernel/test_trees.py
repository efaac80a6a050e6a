# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directories of files: whole, compiled, mended, removed."""

from __future__ import annotations

import os
import stat
import sys

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import trees
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.etc import Etc

FILES = {"engine/a.py": "A = 1\n", "engine/b/__init__.py": "", "desired.json": "{}\n"}


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "usr").mkdir()
    return Etc(str(tmp_path))


def test_it_is_there_as_it_was_given_and_compiled(etc, tmp_path):
    previous = os.umask(0o077)
    try:
        trees.write_tree(etc, "/usr/tree", FILES)
    finally:
        os.umask(previous)
    assert trees.read_tree(etc, "/usr/tree") == FILES and trees.is_whole(etc, "/usr/tree", FILES)
    compiled = [path.name for path in (tmp_path / "usr/tree").rglob("*.pyc")]
    tag = sys.implementation.cache_tag
    assert sorted(compiled) == [f"__init__.{tag}.pyc", f"a.{tag}.pyc"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "usr/tree/engine").iterdir() if path.is_file()}
    assert modes == {0o644} and stat.S_IMODE((tmp_path / "usr/tree/engine").stat().st_mode) == 0o755
    assert os.listdir(tmp_path / "usr") == ["tree"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda tree: (tree / "desired.json").write_text("{"),
        lambda tree: (tree / "desired.json").write_bytes(b"\xff"),
        lambda tree: (tree / "desired.json").unlink(),
        lambda tree: (tree / "more").write_text(""),
        lambda tree: (tree / "engine/link").symlink_to("/"),
        lambda tree: next(tree.rglob("a.*.pyc")).unlink(),
    ],
)
def test_what_is_not_as_it_was_is_seen_and_mended(etc, tmp_path, damage):
    trees.write_tree(etc, "/usr/tree", FILES)
    damage(tmp_path / "usr/tree")
    assert not trees.is_whole(etc, "/usr/tree", FILES)
    trees.mend_tree(etc, "/usr/tree", FILES)
    assert trees.is_whole(etc, "/usr/tree", FILES) and trees.read_tree(etc, "/usr/tree") == FILES


def test_what_cannot_be_written_leaves_nothing(etc, tmp_path):
    (tmp_path / "usr/tree").mkdir()
    (tmp_path / "usr/tree/full").write_text("")
    with pytest.raises(KernelRefused, match="cannot write /usr/tree"):
        trees.write_tree(etc, "/usr/tree", FILES)
    assert os.listdir(tmp_path / "usr") == ["tree"] and os.listdir(tmp_path / "usr/tree") == ["full"]


def test_it_is_removed_with_what_a_killed_run_has_left(etc, tmp_path):
    trees.write_tree(etc, "/usr/tree", FILES)
    (tmp_path / "usr/.tree.old/x").mkdir(parents=True)
    trees.remove_tree(etc, "/usr/tree")
    assert os.listdir(tmp_path / "usr") == [] and not trees.is_left(etc, "/usr/tree")
    (tmp_path / "usr/.tree.old").mkdir()
    assert trees.is_left(etc, "/usr/tree")
    trees.remove_tree(etc, "/usr/tree")
    assert not trees.is_left(etc, "/usr/tree")


def test_a_python_of_the_system_is_called_as_its_updates_call_it(monkeypatch):
    monkeypatch.setattr(sys, "executable", os.path.realpath(trees.PYTHON))
    assert trees.python() == (trees.PYTHON if os.path.exists(trees.PYTHON) else sys.executable)
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    assert trees.python() == "/opt/python/bin/python3"
