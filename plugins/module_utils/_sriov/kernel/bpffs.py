# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The bpffs of our own, where the map and the program of AF_XDP queues have their names: a directory an interface.

Who may open the map is the mode of its file (kernel/bpf/syscall.c bpf_obj_get), so a program without any capability of
bpf(2) may put its socket into it. A bpffs takes no "." in a name (kernel/bpf/inode.c bpf_lookup).
"""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..errors import KernelRefused
from ..model.paths import BPF, MOUNTS, RUN, queue_map, queue_pins, queue_program

if t.TYPE_CHECKING:
    from .link import Run
    from .sysfs import Sysfs

MOUNT = ("mount", "-t", "bpf", "-o", "mode=711", "bpf", BPF)


class BpfFs:
    """Directories and pins in it.

    :param run: runs an argument list.
    """

    def __init__(self, run: Run, sysfs: Sysfs) -> None:
        self._run = run
        self._sysfs = sysfs

    def is_mounted(self) -> bool:
        """:raises KernelRefused: it cannot be read what is mounted."""
        lines = (line.split() for line in (self._sysfs.read(MOUNTS) or "").splitlines())
        found = any(words[1:3] == [BPF, "bpf"] for words in lines)
        self._check_read(MOUNTS)
        return found

    def mount(self) -> None:
        """`mount -t bpf -o mode=711 bpf /run/kernel-bypass-sriov/bpf`; nothing where it is mounted.

        :raises KernelRefused: it cannot be made or mounted.
        """
        if self.is_mounted():
            return
        for each in (RUN, BPF):  # whoever may read from a queue has to come through both, and sees nothing there
            self._make(each, 0o711)
        code, _out, error = self._run(MOUNT)
        if code != 0:
            raise KernelRefused(f"`{' '.join(MOUNT)}` failed", why=error.strip().rstrip(".") or f"exit status {code}")

    def has(self, name: str) -> bool:
        """Whether an interface has a directory in it.

        :raises KernelRefused: it cannot be looked at.
        """
        found = self.is_mounted() and self._sysfs.exists(queue_pins(name))
        self._check_read(queue_pins(name))
        return found

    def make_directory(self, name: str) -> None:
        """The directory of an interface, for root alone at first.

        :raises KernelRefused: with the errno.
        """
        self._make(queue_pins(name), 0o700)

    def remove(self, name: str) -> None:
        """The directory of an interface with its pins; those that are gone are passed over.

        :raises KernelRefused: with the errno.
        """
        for remove, path in (
            (os.unlink, queue_map(name)),
            (os.unlink, queue_program(name)),
            (os.rmdir, queue_pins(name)),
        ):
            try:
                remove(self._sysfs.path(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise KernelRefused(f"{path} could not be removed", errno=error.errno) from None

    def _check_read(self, path: str) -> None:
        number = self._sysfs.refused.get(path)
        if number is not None:
            raise KernelRefused(f"{path} cannot be looked at", errno=number)

    def _make(self, path: str, mode: int) -> None:
        place = self._sysfs.path(path)
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(place)
            os.chmod(place, mode)
        except OSError as error:
            raise KernelRefused(f"the directory {path} could not be made", errno=error.errno) from None
