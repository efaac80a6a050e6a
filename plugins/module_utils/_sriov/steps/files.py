# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Steps on a host's files: units, rules, settings."""

from __future__ import annotations

import typing as t


class WriteFile(t.NamedTuple):
    """Have a file with this text.

    :param why: what it is for: "the unit that runs at boot".
    """

    path: str
    text: str
    why: str = ""
    mode: int = 0o644

    def __str__(self) -> str:
        return f"write {self.path}" + (f" ({self.why})" if self.why else "")


class WriteLink(t.NamedTuple):
    """`ln -sfn TARGET PATH`, in one step."""

    path: str
    target: str

    def __str__(self) -> str:
        return f"link {self.path} to {self.target}"


class RemoveFile(t.NamedTuple):
    """A file or a link."""

    path: str

    def __str__(self) -> str:
        return f"remove {self.path}"


FileStep = t.Union[WriteFile, WriteLink, RemoveFile]
