# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where flow rules send frames: the 64-bit action of ethtool(8) from VF and queue, and back."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..module_utils._sriov.errors import InvalidRequest
from ..module_utils._sriov.model.flow import DROP, WAKE, decode_action, encode_action
from ..plugin_utils._filters import integer, refusing

WORDS = ("vf", "queue", "kind", "text")  # flow_destination gives all of them, flow_action takes them back
HOW_TO_WRITE = 'write it as in {"vf": 0, "queue": 1}, {"queue": 3} for a queue of the PF, or {"kind": "drop"}'


@refusing
def flow_action(destination: t.Any, queue: t.Any = None) -> int:
    """(VF 0, queue 0) is 4294967296."""
    if isinstance(destination, Mapping):
        if queue is not None:
            raise InvalidRequest(
                f"flow_action: {destination!r} and queue {queue!r} are given together",
                remedy="give the queue in the dictionary",
            )
        return _encode_dictionary(destination)
    return _encode(destination, 0 if queue is None else queue)


@refusing
def flow_destination(action: t.Any) -> dict[str, t.Any]:
    """4294967296 is {"kind": "vf", "vf": 0, "queue": 0, "text": "VF 0 queue 0"}."""
    number = integer(action, "flow_destination")
    try:
        destination = decode_action(number)
    except ValueError as error:
        raise InvalidRequest(
            f"flow_destination: {number} is no action of a flow rule",
            why=str(error),
            remedy="give the number that follows `action` in ethtool(8), at most 2^40 - 1, or -1 for drop",
        ) from None
    return {**destination._asdict(), "text": str(destination)}


def _encode_dictionary(destination: Mapping[str, t.Any]) -> int:
    unknown = sorted(str(key) for key in destination if key not in WORDS)
    if unknown:
        raise InvalidRequest(f"flow_action: {unknown[0]!r} in {dict(destination)!r} is unknown", remedy=HOW_TO_WRITE)
    vf, queue, kind = (destination.get(word) for word in ("vf", "queue", "kind"))
    if kind in ("drop", "wake") and vf is None and queue is None:
        return DROP if kind == "drop" else WAKE
    if kind not in (None, "queue" if vf is None else "vf") or (vf is None and queue is None):
        raise InvalidRequest(f"flow_action: {dict(destination)!r} is no destination", remedy=HOW_TO_WRITE)
    return _encode(vf, 0 if queue is None else queue)


def _encode(vf: t.Any, queue: t.Any) -> int:
    numbers = (None if vf is None else integer(vf, "flow_action: vf"), integer(queue, "flow_action: queue"))
    try:
        return encode_action(*numbers)
    except ValueError as error:
        raise InvalidRequest(
            f"flow_action: {error}", remedy="count VFs and queues from 0, as `ip link` and `ethtool -n` do"
        ) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"flow_action": flow_action, "flow_destination": flow_destination}
