# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of our own files: complete, and of use without Ansible."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import copies as tested
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.copies import install, sources
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import RUN

THERE = f"{RUN}/there"
FOLDER = os.path.dirname(tested.__file__)
# Every module by itself: one that is imported in a function is missed only when that is called.
EACH = """
import importlib, os, sys
sys.path.insert(0, sys.argv[1])
for folder, _folders, names in os.walk(os.path.join(sys.argv[1], "_sriov")):
    for name in names:
        path = os.path.relpath(os.path.join(folder, name), sys.argv[1])[: -len(".py")]
        importlib.import_module(path.replace(os.sep, ".").replace(".__init__", ""))
print(len(sys.modules), [name for name in sys.modules if name.startswith("ansible")])
"""


def run(*arguments):
    command = [sys.executable, "-I", "-B", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={}, timeout=60)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("host")
    (root / "run").mkdir()
    install(Files(str(root)), THERE, "back")
    return root / THERE.lstrip("/")


def test_what_is_imported_is_there_and_nothing_else():
    found = set(sources(f"{tested.PACKAGE}.back"))
    assert {"_sriov/__init__.py", "_sriov/back.py", "_sriov/apply/run.py", "_sriov/plan/__init__.py"} <= found
    assert "_sriov/info.py" not in found and "_sriov/observe/rates.py" not in found


def test_each_file_is_as_it_was(copy):
    for path in sources(f"{tested.PACKAGE}.back"):
        with open(os.path.join(os.path.dirname(FOLDER), path), encoding="utf-8") as file:
            assert (copy / path).read_text(encoding="utf-8") == file.read()


def test_every_module_of_the_copy_can_be_imported_without_ansible(copy):
    ended = run("-c", EACH, copy)
    assert (ended.returncode, ended.stderr) == (0, "") and ended.stdout.endswith(" []\n")


def test_it_runs_on_an_empty_host(copy, tmp_path):
    ended = run(copy, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "no run waits for its confirmation\n", "")


def test_only_root_may_change_it(copy):
    modes = {os.stat(path).st_mode & 0o777 for path in (copy, copy / "_sriov", copy / "__main__.py")}
    assert modes == {0o700, 0o600}


def test_what_was_there_before_goes(copy, tmp_path):
    (tmp_path / "run").mkdir()
    files = Files(str(tmp_path))
    files.write_text(f"{THERE}/old.py", "")
    install(files, THERE, "back")
    assert files.names(THERE) == ["__main__.py", "_sriov"]


def test_out_of_a_zip_file_as_on_a_host(tmp_path):
    """As Ansible packs it: a module's files alone, below the names of the collection."""
    archive = tmp_path / "module.zip"
    above = "ansible_collections/kernel_bypass/sriov/plugins/module_utils"
    with zipfile.ZipFile(archive, "w") as file:
        parts = above.split("/")
        for length in range(1, len(parts) + 1):
            file.writestr("/".join([*parts[:length], "__init__.py"]), "")
        for path, source in sources(f"{tested.PACKAGE}.back").items():
            file.writestr(f"{above}/{path}", source)
    code = f"""
import sys
sys.path.insert(0, {str(archive)!r})
from {above.replace("/", ".")}._sriov.copies import install
from {above.replace("/", ".")}._sriov.kept.files import Files
install(Files({str(tmp_path)!r}), {THERE!r}, "back")
"""
    (tmp_path / "run").mkdir()
    assert run("-c", code).stderr == ""
    ended = run(tmp_path / THERE.lstrip("/"), tmp_path / "nothing")
    assert (ended.stdout, ended.stderr) == ("no run waits for its confirmation\n", "")
    folder = tmp_path / THERE.lstrip("/")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}
    assert there == {*sources(f"{tested.PACKAGE}.back"), "__main__.py"}
