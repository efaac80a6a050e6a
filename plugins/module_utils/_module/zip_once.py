# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Modules come to a host in a zip file, and zipimport compiles each file of it twice: here it does so once.

Lib/zipimport.py of Python 3.8 to 3.14: importlib asks get_filename() first, which compiles the source to tell where it
is, and then get_code(), which compiles it again: an eighth of a run that changes nothing (docs/speed.md).

The files of this folder that modules import first import this one above all else. (`__init__.py` would do it in one
place, but the sanity tests of ansible-core 2.17 want that to be empty.)
"""

from __future__ import annotations

import typing as t
import zipimport

COMPILE = "_get_module_code"  # a private name: where it is called otherwise, all stays as it is


def compile_once(module: t.Any = zipimport) -> None:
    """Keep what was compiled to tell the file's name until it is asked for as code."""
    compiled: dict[t.Any, t.Any] = {}
    compile_file = getattr(module, COMPILE, None)
    if compile_file is None:
        return

    def once(importer: t.Any, name: str) -> t.Any:
        key = (importer.archive, importer.prefix, name)
        if key not in compiled:
            compiled[key] = compile_file(importer, name)
            return compiled[key]
        return compiled.pop(key)

    setattr(module, COMPILE, once)


if isinstance(getattr(__spec__, "loader", None), zipimport.zipimporter):  # on the controller there is no zip file
    compile_once()
