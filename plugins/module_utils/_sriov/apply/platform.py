# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs the steps that prepare a host, and takes them back."""

from __future__ import annotations

import typing as t
from shlex import join

from ..errors import KernelRefused, SriovError, TookTooLong
from ..kernel.commands import TO_THE_END
from ..model.platform import Pages
from ..steps.pci import LoadModule
from ..steps.platform import RunCommand, SetPages
from .files import Undo
from .hugepages import TRIES_FOR, allocate, lower, short_of

if t.TYPE_CHECKING:
    from ..kernel.deadline import Deadline
    from ..kernel.kernel import Kernel
    from ..steps.platform import PlatformStep

TO_GIVE_BACK = 10.0  # seconds for a number of pages as it was
LEAST_LEFT = 120.0  # seconds for a program of the boot loader: update-grub looks at all disks
TOLD = 300  # characters of what a program says when it fails


class Performer:
    """Steps done, and what leads back from them."""

    def __init__(self, kernel: Kernel, deadline: Deadline) -> None:
        self._kernel = kernel
        self._deadline = deadline
        self._files = Undo(kernel.etc)
        self._pages: list[Pages] = []
        self._commands: list[RunCommand] = []
        self.changed = False

    def perform(self, step: PlatformStep) -> None:
        """:raises SriovError: it was not done, or not all of it."""
        if isinstance(step, SetPages):
            self._set_pages(step)
        elif isinstance(step, LoadModule):
            said = self._kernel.load_module(step.name)
            if said:
                raise KernelRefused(f"cannot load kernel module {step.name}", why=said)
        elif isinstance(step, RunCommand):
            self._check_time(step)
            self._commands.append(step)
            run_command(self._kernel, step)
        else:
            self._files.change(step)
        self.changed = True

    def _check_time(self, step: RunCommand) -> None:
        """What makes the menu of the boot loader is not begun late: what is left has to do for the way back as well.

        :raises TookTooLong: there is not enough.
        """
        least, left = min(LEAST_LEFT, self._deadline.seconds / 3), self._deadline.left()
        if step.argv[0] in TO_THE_END and left < least:
            raise TookTooLong(
                f"{join(step.argv)} was not begun",
                why=f"of the run's {self._deadline.seconds:g} s {left:.0f} are left, and it is not to be interrupted",
                remedy="give more time (timeout)",
            )

    def go_back(self, way_back: t.Sequence[RunCommand]) -> list[str]:
        """All that was done as it was before.

        :param way_back: commands after files are as they were; nothing is run of which nothing was run.
        :returns: what could not be put back, in words.
        """
        missed = self._files.go_back()
        ran = {command.argv[0] for command in self._commands}
        other = [each for each in self._commands if each.argv[0] not in {back.argv[0] for back in way_back}]
        for command in [*(each for each in way_back if each.argv[0] in ran), *other]:
            try:
                run_command(self._kernel, command)
            except SriovError as error:
                missed.append(str(error))
        for pages in reversed(self._pages):
            try:
                self._kernel.platform.set_pages(*pages, timeout=TO_GIVE_BACK)
            except SriovError as error:
                missed.append(str(error))
        return missed

    def _set_pages(self, step: SetPages) -> None:
        pages = Pages(step.node, step.size_kb, step.number)
        self._pages.append(pages._replace(number=step.before))
        if step.number < step.before:
            lower(self._kernel, pages, self._deadline)
            return
        short = allocate(self._kernel, [pages], self._deadline, 0.0 if step.enough else TRIES_FOR)
        if short and not step.enough:
            raise short_of(short)


def run_command(kernel: Kernel, step: RunCommand) -> None:
    """:raises KernelRefused: it failed."""
    code, out, error = kernel.run(list(step.argv))
    if code:
        said = (error.strip() or out.strip())[-TOLD:] or "it said nothing"
        raise KernelRefused(f"{join(step.argv)} failed with exit status {code}", why=said, remedy="run it by hand")
