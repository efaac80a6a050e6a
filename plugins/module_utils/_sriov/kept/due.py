# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who is still to be told that files of the host are others now: noted before the first is written.

It is of one boot: whoever starts reads them anyway.
"""

from __future__ import annotations

import typing as t

from ..model.paths import BOOT_DUE
from .envelope import Envelope

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .files import Files


class Due:
    """One file for the host."""

    def __init__(self, files: Files) -> None:
        self._file = Envelope(files, BOOT_DUE, "systemctl daemon-reload, and remove it", of_boot=True)

    def read(self) -> tuple[str, ...]:
        """:raises Unreadable: there is something that cannot be understood."""
        return self._file.read(lambda found: tuple(map(str, found["due"]))) or ()

    def write(self, due: Sequence[str]) -> None:
        """None: all have been told.

        :raises KernelRefused: with the errno.
        """
        if due:
            self._file.write({"due": list(due)})
        else:
            self._file.remove()
