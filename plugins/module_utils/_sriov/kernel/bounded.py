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

Action = t.Callable[[], t.Any]


class StillBlocked(Exception):
    """The action has not ended in time; it may still take effect later. (Not TimeoutError: that is also ETIMEDOUT.)"""


def bounded(action: Action, timeout: float) -> t.Any:
    """What action() returns (anything JSON can carry), from a child process; see bounded_series()."""
    (value,) = bounded_series([action], timeout)
    return value


def bounded_series(actions: t.Sequence[Action], timeout: float) -> t.Iterator[t.Any]:
    """What each action returns, as soon as it has: all of them in one child process, one after the other.

    A write to sriov_numvfs or to a driver's unbind can block uninterruptibly inside the kernel (a vfio user that does
    not let go: vfio_unregister_group_dev; a firmware that does not answer). No thread or signal gets the caller out of
    that, so the child is left behind and the caller goes on. The child tells of each action before it begins the next:
    when nobody listens any more, because the caller gave up or was killed, there is no next one.

    :param timeout: seconds for one action.
    :raises OSError, KernelRefused: as the action did; the ones after it are not begun.
    :raises StillBlocked: an action did not end in time.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(actions, writer)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb", buffering=0) as pipe:
            answers = _Lines(pipe, timeout)
            for _action in actions:
                yield _value(answers.next())
    except (OSError, KernelRefused):  # it ends after that; one that is blocked is not waited for
        os.waitpid(child, 0)
        raise
    os.waitpid(child, 0)


class _Lines:
    """Lines from a pipe, each within the time."""

    def __init__(self, pipe: t.Any, timeout: float) -> None:
        self._pipe = pipe
        self._timeout = timeout
        self._read = b""

    def next(self) -> bytes:
        while b"\n" not in self._read:
            if not select.select([self._pipe], [], [], self._timeout)[0]:
                raise StillBlocked
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


def _answer(actions: t.Sequence[Action], writer: int) -> t.NoReturn:
    try:
        # The caller's own session ends only when nobody holds its pipes any more: a blocked child must not.
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        for action in actions:
            answer = _outcome(action)
            _write_whole(writer, json.dumps(answer).encode() + b"\n")
            if "value" not in answer:
                break
    finally:
        os._exit(0)


def _outcome(action: Action) -> dict[str, t.Any]:
    try:
        return {"value": action()}
    except KernelRefused as error:
        return {"refused": error.what}
    except OSError as error:
        return {"errno": error.errno or 5}


def _write_whole(descriptor: int, data: bytes) -> None:
    """A pipe may take less than it is given."""
    while data:
        data = data[os.write(descriptor, data) :]
