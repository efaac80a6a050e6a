# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads what is installed on a host for its boots."""

from __future__ import annotations

import typing as t

from ..kernel import trees
from ..model.boot import Generation, Installed, There
from ..model.boot_texts import LINKS
from ..model.paths import (
    BOOT_DESIRED,
    BOOT_RESULT,
    BOOT_UNIT,
    CURRENT,
    GENERATIONS,
    INSTALLED,
    LAST_RESULT,
    METRICS,
    METRICS_FILE,
    PREVIOUS,
)
from .generation import generation_name

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ..kernel.kernel import Kernel


def installed_boot(kernel: Kernel, paths: Sequence[str], wanted: Generation | None, due: Sequence[str]) -> Installed:
    """What there is.

    :param paths: of the files elsewhere that are ours.
    :param wanted: the generation that shall be current; None where that is not asked.
    :param due: who has not been told yet.
    :raises SriovError: a file cannot be read.
    """
    etc = kernel.etc
    return Installed(
        generations=tuple(etc.names(GENERATIONS)),
        current=generation_name(kernel, CURRENT),
        previous=generation_name(kernel, PREVIOUS),
        whole=wanted is not None and trees.is_whole(etc, f"{GENERATIONS}/{wanted.name}", wanted.files),
        texts={path: etc.read(path) for path in dict.fromkeys(paths)},
        links={path: etc.link(path) for path in LINKS},
        due=tuple(due),
        stale=kernel.units.are_there() and kernel.managers.unit().stale,
    )


def there(kernel: Kernel, interfaces: Sequence[str]) -> There:
    """Who can be told.

    :param interfaces: of VFs.
    :raises KernelRefused: systemd does not tell.
    """
    managers, systemd = kernel.managers, kernel.units.are_there()
    networkd, timer = systemd and managers.has_networkd(), systemd and managers.timer_runs()
    return There(systemd, networkd, managers.has_udev(), tuple(interfaces), timer)


def dependents(kernel: Kernel) -> tuple[str, ...]:
    """Units that run and need the boot unit.

    :raises KernelRefused: systemd does not tell.
    """
    return kernel.units.about(BOOT_UNIT).dependents if kernel.units.are_there() else ()


def stored(kernel: Kernel, name: str) -> Generation:
    """A generation as it is there.

    :raises UnreadableFile: it cannot be read.
    """
    return Generation(name, trees.read_tree(kernel.etc, f"{GENERATIONS}/{name}"))


def results(kernel: Kernel, metrics: str) -> list[str]:
    """Which files of what came of boots are there.

    :param metrics: a directory of metrics; "" for none.
    """
    folders = [folder for folder in dict.fromkeys((metrics, *METRICS)) if folder]
    paths = (BOOT_RESULT, LAST_RESULT, *(f"{folder}/{METRICS_FILE}" for folder in folders))
    return [path for path in paths if trees.exists(kernel.etc, path)]


def current_desired(kernel: Kernel, name: str) -> str | None:
    """The text of the desired state of a generation; None where there is none.

    :raises UnreadableFile: it cannot be read.
    """
    return kernel.etc.read(f"{GENERATIONS}/{name}/{BOOT_DESIRED}")


def has_directory(kernel: Kernel) -> bool:
    """Whether anything of ours is where generations are."""
    return trees.is_left(kernel.etc, INSTALLED)


def metrics_directory(kernel: Kernel) -> str:
    """The first that exists of those of Prometheus' node_exporter; "" where none does."""
    return next((path for path in METRICS if trees.exists(kernel.etc, path)), "")
