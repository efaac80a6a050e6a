# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in a zip file is compiled once, as an unpacked one is; and all the same where Python changes its ways."""

from __future__ import annotations

import subprocess
import sys
import types
import zipfile
import zipimport
from pathlib import Path

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module import zip_once

PROGRAM = """
import sys, zipimport
sys.path.insert(0, sys.argv[1])
compiled = []
compile_source = zipimport._compile_source
zipimport._compile_source = lambda *words: compiled.append(words[0]) or compile_source(*words)
if sys.argv[2] == "once":
    import zip_once
import package.part
ours = [name for name in compiled if "package" in name]
print(len(ours), package.part.VALUE, package.part.__file__.endswith("packed.zip/package/part.py"))
"""

# What a module imports of ours, in the order of completion and without packages; a line for each module that is named.
ORDER = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(f"{sys.argv[1]}.modules.{name}")
    files = [name for name in sys.modules if name.startswith(f"{sys.argv[1]}.module_utils.")]
    print(*(name.rpartition(".")[2] for name in files if hasattr(sys.modules[name], "annotations")))
    for name in files:
        del sys.modules[name]
"""
PLUGINS = zip_once.__name__.partition(".module_utils")[0]
PATHS = sorted(Path(zip_once.__file__).parents[2].glob("modules/[!_]*.py"))
MODULES = [path.stem for path in PATHS if "import AnsibleModule" in path.read_text()]  # others are documentation alone


def compilations(tmp_path, how):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("package/__init__.py", "")
        archive.writestr("package/part.py", "VALUE = 7")
        archive.writestr("zip_once.py", Path(zip_once.__file__).read_text())
    program = [sys.executable, "-c", PROGRAM, str(packed), how]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()


def test_each_file_is_compiled_once(tmp_path):
    assert compilations(tmp_path, "once") == ["2", "7", "True"]
    assert compilations(tmp_path, "as it is") == ["4", "7", "True"], "Python itself does so twice"


def test_python_is_left_alone_where_modules_are_files():
    assert zipimport._get_module_code.__module__ == "zipimport"


def test_a_python_that_calls_it_otherwise_is_left_alone():
    module = types.SimpleNamespace(other=1)
    zip_once.compile_once(module)
    assert vars(module) == {"other": 1}


def test_modules_import_it_before_all_else_of_ours():
    program = [sys.executable, "-c", ORDER, PLUGINS, *MODULES]
    lines = subprocess.run(program, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {module: line.split()[0] for module, line in zip(MODULES, lines)} == dict.fromkeys(MODULES, "zip_once"), (
        "the file that a module imports first has to import zip_once above all else"
    )
