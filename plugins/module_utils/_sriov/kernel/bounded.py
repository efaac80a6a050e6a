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


class StillBlocked(Exception):
    """The action has not ended in time; it may still take effect later. (Not TimeoutError: that is also ETIMEDOUT.)"""


def bounded(action: t.Callable[[], t.Any], timeout: float) -> t.Any:
    """What action() returns (anything JSON can carry), from a child process.

    A write to sriov_numvfs or to a driver's unbind can block uninterruptibly inside the kernel (a vfio user that does
    not let go: vfio_unregister_group_dev; a firmware that does not answer). No thread or signal gets the caller out of
    that, so the child is left behind and the caller goes on.

    :param timeout: seconds.
    :raises OSError: as the action did.
    :raises StillBlocked: the action did not end in time.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(action, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        if not select.select([answers], [], [], timeout)[0]:
            raise StillBlocked
        answer = json.loads(answers.read() or b'{"errno": 5}')
    os.waitpid(child, 0)
    if "errno" in answer:
        raise OSError(answer["errno"], os.strerror(answer["errno"]))
    return answer["value"]


def _answer(action: t.Callable[[], t.Any], writer: int) -> t.NoReturn:
    try:
        # The caller's own session ends only when nobody holds its pipes any more: a blocked child must not.
        os.setsid()
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        try:
            answer = {"value": action()}
        except OSError as error:
            answer = {"errno": error.errno or 5}
        os.write(writer, json.dumps(answer).encode())
    finally:
        os._exit(0)
