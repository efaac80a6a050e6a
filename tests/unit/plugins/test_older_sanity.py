# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test of ansible-core 2.17 and 2.18 refuses, while that of 2.19, which scripts/test runs, does not."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
FILES = [path for folder in ("plugins", "scripts", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
OURS = ("modules", "module_utils")


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def test_init_files_of_modules_and_module_utils_are_empty():
    found = [path for path in FILES if path.name == "__init__.py" and path.parts[len(ROOT.parts) + 1] in OURS]
    assert found and names(path for path in found if path.stat().st_size) == [], "2.17: empty-init"


def test_no_function_has_its_body_on_the_line_of_its_def():
    joined = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.body[0].lineno == _last_line_of_head(node)
    ]
    assert joined == [], "2.17 and 2.18: E704; give a docstring instead of `...`, which ruff puts there"


def _last_line_of_head(node):
    parts = [*ast.walk(node.args), *([node.returns] if node.returns else [])]
    return max([node.lineno, *(part.end_lineno for part in parts if hasattr(part, "end_lineno"))])
