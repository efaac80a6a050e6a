# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is installed for the boot: generations, of which one is current and the one before it is kept."""

from __future__ import annotations

import typing as t

from ..errors import DeviceNotFound, SriovError
from ..kept.boot import to_boot
from ..kept.boot_result import label_of
from ..kept.files import Files, Unreadable
from ..model.paths import BOOT_DESIRED, CURRENT, GENERATIONS

if t.TYPE_CHECKING:
    from ..kept.boot import BootHost
    from ..kernel.kernel import Kernel

NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError)
GO_BACK = "install it again (module boot_state), or go back to the generation before: kernel-bypass-sriov rollback"


def installed(kernel: Kernel, name: str | None = None) -> BootHost:
    """What is to be reached at the boot.

    :param name: of a generation; the current one unless told.
    :raises DeviceNotFound: nothing is installed.
    :raises Unreadable: it cannot be read, is damaged, or is a later version's.
    """
    path = f"{GENERATIONS}/{name}/{BOOT_DESIRED}" if name else f"{CURRENT}/{BOOT_DESIRED}"
    found = Files(kernel.root).read(path)
    if found is None:
        raise DeviceNotFound(
            f"{path} is not there", why="nothing is installed for the boot", remedy="module boot_state"
        )
    try:
        return to_boot(found)
    except NOT_UNDERSTOOD as error:
        raise Unreadable(f"cannot read {path}", why=_why(error), remedy=GO_BACK) from None


def described(kernel: Kernel, name: str) -> str:
    """ "0123456789ab, of collection 1.0.0: enp1s0 (0000:01:00.0)"."""
    try:
        host = installed(kernel, name)
    except SriovError as error:
        return f"{name}: {error}"
    pfs = [label_of(pf.desired.pf, pf.name) for pf in host.pfs]
    return f"{name}, of collection {host.collection}: {', '.join(pfs) or 'no PF'}"


def _why(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error)
    return f"it is not of this version of the collection ({type(error).__name__}: {error})"
