# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps on a host's files, and takes them back."""

from __future__ import annotations

import typing as t

from ..errors import SriovError
from ..steps.files import RemoveFile, WriteFile, WriteLink

if t.TYPE_CHECKING:
    from ..kernel.etc import Etc
    from ..steps.files import FileStep


def change_file(step: FileStep, etc: Etc) -> None:
    """:raises KernelRefused: with the errno."""
    if isinstance(step, WriteFile):
        etc.write(step.path, step.text, step.mode)
    elif isinstance(step, WriteLink):
        etc.write_link(step.path, step.target)
    else:
        etc.remove(step.path)


def way_back(step: FileStep, etc: Etc) -> FileStep:
    """What leads back from a step that has not been done yet.

    :raises UnreadableFile: what is there now cannot be read, and would be lost.
    """
    target = etc.link(step.path)
    if target is not None:
        return WriteLink(step.path, target)
    text = etc.read(step.path)
    return RemoveFile(step.path) if text is None else WriteFile(step.path, text, mode=etc.mode(step.path) or 0o644)


class Undo:
    """Files as they were before the steps that were done through it."""

    def __init__(self, etc: Etc) -> None:
        self._etc = etc
        self._back: list[FileStep] = []

    def change(self, step: FileStep) -> None:
        """:raises SriovError: it was not done; what was done before it stays until go_back()."""
        self._back.insert(0, way_back(step, self._etc))
        change_file(step, self._etc)

    def go_back(self) -> list[str]:
        """:returns: what could not be put back, in words."""
        missed = []
        for step in self._back:
            try:
                change_file(step, self._etc)
            except SriovError as error:
                missed.append(str(error))
        self._back = []
        return missed
