# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""File I/O on /sys, /proc and /dev below one root, nothing else."""

from __future__ import annotations

import errno
import functools
import os
import re
import typing as t

from ..errors import GARBLED, KernelRefused, StillInKernel
from .bounded import StillBlocked, bounded, bounded_series
from .deadline import told

NUMBER = re.compile(r"-?[0-9]{1,18}")
REFUSALS = (errno.EACCES, errno.EPERM)
# The file is not there, or has nothing to say as things are (the carrier of an interface that is down: EINVAL), or its
# process has ended (ESRCH). After any other error it may have something to say.
ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.EINVAL, errno.ESRCH, errno.ENXIO, errno.EOPNOTSUPP)


class Write(t.NamedTuple):
    """One write to a file.

    :param check: called right after it, where it was written; may raise KernelRefused.
    :param only_if: asked right before it; false: nothing is written.
    """

    path: str
    value: str
    check: t.Callable[[], None] | None = None
    only_if: t.Callable[[], bool] | None = None


class Sysfs:
    """Reads and writes of the kernel's files.

    What cannot be read looks like what is not there, and is kept in refused: path -> errno.

    :param root: the directory that stands for "/"; tests give a tree of their own.
    """

    def __init__(self, root: str = "/") -> None:
        self.root = root
        self.refused: dict[str, int] = {}

    def path(self, path: str) -> str:
        return os.path.join(self.root, path.lstrip("/"))

    def exists(self, path: str) -> bool:
        return self.status(path) is not None

    def read(self, path: str) -> str | None:
        """The text without its newline; None where there is no such file or the kernel cannot say (see refused)."""
        try:
            with open(self.path(path), encoding="utf-8", errors="replace") as file:
                return file.read().rstrip("\n")
        except OSError as error:
            self._note(path, error)
            return None

    def read_bytes(self, path: str, size: int) -> bytes:
        try:
            with open(self.path(path), "rb") as file:
                return file.read(size)
        except OSError as error:
            self._note(path, error)
            return b""

    def read_int(self, path: str) -> int | None:
        """None where there is none; a text that is no number is noted as what could not be read."""
        return self.as_number(path, self.read(path))

    def as_number(self, path: str, text: str | None) -> int | None:
        """A file's text as the number that the kernel writes."""
        if text and NUMBER.fullmatch(text):
            return int(text)
        if text:
            self.garbled(path)
        return None

    def garbled(self, path: str) -> None:
        """What a file says is not what the kernel writes there: whoever needs it has not been told."""
        self.refused[path] = GARBLED

    def read_blocking(self, paths: list[str], timeout: float) -> list[str | None]:
        """As read(), of files whose reading takes the device lock (sriov_numvfs, driver_override), in one child.

        :raises StillInKernel: another change of the device holds the lock.
        """
        try:
            texts, refused = bounded(lambda: [[self.read(path) for path in paths], self.refused], timeout)
        except StillBlocked:
            raise StillInKernel(
                f"{paths[0]}{' or that of a VF' if len(paths) > 1 else ''} could not be read in {told(timeout)}",
                why="the kernel holds the device lock: another change of it has not ended",
                remedy="find the process that blocks (dmesg names a vfio user after 10 s) and end it",
            ) from None
        self.refused.update(refused)
        return list(texts)

    def link_name(self, path: str) -> str | None:
        """The last part of where a symbolic link points: the driver's name for .../driver."""
        target = self.link_target(path)
        return None if target is None else os.path.basename(target)

    def link_target(self, path: str) -> str | None:
        """Where a symbolic link points, as written in it."""
        try:
            return os.readlink(self.path(path))
        except OSError as error:
            self._note(path, error)
            return None

    def inode(self, path: str) -> int | None:
        """The inode behind a path: two paths to one network namespace have the same."""
        status = self.status(path)
        return None if status is None else status.st_ino

    def status(self, path: str) -> os.stat_result | None:
        """Owner, group and mode of a file."""
        try:
            return os.stat(self.path(path))
        except OSError as error:
            self._note(path, error)
            return None
        except ValueError:  # a zero byte in a name
            return None

    def names(self, path: str) -> list[str]:
        """The entries of a directory, sorted; none where it does not exist."""
        try:
            return sorted(os.listdir(self.path(path)))
        except OSError as error:
            self._note(path, error)
            return []

    def _note(self, path: str, error: OSError) -> None:
        if error.errno and error.errno not in ABSENT:
            self.refused[path] = error.errno

    def write(self, path: str, value: str, timeout: float | None = None) -> None:
        """`echo value > path`, in one write(2): the kernel's answer comes from that call alone.

        :param timeout: seconds, for files whose writing may block; the kernel may go on after it.
        :raises KernelRefused: with the errno.
        :raises StillInKernel: see bounded().
        """
        write = Write(path, value)
        if timeout is not None:
            for _done in self.write_all([write], timeout):
                pass
            return
        try:
            self._write(path, value)
        except OSError as error:
            raise _refused(write, error) from None

    def write_all(self, writes: t.Sequence[Write], timeout: float) -> t.Iterator[Write]:
        """Several writes, one after the other in one child process; gives each when it is done.

        :param timeout: seconds for all of them; the kernel may go on after it.
        :raises KernelRefused: for the one after the last that was given; those after it are not begun.
        :raises StillInKernel: the same.
        """
        done = bounded_series([functools.partial(self._write_and_check, write) for write in writes], timeout)
        for write in writes:
            try:
                next(done, None)
            except StillBlocked:
                raise StillInKernel(
                    f"writing {write.value.strip() or 'nothing'!r} to {write.path} did not end in {told(timeout)}",
                    why="the kernel is still at it; it may end later",
                    remedy="see dmesg for the driver's messages; a VF held open through vfio must be released first",
                ) from None
            except OSError as error:
                raise _refused(write, error) from None
            yield write
        next(done, None)  # its process has ended

    def _write_and_check(self, write: Write) -> None:
        if write.only_if and not write.only_if():
            return
        self._write(write.path, write.value)
        if write.check:
            write.check()

    def set_access(self, path: str, owner: int | None, group: int | None, mode: int | None) -> None:
        """`chown owner:group path; chmod mode path`; None leaves a part as it is.

        :raises KernelRefused: with the errno.
        """
        try:
            os.chown(self.path(path), -1 if owner is None else owner, -1 if group is None else group)
            if mode is not None:  # last: chown takes the set-user and set-group bits away
                os.chmod(self.path(path), mode)
        except OSError as error:
            raise KernelRefused(f"cannot set owner, group or mode of {path}", errno=error.errno) from None

    def _write(self, path: str, value: str) -> None:
        descriptor = os.open(self.path(path), os.O_WRONLY)
        try:
            os.write(descriptor, value.encode())
        finally:
            os.close(descriptor)


def _refused(write: Write, error: OSError) -> KernelRefused:
    return KernelRefused(f"the kernel refused {write.value.strip()!r} for {write.path}", errno=error.errno)
