# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Services of systemd that may hand a device over: their names, and what is known of them. Data only."""

from __future__ import annotations

import re
import typing as t
from shlex import quote  # a name may have a backslash

from ..errors import InvalidRequest

SERVICE = ".service"
# systemd.unit(5). Other kinds hold no device, or (scope) cannot be started by systemd.
KINDS = (
    *(".socket", ".device", ".mount", ".automount", ".swap", ".target", ".path", ".timer", ".slice", ".scope"),
    SERVICE,
)
LETTERS = re.compile(r"[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*", re.ASCII)
LONGEST = 255  # UNIT_NAME_MAX - 1


class Unit(t.NamedTuple):
    """What systemd tells of a service.

    :param loaded: it is known.
    :param transient: made by systemd-run: it is gone once it is stopped.
    :param can_stop, can_start: nothing in it forbids that.
    :param ours: this run is part of it.
    :param dependents: units that run, would be stopped with it, and would not come back with it.
    """

    loaded: bool = True
    transient: bool = False
    can_stop: bool = True
    can_start: bool = True
    ours: bool = False
    dependents: tuple[str, ...] = ()

    @property
    def hindrance(self) -> str:
        """Why it cannot be stopped and started again; "" where it can."""
        if self._never or not self.dependents:
            return self._never
        names = ", ".join(self.dependents)
        return f"{names} would be stopped with it (Requires=, BindsTo=, PartOf=), and not be started again with it"

    @property
    def remedy(self) -> str:
        """What to do about the hindrance."""
        if self._never:
            return "end it yourself, and leave it out"
        return f"`systemctl stop {' '.join(map(quote, self.dependents))}` first, and start that again afterwards"

    @property
    def _never(self) -> str:
        """A hindrance that is in the unit itself."""
        if self.ours:
            return "this run is part of it, and would end with it"
        if not self.loaded:
            return "systemd does not know it"
        if self.transient:
            return "it is transient (systemd-run): once stopped it is gone, and cannot be started again"
        if not (self.can_stop and self.can_start):
            return "it may not be stopped and started by hand (RefuseManualStop, RefuseManualStart)"
        return ""


def start_command(unit: str) -> str:
    """As an operator types it."""
    return f"systemctl start {quote(unit)}"


def unit_name(place: str, text: t.Any) -> str:
    """The whole name: "dpdk-app" is dpdk-app.service.

    :raises InvalidRequest: it is none of a service.
    """
    if not isinstance(text, str):
        raise InvalidRequest(f"{place}: {text!r} is no name of a unit", remedy="write it as in dpdk-app.service")
    whole = text if text.endswith(KINDS) else f"{text}{SERVICE}"
    stem = whole.rpartition(".")[0]
    if not LETTERS.fullmatch(whole) or not stem or stem.endswith("@") or len(whole) > LONGEST:
        raise InvalidRequest(f"{place}: {text!r} is no name of a unit", remedy="write it as in dpdk-app.service")
    if not whole.endswith(SERVICE):
        raise InvalidRequest(
            f"{place}: {text} is no service",
            why="only a service is stopped and started again",
            remedy="name the service whose program has the device open",
        )
    return whole
