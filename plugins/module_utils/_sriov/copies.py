# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Copies of our own files, for a process that runs when the module, and the zip file it came in, are gone.

They are found by walking imports: what happens to be loaded depends on what the module had to do.
"""

from __future__ import annotations

import ast
import functools
import pkgutil
import typing as t
from importlib.util import resolve_name

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .kept.files import Files

PACKAGE = __name__.rpartition(".")[0]  # "_sriov" in a copy
INIT = "/__init__.py"
START = """import os
import sys

# Not the link that leads here: it may be turned while this runs.
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from {package}.{module} import main

sys.exit(main(sys.argv[1:]))
"""


def install(files: Files, directory: str, module: str) -> None:
    """Make a directory that `python3 -I DIRECTORY` runs; what is in it goes first.

    :param module: the one of this package that has main(): "back", "at_boot.program".
    :raises KernelRefused: it cannot be written.
    """
    files.remove_directory(directory)
    for path, source in program(module).items():
        files.write_text(f"{directory}/{path}", source)


def program(module: str) -> dict[str, str]:
    """All files of such a directory: path -> source, what starts it last."""
    start = START.format(package=PACKAGE.rpartition(".")[2], module=module)
    return {**sources(f"{PACKAGE}.{module}"), "__main__.py": start}


@functools.lru_cache(maxsize=None)
def sources(module: str) -> dict[str, str]:
    """A module of this package with all that it imports of it, in functions too: path -> source."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    left = [module]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        path = _path(name)
        if path is None:
            continue  # a name that is no module: what is imported from one
        found[path] = source = _source(path) or ""
        parent = name.rpartition(".")[0]
        left += [parent] if _is_ours(parent) else []
        left += _imports(source, name if path.endswith(INIT) else parent)
    return found


@functools.lru_cache(maxsize=None)
def _path(name: str) -> str | None:
    """Of a module or package, below the directory that Python has to know; None where there is no such one."""
    path = name[len(PACKAGE.rpartition(".")[0]) :].lstrip(".").replace(".", "/")
    candidates = (f"{path}{INIT}",) if name == PACKAGE else (f"{path}.py", f"{path}{INIT}")
    return next((each for each in candidates if _source(each) is not None), None)


@functools.lru_cache(maxsize=None)
def _source(path: str) -> str | None:
    """Read as data: to ask for a module, as importlib does it, compiles it each time where it is in a zip file."""
    try:
        data = t.cast("bytes | str | None", pkgutil.get_data(PACKAGE, path.partition("/")[2]))
    except OSError:
        return None
    return data.decode() if isinstance(data, bytes) else data  # a text: ansible-core's loader, of an empty file


def _imports(source: str, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield base
            if (_path(base) or "").endswith(INIT):
                yield from (f"{base}.{alias.name}" for alias in node.names)


def _is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(f"{PACKAGE}.")
