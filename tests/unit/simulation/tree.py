# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake "/" from plain data: one dictionary of paths. It is dumb: what a kernel would do is in kernel.py."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """A symbolic link, with its target as written in it."""

    target: str


DIRECTORY = None  # the value of a path that is an empty directory


def build(root, files):
    """Write the tree; a text gets the newline that the kernel's files end with, bytes stay as they are."""
    for name, value in files.items():
        path = os.path.join(str(root), name)
        os.makedirs(path if value is DIRECTORY else os.path.dirname(path), exist_ok=True)
        if isinstance(value, Link):
            os.symlink(value.target, path)
        elif value is not DIRECTORY:
            with open(path, "wb") as file:
                file.write(value if isinstance(value, bytes) else f"{value}\n".encode())
    return str(root)


def snapshot(root):
    """Everything below root: path -> content, target, or mode and owner of a directory. Equal: not one byte differs."""
    found = {}
    for parent, directories, files in os.walk(str(root)):
        for name in [*directories, *files]:
            path = os.path.join(parent, name)
            status = os.lstat(path)
            found[os.path.relpath(path, str(root))] = (status.st_mode, status.st_uid, status.st_gid, _content(path))
    return found


def _content(path):
    if os.path.islink(path):
        return os.readlink(path)
    if os.path.isdir(path):
        return None
    with open(path, "rb") as file:
        return file.read()
