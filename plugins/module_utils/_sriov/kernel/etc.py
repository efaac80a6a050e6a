# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Files of a host that its programs read at a boot or later: units, rules, settings. Text, by path."""

from __future__ import annotations

import errno
import os
import stat
import typing as t
from contextlib import suppress

from ..errors import KernelRefused, SriovError
from ..model.paths import LIBRARY
from ..model.platform_kept import DIRECTORY

MOST = 4 << 20  # bytes; all but one of the files that are looked at have less than 100 kB
OF_OURS = (DIRECTORY, LIBRARY)  # directories that go with the last file in them
LOOK = "look at it; what it says decides what may be done"
READ_ONLY = {errno.EROFS: "this host's system is not to be written to: an image or ostree makes it"}


class UnreadableFile(SriovError):
    """A file is there and cannot be read: what it says is not known."""

    kind = "unreadable"


class NoText(UnreadableFile):
    """It is read, and is no UTF-8: nobody's program has written it so."""


class Etc:
    """Reads and writes below one root; a file is there whole, or as it was.

    :param root: the directory that stands for "/"; tests give a tree of their own.
    """

    def __init__(self, root: str = "/") -> None:
        self.root = root

    def path(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))

    def read(self, path: str) -> str | None:
        """The text; None where there is no such file.

        :raises NoText: it is there, and no UTF-8.
        :raises UnreadableFile: it is there, and cannot be read, or is too long.
        """
        try:
            with open(self.path(path), "rb") as file:
                data = file.read(MOST + 1)
            text = data.decode()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, os.strerror(error.errno or 0)) from None
        except UnicodeDecodeError:
            raise NoText(f"cannot read {path}", why="it is no text", remedy=LOOK) from None
        if len(data) > MOST:
            raise _unreadable(path, f"it has more than {MOST >> 20} MiB")
        return text

    def link(self, path: str) -> str | None:
        """Where a symbolic link leads, as written in it; None where there is none.

        :raises UnreadableFile: it cannot be looked at.
        """
        try:
            return os.readlink(self.path(path))
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EINVAL):
                return None
            raise _unreadable(path, os.strerror(error.errno or 0)) from None

    def names(self, path: str) -> list[str]:
        """The entries of a directory, sorted; none where it does not exist.

        :raises UnreadableFile: it cannot be listed.
        """
        try:
            return sorted(os.listdir(self.path(path)))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(path, os.strerror(error.errno or 0)) from None

    def mode(self, path: str) -> int | None:
        """Of a file itself, permissions alone; None where there is none."""
        try:
            return stat.S_IMODE(os.lstat(self.path(path)).st_mode)
        except OSError:
            return None

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Under another name first, flushed: neither a reader nor a crash finds half a file. Directories are made.

        A symbolic link in its place is replaced, not followed: what it leads to is somebody else's.

        :raises KernelRefused: with the errno.
        """
        self._replace(path, lambda unfinished: _written(unfinished, text, mode))

    def write_link(self, path: str, target: str) -> None:
        """A symbolic link, in one step also where there is one already.

        :raises KernelRefused: with the errno.
        """
        self._replace(path, lambda unfinished: os.symlink(target, unfinished))

    def remove(self, path: str) -> None:
        """A file or a link, and a directory of ours that is empty then; nothing where it is gone already.

        :raises KernelRefused: with the errno.
        """
        try:
            with suppress(FileNotFoundError):
                os.unlink(self.path(path))
                flush(os.path.dirname(self.path(path)))
        except OSError as error:
            raise refused(f"remove {path}", error) from None
        if os.path.dirname(path) in OF_OURS:
            with suppress(OSError):  # there is more in it, or it is a link that somebody has made
                os.rmdir(self.path(os.path.dirname(path)))

    def _replace(self, path: str, make: t.Callable[[str], None]) -> None:
        target = self.path(path)
        directory = os.path.dirname(target)
        unfinished = os.path.join(directory, f".{os.path.basename(target)}.new")
        try:
            make_directories(directory)
            with suppress(FileNotFoundError):  # of a run that was killed; nobody else writes now
                os.unlink(unfinished)
            make(unfinished)
            os.replace(unfinished, target)
            flush(directory)
        except OSError as error:
            with suppress(OSError):
                os.unlink(unfinished)
            raise refused(f"write {path}", error) from None


def make_directories(path: str) -> None:
    """Those that are missing, for everybody to read, whatever the umask is: systemd-networkd is not root."""
    if not os.path.isdir(path):
        make_directories(os.path.dirname(path))
        os.mkdir(path)
        os.chmod(path, 0o755)


def _written(path: str, text: str, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(file.fileno(), mode)  # whatever the umask is
        os.fsync(file.fileno())


def flush(directory: str) -> None:
    """The new name is there after a crash of the host as well."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused(what: str, error: OSError) -> KernelRefused:
    """:param what: what was not done: "write PATH"."""
    return KernelRefused(f"cannot {what}", errno=error.errno, why=READ_ONLY.get(error.errno or 0, ""))


def _unreadable(path: str, why: str) -> UnreadableFile:
    return UnreadableFile(f"cannot read {path}", why=why, remedy=LOOK)
