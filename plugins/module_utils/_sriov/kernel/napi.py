# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""NAPI in threads: a kernel thread polls each queue, so that its CPU time is known to the nanosecond.

net/core/dev.c napi_kthread_create(): "napi/NAME-ID". Of interrupts in softirq /proc/stat knows samples only.
"""

from __future__ import annotations

import typing as t

from ..model.paths import INTERFACES, PROCESSES

if t.TYPE_CHECKING:
    from .processes import Processes
    from .sysfs import Sysfs

SHORT = 15  # characters that /proc/PID/comm had of a kernel thread's name before Linux 5.17


class Napi:
    """By interface name."""

    def __init__(self, sysfs: Sysfs, processes: Processes) -> None:
        self._sysfs = sysfs
        self._processes = processes

    def threaded(self, name: str) -> int | None:
        """0, 1; None where this kernel (before Linux 5.12), or this interface, has no such thing."""
        return self._sysfs.read_int(_switch(name))

    def set_threaded(self, name: str, threaded: int) -> None:
        """:raises KernelRefused: with the errno."""
        self._sysfs.write(_switch(name), str(threaded))

    def cpu_time(self, threads: t.Iterable[str]) -> int:
        """Nanoseconds that they have run: the first field of /proc/PID/schedstat."""
        lines = (self._sysfs.read(f"{PROCESSES}/{thread}/schedstat") or "" for thread in threads)
        return sum(int(line.split()[0]) for line in lines if line)

    def threads(self, name: str) -> list[str]:
        """Of an interface, by process id. Where names are cut off they may be those of another that begins alike."""
        begins = f"napi/{name}-"
        found = {process: self._processes.name(process) for process in self._processes.ids()}
        return [
            process
            for process, called in found.items()
            if called.startswith(begins) or (len(called) == SHORT and begins.startswith(called))
        ]


def _switch(name: str) -> str:
    return f"{INTERFACES}/{name}/threaded"
