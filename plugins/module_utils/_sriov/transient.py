# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A program that runs as an ordinary user, in a unit of systemd that ends by itself and leaves nothing behind."""

from __future__ import annotations

import typing as t

from .errors import NotReached

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .kernel.kernel import Kernel

STOPS = 15  # seconds that it has to end once it is asked to


class Unit(t.NamedTuple):
    """:param name: without ".service".

    :param user: whom it runs as.
    :param properties: what it may, and for how long: RuntimeMaxSec= has to be among them.
    """

    name: str
    user: str
    properties: tuple[str, ...]

    def command(self, argv: Sequence[str]) -> list[str]:
        unit = ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", f"--unit={self.name}", f"--uid={self.user}"]
        properties = ("NoNewPrivileges=yes", *self.properties, f"TimeoutStopSec={STOPS}")
        return [*unit, *(word for each in properties for word in ("-p", each)), "--", *argv]


def run_to_its_end(kernel: Kernel, unit: Unit, argv: Sequence[str], stdin: str = "") -> tuple[str, str]:
    """What it prints, and its errors.

    :raises NotReached: it is there still, and is stopped.
    """
    _code, out, error = kernel.run(unit.command(argv), stdin) if stdin else kernel.run(unit.command(argv))
    check_gone(kernel, unit)
    return out, error


def check_gone(kernel: Kernel, unit: Unit) -> None:
    """:raises NotReached: it is there still, and is stopped."""
    name = f"{unit.name}.service"
    if not kernel.units.now(name).is_gone:
        kernel.units.stop(name)
        raise NotReached(f"{name} did not end in its time", remedy=f"look at `systemctl status {name}`")
