# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The record: what each PF was before this collection changed it first. It outlives boots."""

from __future__ import annotations

import typing as t

from ..model.paths import RECORD
from .codec import from_record, to_record
from .envelope import Envelope

if t.TYPE_CHECKING:
    from ..model.kept import Record
    from .files import Files


class Records:
    """One file for all PFs."""

    def __init__(self, files: Files) -> None:
        self._file = Envelope(files, RECORD, "keep it elsewhere if it is of use, and remove it")

    def read(self) -> dict[str, Record]:
        """By PCI address.

        :raises Unreadable: there is something that cannot be understood.
        """
        found = self._file.read(lambda value: {pf: to_record(each) for pf, each in value["pfs"].items()})
        return found or {}

    def write(self, records: t.Mapping[str, Record]) -> None:
        """Where there are none, there is no file either.

        :raises KernelRefused: with the errno.
        """
        if not records:
            self._file.remove()
            return
        pfs = {pf: from_record(record) for pf, record in records.items()}
        self._file.write({"pfs": pfs})
