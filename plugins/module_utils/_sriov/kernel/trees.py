# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Directories of files, written whole, and compiled."""

from __future__ import annotations

import os
import py_compile
import shutil
import sys
import typing as t
from contextlib import suppress
from importlib.util import cache_from_source

from .etc import flush, make_directories, refused

if t.TYPE_CHECKING:
    from .etc import Etc

COMPILED = "__pycache__"
PYTHON = "/usr/bin/python3"


def python() -> str:
    """The Python that runs this, by the name that an update of the host's packages keeps where it has that."""
    same = os.path.realpath(PYTHON) == os.path.realpath(sys.executable)
    return PYTHON if same else sys.executable


def exists(etc: Etc, path: str) -> bool:
    """Whether there is anything of this name."""
    return os.path.lexists(etc.path(path))


def is_whole(etc: Etc, path: str, files: t.Mapping[str, str]) -> bool:
    """Whether a directory has these files and no others, each compiled for this Python if it can be."""
    target = etc.path(path)
    if _found(target) != set(files):
        return False
    sources = (os.path.join(target, name) for name in filter(_is_source, files))
    same = (_text(os.path.join(target, name)) == text for name, text in files.items())
    return all(same) and all(os.path.exists(cache_from_source(source)) for source in sources)


def write_tree(etc: Etc, path: str, files: t.Mapping[str, str]) -> None:
    """Under another name first, flushed: it is there whole or not at all.

    :raises KernelRefused: with the errno.
    """
    target, unfinished = etc.path(path), _other_name(etc.path(path), "new")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed; nobody else writes now
        for name, text in files.items():
            _write(os.path.join(unfinished, name), text)
        for name in filter(_is_source, files):
            _compile(os.path.join(unfinished, name), os.path.join(path, name))
        os.rename(unfinished, target)
        flush(os.path.dirname(target))
    except OSError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise refused(f"write {path}", error) from None


def mend_tree(etc: Etc, path: str, files: t.Mapping[str, str]) -> None:
    """One that is there, file by file: it is in use.

    :raises KernelRefused: with the errno.
    """
    target = etc.path(path)
    for name, text in files.items():
        if _text(os.path.join(target, name)) != text:
            etc.write(f"{path}/{name}", text)
    for name in _found(target) - set(files):
        etc.remove(f"{path}/{name}")
    try:
        for name in filter(_is_source, files):
            _compile(os.path.join(target, name), os.path.join(path, name))
    except OSError as error:
        raise refused(f"compile {path}", error) from None


def remove_tree(etc: Etc, path: str) -> None:
    """With what a run that was killed has left of it; nothing where it is gone already.

    :raises KernelRefused: with the errno.
    """
    target, gone = etc.path(path), _other_name(etc.path(path), "old")
    try:
        _remove(gone)
        with suppress(FileNotFoundError):
            os.rename(target, gone)  # its name goes first: what is left of it is no generation
            _remove(gone)
    except OSError as error:
        raise refused(f"remove {path}", error) from None


def is_left(etc: Etc, path: str) -> bool:
    """Whether there is anything that remove_tree() would remove."""
    return exists(etc, path) or os.path.lexists(_other_name(etc.path(path), "old"))


def read_tree(etc: Etc, path: str) -> dict[str, str]:
    """Its files, path below it -> text; without those that are compiled. None of them where it is not there.

    :raises UnreadableFile: one cannot be read.
    """
    return {name: etc.read(f"{path}/{name}") or "" for name in sorted(_found(etc.path(path)))}


def _found(path: str) -> set[str]:
    return {
        os.path.relpath(os.path.join(folder, name), path)
        for folder, folders, names in os.walk(path)
        if os.path.basename(folder) != COMPILED
        for name in (*names, *(each for each in folders if os.path.islink(os.path.join(folder, each))))
    }


def _text(path: str) -> str | None:
    """What cannot be read is another text."""
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="surrogateescape")
    except OSError:
        return None


def _compile(path: str, shown: str) -> None:
    py_compile.compile(path, dfile=shown, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)


def _write(path: str, text: str) -> None:
    make_directories(os.path.dirname(path))
    with open(path, "x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())


def _remove(path: str) -> None:
    if os.path.islink(path) or os.path.isfile(path):
        os.unlink(path)
    elif os.path.isdir(path):
        shutil.rmtree(path)


def _is_source(name: str) -> bool:
    return name.endswith(".py")


def _other_name(path: str, word: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name.lstrip('.')}.{word}")
