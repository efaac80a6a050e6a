# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What systemd starts later, whatever becomes of the process that asks for it."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused

if t.TYPE_CHECKING:
    from .link import Run


class Timers:
    """`systemd-run` and `systemctl`.

    :param run: runs an argument list.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def start(self, unit: str, seconds: int, argv: t.Sequence[str]) -> None:
        """Run a command once, in so many seconds. The unit is gone when the command has ended, however it did.

        :raises KernelRefused: it will not be run.
        """
        when = [f"--on-active={seconds}s", "--timer-property=AccuracySec=1s"]
        code, _out, said = self._run(["systemd-run", f"--unit={unit}", *when, "--collect", "--quiet", "--", *argv])
        if code:
            why = said.strip() or f"systemd-run ended with status {code}"
            raise KernelRefused(f"cannot start timer {unit}", why=why, remedy=f"see `systemctl status {unit}.timer`")

    def stop(self, unit: str) -> None:
        """Nothing where it is not there any more."""
        self._run(["systemctl", "stop", f"{unit}.timer", f"{unit}.service"])
