# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Do something that may block in the kernel, for a bounded time."""

from __future__ import annotations

import json
import os
import select
import typing as t

from ..errors import KernelRefused
from .deadline import Deadline
from .lifeline import die_with, prctl

Action = t.Callable[[], t.Any]

CLOSED_IN_CHILDREN: set[int] = set()
"""Descriptors that no child may keep open, because others wait for them to be closed."""

_CHILDREN: list[int] = []
"""In a child: the first of its line."""


class StillBlocked(Exception):
    """The action has not ended in time; it may still take effect later. (Not TimeoutError: that is also ETIMEDOUT.)

    :param process: the child that is at it.
    """

    def __init__(self, process: int) -> None:
        super().__init__(process)
        self.process = process


def bounded(action: Action, timeout: float) -> t.Any:
    """What action() returns (anything JSON can carry), from a child process; see bounded_series()."""
    (value,) = bounded_series([action], timeout)
    return value


def bounded_series(actions: t.Sequence[Action], timeout: float) -> t.Iterator[t.Any]:
    """What each action returns, as soon as it has: all of them in one child process, one after the other.

    A write to sriov_numvfs or to a driver's unbind can block uninterruptibly inside the kernel (a vfio user that does
    not let go: vfio_unregister_group_dev; a firmware that does not answer). No thread or signal gets the caller out of
    that, so the child is left behind and the caller goes on. The child tells of each action before it begins the next:
    when nobody listens any more, because the caller gave up, there is no next one. It does not outlive its caller.

    :param timeout: seconds for all of them.
    :raises OSError, KernelRefused: as the action did; the ones after it are not begun.
    :raises StillBlocked: an action did not end in time.
    """
    deadline = Deadline(timeout)
    child, pipe = forked(lambda writer: _answer(actions, writer))
    try:
        with pipe:
            answers = Lines(pipe)
            for _action in actions:
                yield _value(answers.next(deadline.left()))
    except NoLine:
        raise StillBlocked(child) from None
    except (OSError, KernelRefused):  # it ends after that; one that is blocked is not waited for
        os.waitpid(child, 0)
        raise
    os.waitpid(child, 0)


def forked(child: t.Callable[[int], None]) -> tuple[int, t.BinaryIO]:
    """Run a function in a child process, which ends with it, and with its parent.

    :param child: gets the end of a pipe to write to.
    :returns: the process, and the end to read from.
    :raises KernelRefused: no process can be made: there are too many, or there is no memory.
    """
    try:
        reader, writer = os.pipe()
    except OSError as error:
        raise _not_started(error) from None
    prctl()
    parent = os.getpid()
    try:
        process = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        raise _not_started(error) from None
    if process == 0:
        try:
            die_with(parent)
            os.close(reader)
            _let_go()
            child(writer)
        finally:
            os._exit(0)
    os.close(writer)
    return process, t.cast(t.BinaryIO, os.fdopen(reader, "rb", buffering=0))


def _not_started(error: OSError) -> KernelRefused:
    return KernelRefused(
        "no process could be started",
        why="what may block is done in one of its own",
        errno=error.errno,
        remedy="look for what takes up the processes (ulimit -u, pids.max) or the memory of this host",
    )


def _let_go() -> None:
    """The caller's own session ends only when nobody holds its pipes any more: a blocked child must not.

    A child's children stay in the session that it has made, by which all of them are found (kernel.worker).
    """
    for descriptor in CLOSED_IN_CHILDREN:
        os.close(descriptor)
    CLOSED_IN_CHILDREN.clear()
    if not _CHILDREN:
        os.setsid()
        _CHILDREN.append(os.getpid())
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)


class NoLine(Exception):
    """None has come in time."""


class Lines:
    """Lines from a pipe."""

    def __init__(self, pipe: t.BinaryIO) -> None:
        self._pipe = pipe
        self._read = b""

    def next(self, timeout: float) -> bytes:
        """:raises NoLine: after so many seconds."""
        while b"\n" not in self._read:
            if not select.select([self._pipe], [], [], timeout)[0]:
                raise NoLine
            more = self._pipe.read(1 << 16)
            if not more:  # the child was killed
                return b'{"errno": 5}'
            self._read += more
        line, _newline, self._read = self._read.partition(b"\n")
        return line


def _value(line: bytes) -> t.Any:
    answer = json.loads(line)
    if "refused" in answer:
        raise KernelRefused(answer["refused"])
    if "errno" in answer:
        raise OSError(answer["errno"], os.strerror(answer["errno"]))
    return answer["value"]


def _answer(actions: t.Sequence[Action], writer: int) -> None:
    for action in actions:
        answer = _outcome(action)
        write_line(writer, answer)
        if "value" not in answer:
            break


def _outcome(action: Action) -> dict[str, t.Any]:
    try:
        return {"value": action()}
    except KernelRefused as error:
        return {"refused": error.what}
    except OSError as error:
        return {"errno": error.errno or 5}


def write_line(descriptor: int, value: t.Any) -> None:
    """A pipe may take less than it is given.

    :raises BrokenPipeError: nobody listens any more.
    """
    data = json.dumps(value).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]
