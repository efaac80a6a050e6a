# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated kernel that fails at one call, or is the last thing that a killed run has called.

Calls are counted in a file of the tree, as some are made by child processes: each system call on one of the kernel's
files, each command, each ioctl; and what is done to files of our own (kept_files).
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import typing as t
from unittest import mock

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import CONFIRM_PROGRAM

from .devices import Behaviour, Devices
from .ethtool import SimEthtool
from .kernel import SimCommands, SimSysfs, SimSystem
from .netlink import netlink
from .nics import refusal

CALLS, KILLED = "sim/calls", "sim/killed"
KILL = -1  # in the place of an errno
WORDS = {
    errno.ENOMEM: "Cannot allocate memory",
    errno.EBUSY: "Device or resource busy",
    errno.EIO: "Input/output error",
}


class Fault(t.NamedTuple):
    """What goes wrong.

    :param number: at which call, from 0 on.
    :param errno: what it answers; KILL: the run is killed there.
    :param after: the call has had its effect all the same.
    :param kinds: of which kind the call must be; empty: any.
    """

    number: int
    errno: int
    after: bool = False
    kinds: tuple[str, ...] = ()


Somebody = t.Tuple[int, t.Callable[[], t.Any]]


class Killed(BaseException):
    """The run was killed."""


class Calls:
    """Counts them, and fails one.

    :param fault: None: all is well.
    :param somebody: what somebody else does right before a call, and its number.
    """

    def __init__(self, root: str, fault: Fault | None, somebody: Somebody | None = None) -> None:
        self._file = os.path.join(root, CALLS)
        self._killed = os.path.join(root, KILLED)
        self._process = os.getpid()
        self._fault = fault
        self._somebody = somebody
        self._within = False
        for path in (self._file, self._killed):
            if os.path.exists(path):
                os.unlink(path)

    def made(self) -> list[str]:
        """Their kinds and what they were about, in order."""
        if not os.path.exists(self._file):
            return []
        with open(self._file, encoding="utf-8") as file:
            return file.read().splitlines()

    def call(self, what: str, action: t.Callable[[], t.Any], failing: t.Callable[[int], t.Any]) -> t.Any:
        """Do something, or let it fail.

        :param failing: answers with an errno.
        """
        if self._within:  # the kernel's own
            return action()
        fault = self._next(what)
        if fault is None:
            return self._inside(action)
        if fault.after:
            self._inside(action)
        if fault.errno == KILL:
            self._kill()
        return failing(fault.errno)

    def _next(self, what: str) -> Fault | None:
        if os.path.exists(self._killed):
            self._kill()
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            number = os.read(descriptor, 1 << 24).count(b"\n")
            os.write(descriptor, f"{what}\n".encode())
        finally:
            os.close(descriptor)
        if self._somebody and self._somebody[0] == number:
            self._inside(self._somebody[1])
        fault = self._fault if self._fault and self._fault.number == number else None
        return fault if fault and (not fault.kinds or what.partition(" ")[0] in fault.kinds) else None

    def _inside(self, action: t.Callable[[], t.Any]) -> t.Any:
        self._within = True
        try:
            return action()
        finally:
            self._within = False

    def _kill(self) -> t.NoReturn:
        """The whole run: of a child process, its parent at its next call."""
        with open(self._killed, "w", encoding="utf-8"):
            pass
        if os.getpid() != self._process:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Killed


class FaultySysfs(SimSysfs):
    """Each look at a path is a call, and each write."""

    def __init__(self, root: str, behaviour: Behaviour, calls: Calls) -> None:
        super().__init__(root, behaviour)
        self._calls = calls

    def path(self, path):
        return self._calls.call(f"read {path}", lambda: super(FaultySysfs, self).path(path), _refuse)

    def _write(self, path, value):
        what = f"write {path} {value.strip()}"
        return self._calls.call(what, lambda: super(FaultySysfs, self)._write(path, value), _refuse)


class FaultyEthtool(SimEthtool):
    """Each ioctl is a call."""

    def __init__(self, root, calls):
        super().__init__(root)
        self._calls = calls

    def _ioctl(self, name, buffer):
        what = f"ioctl {name} {int.from_bytes(buffer[:4], 'little'):#x}"
        return self._calls.call(what, lambda: super(FaultyEthtool, self)._ioctl(name, buffer), _refuse)


class FaultyCommands(SimCommands):
    """Each command is a call."""

    def __init__(self, root, behaviour, calls):
        super().__init__(root, behaviour)
        self._faults = calls

    def __call__(self, argv, stdin=""):
        def failing(number):
            return 2, "", f"RTNETLINK answers: {os.strerror(number)}\n"

        what = " ".join(["command", *argv, *stdin.split()])
        return self._faults.call(what, lambda: super(FaultyCommands, self).__call__(argv, stdin), failing)


@contextlib.contextmanager
def kept_files(calls: Calls) -> t.Iterator[None]:
    """What is done to files of our own meanwhile are calls too."""
    read, write, remove, rename = Files.read, Files.write, Files.remove, Files.rename
    write_text, remove_directory = Files.write_text, Files.remove_directory

    def unreadable(_number):
        raise Unreadable("cannot read it")

    def refused(number):
        raise KernelRefused("cannot write it", errno=number)

    def reading(files, path):
        return calls.call(f"read {path}", lambda: read(files, path), unreadable)

    def writing(files, path, value):
        return calls.call(f"keep {path}", lambda: write(files, path, value), refused)

    def removing(files, path):
        return calls.call(f"keep {path} no more", lambda: remove(files, path), refused)

    def renaming(files, path, new):
        return calls.call(f"keep {path} as {new}", lambda: rename(files, path, new), refused)

    def writing_text(files, path, text):
        if f"{CONFIRM_PROGRAM}/_sriov/" in path:  # one of its many files is like another
            return write_text(files, path, text)
        return calls.call(f"keep {path} as it is", lambda: write_text(files, path, text), refused)

    def removing_all(files, path):
        return calls.call(f"keep {path} no more", lambda: remove_directory(files, path), refused)

    ours = {"read": reading, "write": writing, "write_text": writing_text}
    gone = {"remove": removing, "rename": renaming, "remove_directory": removing_all}
    with mock.patch.multiple(Files, **ours, **gone):
        yield


def _refuse(number: int) -> t.NoReturn:
    raise refusal(number)


def faulty(
    root: str,
    fault: Fault | None = None,
    behaviour: Behaviour | None = None,
    somebody: Somebody | None = None,
) -> tuple[Kernel, Calls]:
    """A kernel on a tree that is there, and what was called of it."""
    behaviour, calls = behaviour or Behaviour(), Calls(root, fault, somebody)
    over_netlink = netlink(Devices(root, behaviour), behaviour)
    sysfs = FaultySysfs(root, behaviour, calls)
    system = SimSystem(sysfs, behaviour.user)
    run, ethtool = FaultyCommands(root, behaviour, calls), FaultyEthtool(root, calls)
    return Kernel(run, sysfs, ethtool, system, over_netlink), calls
