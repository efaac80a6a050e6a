# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Files with settings of other programs, found by the names that those programs look for. It only reads."""

from __future__ import annotations

import errno
import os
import posixpath
import stat
import typing as t
from fnmatch import fnmatchcase

from ..errors import errno_words
from ..model.owners import ConfigFile
from ..model.paths import NOTHING

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.owners import Place

LARGEST = 1 << 20  # bytes of a file
MOST = 1000  # names in a folder
HOPS = 8  # symbolic links from one to the next
WILD = frozenset("*?[")
ABSENT = (errno.ENOENT, errno.ENOTDIR)


class ConfigFiles:
    """What cannot be read is a file with the reason, never no file.

    :param root: the directory that stands for "/"; also for links that begin there.
    """

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def at(self, place: Place) -> list[ConfigFile]:
        """The files of a place that count, masks among them."""
        found: dict[str, ConfigFile] = {}
        for folder in place.folders:
            for path, why in self._below(folder, place.pattern):
                found.setdefault(path[len(folder) :] if not why else path, ConfigFile(path, why=why))
        read = (each if each.why else self.read(each.path) for each in found.values())
        return [each for each in read if each]

    def read(self, path: str) -> ConfigFile | None:
        """None where there is no such file, or no ordinary one."""
        target = self._resolved(path)
        if target == NOTHING:
            return ConfigFile(path, masks=True, target=path)
        try:
            # O_NONBLOCK: opening a pipe would wait for its other end.
            descriptor = os.open(self._real(target), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            absent = error.errno in (*ABSENT, errno.ENXIO)
            return None if absent else ConfigFile(path, why=_words(error), target=path)
        try:
            return _content(ConfigFile(path, target=target), descriptor)
        except OSError as error:
            return ConfigFile(path, why=_words(error), target=path)
        finally:
            os.close(descriptor)

    def exists(self, path: str) -> bool:
        """Also of a socket or a directory. What cannot be looked at is there."""
        try:
            os.lstat(self._real(path))
        except OSError as error:
            return error.errno not in ABSENT
        return True

    def _below(self, folder: str, pattern: str) -> Iterator[tuple[str, str]]:
        """Paths, each with why it could not be looked at."""
        head, _slash, rest = pattern.partition("/")
        names, why = self._names(folder, head)
        for path in (f"{folder}/{name}" for name in names):
            if rest:
                yield from self._below(path, rest)
            else:
                yield path, ""
        if why:
            yield folder, why

    def _names(self, folder: str, pattern: str) -> tuple[list[str], str]:
        if not WILD & set(pattern):
            return [pattern] if self.exists(f"{folder}/{pattern}") else [], ""
        try:
            names = os.listdir(self._real(self._resolved(folder)))
        except OSError as error:
            return [], "" if error.errno in ABSENT else _words(error)
        found = sorted(name for name in names if not name.startswith(".") and fnmatchcase(name, pattern))
        return found[:MOST], f"has more than {MOST} files, which are not all looked at" if len(found) > MOST else ""

    def _resolved(self, path: str) -> str:
        """Where the links lead, one that begins with "/" from our root on; of a circle one of its links."""
        for _hop in range(HOPS):
            try:
                target = os.readlink(self._real(path))
            except (OSError, ValueError):
                break
            path = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        return path

    def _real(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))


def _words(error: OSError) -> str:
    return f"could not be read [{errno_words(error.errno or 0)}]"


def _content(file: ConfigFile, descriptor: int) -> ConfigFile | None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return None
    data = b""
    while len(data) <= LARGEST:
        more = os.read(descriptor, LARGEST + 1 - len(data))
        if not more:
            return file._replace(text=data.decode("utf-8", "replace"))
        data += more
    return file._replace(why=f"has more than {LARGEST >> 20} MiB, and was not read")
