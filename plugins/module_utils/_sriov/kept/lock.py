# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""One run a host at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import typing as t
from contextlib import contextmanager

from ..errors import InUse, KernelRefused
from ..kernel.bounded import CLOSED_IN_CHILDREN
from ..kernel.deadline import Deadline
from ..model.paths import LOCK, RUN
from .files import Files, not_written

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ..kernel.processes import Processes

SIGNED = 20  # bytes


class Lock:
    """flock(2) on a file below /run: it goes with the process that has it, however that ends."""

    def __init__(self, files: Files, processes: Processes) -> None:
        self._files = files
        self._processes = processes

    @contextmanager
    def held(self, timeout: float) -> Iterator[None]:
        """Wait for it, and have it for a block.

        Children that are forked meanwhile close it first (kernel.bounded): a lock is inherited, and one that is stuck
        in the kernel would keep it until the host boots.

        :param timeout: seconds.
        :raises InUse: another run has it, by name.
        """
        descriptor = self._open()
        CLOSED_IN_CHILDREN.add(descriptor)
        try:
            self._wait(descriptor, timeout)
            self._sign(descriptor)
            yield
        finally:
            CLOSED_IN_CHILDREN.discard(descriptor)
            os.close(descriptor)

    def holder(self) -> str | None:
        """Who has it now, in words; None where nobody has. It is not tried: whoever waits for it would not get it."""
        try:
            descriptor = os.open(self._files.path(LOCK), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            process, inode = _signed(descriptor), os.fstat(descriptor).st_ino
            return self._words(process) if process and self._processes.has_lock(process, inode) else None
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        self._files.make_directory(RUN)
        try:
            return os.open(self._files.path(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise not_written(f"open {LOCK}", error) from None

    def _wait(self, descriptor: int, timeout: float) -> None:
        if not Deadline(timeout).reached(lambda: _taken(descriptor)):
            holder = self._words(_signed(descriptor))
            raise InUse(
                "another run of this collection changes this host",
                why=f"{holder} has {LOCK}; waited {timeout:g} s",
                remedy="wait until it has ended; give more time (timeout)",
                holders=[holder],
            )

    def _sign(self, descriptor: int) -> None:
        try:
            # In place: what is written once needs no room any more, also on a full /run.
            os.pwrite(descriptor, f"{os.getpid():<{SIGNED - 1}}\n".encode(), 0)
        except OSError as error:
            raise not_written(f"write {LOCK}", error) from None

    def _words(self, process: str) -> str:
        return f"process {process} ({self._processes.name(process)})" if process else "another process"


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EWOULDBLOCK:
            raise KernelRefused(f"cannot lock {LOCK}", errno=error.errno) from None
        return False
    return True


def _signed(descriptor: int) -> str:
    """The process that has it, or had it last; "" for none."""
    process = os.pread(descriptor, SIGNED, 0).decode("ascii", errors="replace").strip()
    return process if process.isdigit() else ""
