# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs the step that sets the RSS hash: one write for key and function, one for each flow type."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused, SriovError
from .waiting import explained

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..steps.net import SetHash

    Write = t.Tuple[str, t.Callable[[], None], t.Callable[[], None]]

REMEDIES = {
    "EINVAL": "the driver takes other fields for this flow type; what it takes differs from driver to driver",
    "EOPNOTSUPP": "the driver cannot: leave it out",
}


def set_hash(step: SetHash, kernel: Kernel, _timeout: float) -> None:
    """:raises KernelRefused: one of the writes, with what came of taking back those before it."""
    done: list[Write] = []
    for write in _writes(step, kernel):
        what, do, _undo = write
        try:
            do()
        except KernelRefused as error:
            failure = explained(error, f"cannot set {what}", step.label, REMEDIES)
            failure.why += _taken_back(done)
            raise failure from None
        done.append(write)


def _writes(step: SetHash, kernel: Kernel) -> list[Write]:
    """What each of them is, how it is done, and how it is taken back."""
    change, before, ethtool, name = step.change, step.before, kernel.ethtool, step.name
    found: list[Write] = []
    if change.key or change.function:
        words = [word for word, value in (("hash key", change.key), ("hash function", change.function)) if value]
        key, function = change.key and before.key, change.function and before.function
        found.append(
            (
                f"the {' and the '.join(words)}",
                lambda: ethtool.set_hash(name, change.key, change.function),
                lambda: ethtool.set_hash(name, key, function),
            )
        )
    for flow_type, bits in change.fields.items():
        found.append(_of_flow_type(kernel, name, flow_type, (before.fields[flow_type], bits)))
    return found


def _of_flow_type(kernel: Kernel, name: str, flow_type: str, bits: tuple[int, int]) -> Write:
    def write(number: int) -> t.Callable[[], None]:
        return lambda: kernel.ethtool.set_hash_fields(name, flow_type, number)

    return f"the hash fields of {flow_type}", write(bits[1]), write(bits[0])


def _taken_back(done: list[Write]) -> str:
    """As the end of a sentence."""
    text = ""
    for what, _do, undo in reversed(done):
        try:
            undo()
            text += f"; {what} {'are' if 'fields' in what or ' and ' in what else 'is'} as before"
        except SriovError as error:
            text += f"; putting back {what} failed too ({error})"
    return text
