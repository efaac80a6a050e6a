# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""How the host differs from what is installed for the boot: looks, and changes nothing."""

from __future__ import annotations

import typing as t

from ..errors import SriovError
from ..kept.boot_result import OK, label_of
from ..others import others
from .generations import installed
from .metrics import tell_prometheus
from .pages import missing_pages
from .pfs import await_pfs
from .run import Way, named, reach

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ..kept.envelope import Json
    from ..kernel.kernel import Kernel

SAME, FAILED, DIFFERS = 0, 1, 2


def check(kernel: Kernel, say: Callable[[str], None]) -> int:
    """:returns: the exit status: 0 nothing differs, 2 something does, 1 it cannot be told of all PFs.
    :raises SriovError: nothing can be told.
    """
    host = installed(kernel)
    way = Way(True, None, say, await_pfs(kernel, host.pfs, 0.0))
    reached = named(reach(kernel, host.pfs, host.timeout, way), host.pfs)
    for text in [*reached.warnings, *others(kernel)]:
        say(f"warning: {text}")
    for address, told in reached.pfs.items():
        _tell(label_of(address, told["name"]), told, say)
    pages, why = _pages(kernel)
    if why:
        say(why)
    for step in [*pages, *reached.steps]:
        say(f"apply would: {step}")
    try:
        tell_prometheus(kernel, host, reached.pfs)
    except SriovError as error:
        say(f"warning: {error}")
    if why or any(told["failure"] for told in reached.pfs.values()):
        return FAILED
    return DIFFERS if pages or reached.steps else SAME


def _pages(kernel: Kernel) -> tuple[list[str], str]:
    """Hugepages that are missing, as steps; and why that cannot be told."""
    try:
        return missing_pages(kernel), ""
    except SriovError as error:
        return [], str(error)


def _tell(label: str, told: Json, say: Callable[[str], None]) -> None:
    if told["failure"]:
        say(f"{label}: {told['failure']['msg']}")
        return
    say(f"{label}: {'is as wanted' if told['outcome'] == OK and not told['drift'] else 'differs'}")
    for _kind, text in told["drift"]:
        say(f"  {text}")
