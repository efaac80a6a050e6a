# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Services of systemd: what is known of them, stopping and starting, by systemctl.

It never waits here: whoever asks for something looks again whether it has come about.
"""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused
from ..model.paths import SYSTEMD
from ..model.units import Unit

if t.TYPE_CHECKING:
    from .link import Run
    from .processes import Processes
    from .sysfs import Sysfs

ACTIVE = ("active", "reloading", "refreshing")
GONE = ("inactive", "failed")
# To stop a unit stops those too: src/core/unit-dependency-atom.c UNIT_ATOM_PROPAGATE_STOP.
STOPPED_WITH = ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo")


class Now(t.NamedTuple):
    """A unit at one moment.

    :param state: "active", "inactive", "failed", "activating", "deactivating".
    :param busy: systemd has still to do something with it.
    :param result: what came of its last run: "success", "exit-code", "timeout".
    """

    state: str
    busy: bool
    result: str

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE and not self.busy

    @property
    def is_gone(self) -> bool:
        return self.state in GONE and not self.busy


class Units:
    """By whole name."""

    def __init__(self, run: Run, sysfs: Sysfs, processes: Processes) -> None:
        self._run = run
        self._sysfs = sysfs
        self._processes = processes

    def are_there(self) -> bool:
        """Whether systemd runs this host."""
        return self._sysfs.exists(SYSTEMD)

    def about(self, name: str) -> Unit:
        """:raises KernelRefused: systemd does not tell."""
        told = self._show(name, "LoadState,Transient,CanStop,CanStart")
        return Unit(
            loaded=told.get("LoadState") == "loaded",
            transient=told.get("Transient") == "yes",
            can_stop=told.get("CanStop") == "yes",
            can_start=told.get("CanStart") == "yes",
            ours=self._processes.unit("self") == name,
            dependents=tuple(self._dependents(name)),
        )

    def now(self, name: str) -> Now:
        """:raises KernelRefused: systemd does not tell."""
        told = self._show(name, "ActiveState,Job,Result")
        return Now(told.get("ActiveState", ""), told.get("Job", "0") not in ("", "0"), told.get("Result", ""))

    def stop(self, name: str) -> None:
        """Ask for it.

        :raises KernelRefused: systemd does not do it.
        """
        self._ask("stop", "--no-block", "--no-ask-password", "--", name)

    def start(self, name: str) -> None:
        """As stop()."""
        self._ask("start", "--no-block", "--no-ask-password", "--", name)

    def open_nodes(self, name: str) -> bool:
        """Whether a process of it has a device open."""
        mine = (each for each in self._processes.ids() if self._processes.unit(each) == name)
        opened = map(self._processes.open_files, mine)
        return any(each.nodes or each.functions for each in opened)

    def _dependents(self, name: str) -> list[str]:
        """Those that run. One that does not run hands the stop on to what depends on it all the same."""
        walked, active = [name], []
        for unit in walked:  # grows while it is walked
            told = self._show(unit, ",".join(("ActiveState", *STOPPED_WITH)))
            if unit != name and told.get("ActiveState") not in GONE:
                active.append(unit)
            found = (each for kind in STOPPED_WITH for each in told.get(kind, "").split())
            walked += dict.fromkeys(each for each in found if each not in walked)
        return sorted(active)

    def _show(self, name: str, properties: str) -> dict[str, str]:
        out = self._ask("show", f"--property={properties}", "--", name)
        return {key: value for key, _sign, value in (line.partition("=") for line in out.splitlines())}

    def _ask(self, *words: str) -> str:
        code, out, error = self._run(["systemctl", *words])
        if code:
            why = error.strip() or f"exit status {code}"
            raise KernelRefused(f"cannot {words[0]} unit {words[-1]}", why=why, remedy="look at `systemctl status`")
        return out
