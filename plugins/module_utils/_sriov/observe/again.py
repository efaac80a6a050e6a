# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Looks again at who uses a few functions. Nothing here writes, or takes a device's lock."""

from __future__ import annotations

import typing as t

from .host import unseen_holders
from .observer import Observer

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.holders import Holder


def users_now(kernel: Kernel, functions: t.Sequence[str]) -> dict[str, tuple[Holder, ...]]:
    """In the words in which observe() tells of them.

    :raises KernelRefused: the interfaces cannot be read.
    """
    observer = Observer(kernel)
    found = {function: observer.users(function) for function in functions}
    return {function: (*users, *unseen_holders(kernel)) for function, users in found.items()}
