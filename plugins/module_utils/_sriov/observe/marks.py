# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The marks on VFs that are on this host now."""

from __future__ import annotations

import typing as t

from ..model.marks import ADDRESS, PATHS

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel


def marks_now(kernel: Kernel) -> dict[str, str]:
    """Path -> text, of each that is there: what a plan compares with model.marks.marks().

    A file that is to go is one of these that marks() does not name. A link in the place of one is read as what it
    leads to; one to /dev/null, by which somebody has switched the marks off, has the text "".

    :raises UnreadableFile: one is there and cannot be read.
    """
    texts = {path: kernel.etc.read(path) for path in PATHS}
    return {path: text for path, text in texts.items() if text is not None}


def marked_vfs_there(kernel: Kernel) -> set[str]:
    """PCI addresses of VFs that are there and have a mark.

    :raises UnreadableFile: a mark cannot be read.
    """
    named = {address for text in marks_now(kernel).values() for address in ADDRESS.findall(text)}
    return {address for address in named if kernel.pci.physfn(address) is not None}
