# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What else is under way on this host, and what earlier runs have left, in words."""

from __future__ import annotations

import typing as t

from .kept.blocked import Blocked
from .kept.drop_cost import DropCost
from .kept.files import Files, Unreadable
from .kept.journal import Journal, unfinished
from .kept.lock import Lock
from .kept.pending import Pending
from .kept.records import Records
from .model.paths import RUN

if t.TYPE_CHECKING:
    from .kernel.kernel import Kernel
    from .model.drop_cost import Before
    from .model.kept import Record


def others(kernel: Kernel) -> list[str]:
    """What else is under way on this host, in words: whoever only looks waits for nobody, and may see half of it.

    What cannot be read is one of them.
    """
    files = Files(kernel.root)
    try:
        files.names(RUN)
    except Unreadable as error:
        return [f"whether another run changes this host, and what earlier ones have left, is not known: {error}"]
    found = []
    for look in (_holder, _waiting, _still_there, _unfinished, _dropping, _records):
        try:
            found += look(files, kernel)
        except Unreadable as error:
            found.append(f"what earlier runs have left is not known: {error}")
    return found


def _holder(files: Files, kernel: Kernel) -> list[str]:
    holder = Lock(files, kernel.processes).holder()
    return [f"another run of this collection changes this host now: {holder}"] if holder else []


def _still_there(files: Files, kernel: Kernel) -> list[str]:
    return [str(each) for each in Blocked(files, kernel.processes).still_there()]


def _unfinished(files: Files, _kernel: Kernel) -> list[str]:
    return [unfinished(each.pf) for each in Journal(files).all()]


def _dropping(files: Files, kernel: Kernel) -> list[str]:
    """Of a run that is under way it is no news."""
    left = None if Lock(files, kernel.processes).holder() else DropCost(files).read()
    return [left_behind(left)] if left else []


def left_behind(left: Before) -> str:
    return (
        f"{left.label} may drop what it receives ({left.by}), and its NAPI and RSS table may not be what they were: "
        "a run of drop_cost was killed. The next one, of any contender, brings all of it back"
    )


def _records(files: Files, _kernel: Kernel) -> list[str]:
    """They are shown elsewhere: here it is told that they cannot be."""
    Records(files).read()
    return []


def records_as_far_as_known(kernel: Kernel) -> dict[str, Record]:
    """What PFs were before the first change, for whoever only looks."""
    try:
        return Records(Files(kernel.root)).read()
    except Unreadable:
        return {}


def _waiting(files: Files, _kernel: Kernel) -> list[str]:
    pending = Pending(files)
    waiting = pending.read()
    found = [f"a run of this collection waits for its confirmation: {waiting.when}"] if waiting else []
    return [*found, *pending.way_back()]


def blocked_devices(kernel: Kernel) -> dict[str, str]:
    """PCI addresses of the functions that the kernel has not let go yet, and at what it is.

    :raises Unreadable: that is not known.
    """
    notes = Blocked(Files(kernel.root), kernel.processes).still_there()
    return {device: str(each) for each in notes for device in each.at.devices}


def blocked_as_far_as_known(kernel: Kernel) -> dict[str, str]:
    """For whoever only looks: others() tells what is not known."""
    try:
        return blocked_devices(kernel)
    except Unreadable:
        return {}
