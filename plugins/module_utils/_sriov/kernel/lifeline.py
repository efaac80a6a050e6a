# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A child process that does not outlive the one that has started it (prctl(2), which Python does not have)."""

from __future__ import annotations

import functools
import os
import signal
import typing as t

PR_SET_PDEATHSIG = 1  # include/uapi/linux/prctl.h


@functools.lru_cache(maxsize=None)
def prctl() -> t.Callable[..., int] | None:
    """To be asked before a fork, so that it is read once; None where Python was built without ctypes."""
    try:
        import ctypes  # only here: who starts no process does not need it

        found = ctypes.CDLL(None, use_errno=True).prctl
        found.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    except (ImportError, OSError, AttributeError):
        return None
    return t.cast("t.Callable[..., int]", found)


def die_with(parent: int) -> None:
    """In a child: be killed when its parent is gone. What it is at in the kernel is the last that it does.

    A program that it runs (exec after another fork) is not bound by this.

    :param parent: who has started it.
    """
    call = prctl()
    if call is not None:
        call(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before
        os._exit(0)
