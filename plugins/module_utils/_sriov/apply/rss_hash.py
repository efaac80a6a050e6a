# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs the step that sets the RSS hash: one write for key and function, one for each flow type."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused
from ..knowledge.driver import HASH
from .waiting import explained

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.rss_hash import Hash
    from ..steps.net import SetHash


def set_hash(step: SetHash, kernel: Kernel, _timeout: float) -> None:
    """:raises KernelRefused: one of the writes, with those before it as steps that were done."""
    done: list[SetHash] = []
    for part in step.change.parts:
        try:
            _write(kernel, step.name, part)
        except KernelRefused as error:
            failure = explained(kernel, error, f"cannot set the hash {part.names}", step, HASH)
            failure.partly = [*done]
            raise failure from None
        done.append(step._replace(change=part))


def _write(kernel: Kernel, name: str, part: Hash) -> None:
    if part.key is not None or part.function is not None:
        kernel.ethtool.set_hash(name, part.key, part.function)
    for flow_type, bits in part.fields.items():
        kernel.ethtool.set_hash_fields(name, flow_type, bits)
