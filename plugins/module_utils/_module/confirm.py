# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Option confirm on the host: the switch of a run, its confirmation, and what an answer says of either."""

from __future__ import annotations

import typing as t
import uuid
from contextlib import suppress

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.errors import NotReached, SriovError
from .._sriov.kept.files import Files
from .._sriov.kept.pending import UNIT, Pending
from .request import failed

if t.TYPE_CHECKING:
    from .._sriov.confirm import Switch
    from .._sriov.kernel.kernel import Kernel

Params = t.Dict[str, t.Any]

# What is needed for few runs is imported in functions: reading it takes a while.


def switch_of(options: Params) -> Switch | None:
    """The one that option confirm asks for."""
    seconds = options.get("confirm")
    if seconds is None:
        return None
    from .._sriov import back
    from .._sriov.confirm import Switch

    return Switch(seconds, uuid.uuid4().hex, back.__name__.rpartition(".")[2], options["timeout"])


def confirmed(kernel: Kernel, name: str) -> Params:
    """The answer of the second execution, which does nothing else.

    :raises SriovError: it is too late.
    """
    from .._sriov.confirm import confirm

    confirm(kernel, name)
    return {"values": {"changed": False, "confirmed": True}, "warnings": []}


def with_confirmation(kernel: Kernel, ended: Params, switch: Switch) -> Params:
    """With what becomes of the run: also of one that failed, or was killed.

    To be called under the lock where the run has come to its end: once that is free, it may be taken back any moment.
    """
    from .._sriov.confirm import of_run

    changed = bool("values" in ended and ended["values"]["changed"])
    try:
        waiting = of_run(kernel, switch.name)
        if changed and not waiting:
            raise _not_waiting(kernel)
    except SriovError as error:
        if not changed:
            return without_confirmation(ended)
        return {"failed": {**failed(error), "done": ended["values"]["steps"], "changed": True}}
    pending = {"name": waiting.name, "unit": f"{UNIT}.timer", "seconds": switch.seconds} if waiting else None
    if "values" in ended:
        return {**ended, "values": {"confirmed": False, "pending": pending, **ended["values"]}}
    if waiting is None:
        return ended
    told = f"{ended['failed']['msg']} Of what was done nothing is confirmed: {waiting.when}."
    return {"failed": {**ended["failed"], "msg": told, "confirmed": False, "pending": pending}}


def _not_waiting(kernel: Kernel) -> SriovError:
    said = "; ".join(Pending(Files(kernel.root)).way_back())
    return NotReached(
        "what was done is not confirmed, and does not wait for that any more",
        why=said or "somebody has removed what was there for it",
        remedy="look what the host is like now, and run again",
    )


def without_confirmation(ended: Params) -> Params:
    """In check mode nothing waits."""
    return {**ended, "values": {"confirmed": False, "pending": None, **ended["values"]}} if "values" in ended else ended


def told_once(kernel: Kernel) -> list[str]:
    """That the host went back by itself: what others have seen since then may not be so any more.

    The run is over, and as it should be: what cannot be read or removed is told, and told again by the next one.
    """
    pending = Pending(Files(kernel.root))
    try:
        found = pending.way_back()
    except SriovError as error:
        return [f"whether an earlier run was not confirmed, and the host went back, is not known: {error}"]
    with suppress(SriovError):
        if found:
            pending.forget_way_back()
    return found
