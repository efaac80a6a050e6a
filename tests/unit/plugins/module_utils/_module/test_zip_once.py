# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in a zip file is compiled once, as an unpacked one is; and all the same where Python changes its ways."""

from __future__ import annotations

import subprocess
import sys
import types
import zipfile
from pathlib import Path

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module import zip_once

PROGRAM = """
import sys, zipimport
sys.path[:0] = sys.argv[1:]
compiled = []
compile_source = zipimport._compile_source
zipimport._compile_source = lambda *words: compiled.append(words[0]) or compile_source(*words)
if "zip_once" in sys.argv[2]:
    import zip_once
import package.part
print(len(compiled), package.part.VALUE, package.part.__file__.endswith("packed.zip/package/part.py"))
"""


def compilations(tmp_path, directory):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("package/__init__.py", "")
        archive.writestr("package/part.py", "VALUE = 7")
    program = [sys.executable, "-c", PROGRAM, str(packed), str(directory)]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()


def test_each_file_is_compiled_once(tmp_path):
    directory = tmp_path / "zip_once"
    directory.mkdir()
    (directory / "zip_once.py").write_text(Path(zip_once.__file__).read_text())
    assert compilations(tmp_path, directory) == ["2", "7", "True"]
    assert compilations(tmp_path, tmp_path) == ["4", "7", "True"], "Python itself does so twice"


def test_a_python_that_calls_it_otherwise_is_left_alone():
    module = types.SimpleNamespace(other=1)
    zip_once.compile_once(module)
    assert vars(module) == {"other": 1}
