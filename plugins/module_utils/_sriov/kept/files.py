# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Files of our own on a host, in JSON: written whole or not at all, and readable by root alone."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import stat
import typing as t
from contextlib import suppress

from ..errors import KernelRefused, SriovError
from ..model.paths import LIBRARY, RUN

MOST = 16 << 20  # bytes
UNFINISHED = re.compile(r"\..+\.[0-9]+")
REMEDIES = {
    errno.ENOSPC: "make room there (df {0})",
    errno.EDQUOT: "make room there (df {0})",
    errno.EROFS: "let {0} be written to (a tmpfs is enough: what is in it lasts until the boot)",
}


class Unreadable(SriovError):
    """A file of ours is there and cannot be understood: what it would tell is not known."""

    kind = "unreadable"


class Files:
    """Reads and writes by path.

    :param root: the directory that stands for "/"; tests give a tree of their own.
    """

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def path(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))

    def names(self, path: str) -> list[str]:
        """The files of a directory, sorted; none where it does not exist.

        :raises Unreadable: it cannot be listed.
        """
        try:
            return sorted(name for name in os.listdir(self.path(path)) if not name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _refused(path, error) from None

    def read(self, path: str) -> dict[str, t.Any] | None:
        """None where there is no such file.

        :raises Unreadable: it is none of ours, or is damaged.
        """
        try:
            with open(self.path(path), "rb") as file:
                data = file.read(MOST + 1)
            value = json.loads(data.decode()) if len(data) <= MOST else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refused(path, error) from None
        except ValueError as error:  # of JSON and of UTF-8
            raise _unreadable(path, f"it is no JSON ({error})") from None
        if not isinstance(value, dict):
            raise _unreadable(path, "it is none that this collection has written")
        return value

    def write(self, path: str, value: t.Mapping[str, t.Any]) -> None:
        """As JSON. See write_text()."""
        self.write_text(path, json.dumps(value, indent=1, sort_keys=True))

    def write_text(self, path: str, text: str) -> None:
        """Under another name first: a reader, or a crash, never finds half a file.

        :raises KernelRefused: with the errno.
        """
        target = self.path(path)
        self.make_directory(os.path.dirname(path))
        self._remove_unfinished(os.path.dirname(path))
        unfinished = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.{os.getpid()}")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, target)
            _flush_directory(os.path.dirname(target))
        except OSError as error:
            with suppress(OSError):
                os.unlink(unfinished)
            raise not_written(f"write {path}", error) from None

    def remove(self, path: str) -> None:
        """Nothing where it is gone already. What outlives boots leaves no empty directory behind.

        :raises KernelRefused: with the errno.
        """
        try:
            with suppress(FileNotFoundError):
                os.unlink(self.path(path))
        except OSError as error:
            raise not_written(f"remove {path}", error) from None
        if os.path.dirname(path) == LIBRARY:
            with suppress(OSError):  # there is more in it, or it is a link that somebody has made
                os.rmdir(self.path(LIBRARY))

    def rename(self, path: str, new: str) -> None:
        """:raises KernelRefused: with the errno."""
        try:
            os.replace(self.path(path), self.path(new))
        except OSError as error:
            raise not_written(f"rename {path}", error) from None

    def remove_directory(self, path: str) -> None:
        """With all that is in it; nothing where it is gone already.

        :raises KernelRefused: with the errno.
        """
        try:
            with suppress(FileNotFoundError):
                shutil.rmtree(self.path(path))
        except OSError as error:
            raise not_written(f"remove {path}", error) from None

    def make_directory(self, path: str) -> None:
        """With mode 0700: what others could write into it would be believed. Those of the system are not made.

        :raises KernelRefused: it cannot be made, or is another user's.
        """
        parent = os.path.dirname(path)
        if path not in (RUN, LIBRARY):
            self.make_directory(parent)
        try:
            with suppress(FileExistsError):
                os.mkdir(self.path(path), 0o700)
            status = os.lstat(self.path(path))
        except FileNotFoundError:
            raise KernelRefused(
                f"cannot make the directory {path}",
                why=f"{parent} is not there, or leads nowhere",
                remedy=f"make {parent} as other programs expect it: this collection makes none but its own",
            ) from None
        except OSError as error:
            raise not_written(f"make the directory {path}", error) from None
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise KernelRefused(
                f"cannot use {path}",
                why="it is no directory that root alone can write to",
                remedy="look who made it, and remove it",
            )

    def _remove_unfinished(self, directory: str) -> None:
        """Left by runs that were killed; nobody else writes now."""
        with suppress(OSError):
            for name in filter(UNFINISHED.fullmatch, os.listdir(self.path(directory))):
                os.unlink(os.path.join(self.path(directory), name))


def _flush_directory(path: str) -> None:
    """The new name is there after a crash of the host as well."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def not_written(what: str, error: OSError) -> KernelRefused:
    """:param what: what was not done, as a clause without its subject: "write PATH"."""
    place = LIBRARY if LIBRARY in what else RUN
    return KernelRefused(f"cannot {what}", errno=error.errno, remedy=REMEDIES.get(error.errno or 0, "").format(place))


def _refused(path: str, error: OSError) -> Unreadable:
    """It may be quite right."""
    denied = error.errno in (errno.EACCES, errno.EPERM)
    remedy = {"remedy": "become: true"} if denied else {}
    return _unreadable(path, os.strerror(error.errno or 0), **remedy)


def _unreadable(path: str, why: str, remedy: str = "look at it; if it is of no use any more, remove it") -> Unreadable:
    return Unreadable(f"cannot read {path}", why=why, remedy=remedy)
