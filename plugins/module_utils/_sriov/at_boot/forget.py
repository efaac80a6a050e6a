# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Drops what a run that did not come to its end owes a PF: by somebody who has put it back, or does without."""

from __future__ import annotations

import typing as t

from ..errors import DeviceNotFound
from ..kept.files import Files
from ..kept.journal import SUFFIX, Journal
from ..kept.lock import Lock
from ..model.paths import JOURNALS
from ..observe.names import pci_address

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ..kernel.kernel import Kernel

TO_WAIT = 10.0  # seconds for another run


def forget(kernel: Kernel, name: str, say: Callable[[str], None]) -> int:
    """The journal of a PF is printed, and then removed, also one that is damaged. The record of the PF stays.

    :param name: of its interface, or its PCI address.
    :returns: the exit status.
    :raises SriovError: the name means nothing, or the journal cannot be read or removed.
    """
    address = _address(kernel, name)
    path, files = f"{JOURNALS}/{address}{SUFFIX}", Files(kernel.root)
    with Lock(files, kernel.processes).held(TO_WAIT):
        text = kernel.etc.read(path)
        if text is None:
            say(f"no run owes {address} anything: {path} is not there")
            return 0
        say(text.rstrip("\n"))
        Journal(files).remove(address)
    say(f"dropped: {path}")
    return 0


def _address(kernel: Kernel, name: str) -> str:
    found = pci_address(name) or kernel.interfaces.function(name)
    if found is None:
        raise DeviceNotFound(
            f"no PF is called {name!r}",
            why="there is no such interface with a PCI device, and it is no PCI address",
            remedy="`kernel-bypass-sriov status` names those that are owed something",
        )
    return found
