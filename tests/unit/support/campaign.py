# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in which one call to the kernel goes wrong, and what must be true after each."""

from __future__ import annotations

import errno
import os
import shutil
import typing as t

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.info import read_info
from ansible_collections.kernel_bypass.sriov.plugins.modules import host

from ..simulation import hosts
from ..simulation.devices import Behaviour
from ..simulation.faulty import KILL, Fault, Killed, faulty, kept_files
from ..simulation.kernel import behaving
from ..simulation.tree import snapshot
from . import scenes
from .modules import run_module

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ERRNOS = {
    "write": (errno.EBUSY, errno.ENOMEM, errno.EIO),
    "command": (errno.EBUSY, errno.ENOMEM),
    "ioctl": (errno.EBUSY, errno.ENOMEM, errno.EIO),
    "read": (errno.EIO, errno.EACCES),
    "keep": (errno.ENOSPC, errno.EIO),
}
OURS = ("sim/writes", "sim/calls", "sim/killed", "run/kernel-bypass-sriov", "var/lib/kernel-bypass-sriov")
JOURNALS = "run/kernel-bypass-sriov/journal"
VOLATILE = ("ifindex", "carrier", "speed")  # of an interface that is made anew
CONSENT = ["destroy_vfs", "link_reset"]  # not in_use: it also allows to lose what cannot be read


class Run(t.NamedTuple):
    """A representative run: a host, and what is wished of it."""

    state: scenes.HostState
    options: dict[str, t.Any]


def nic(kind: str, place: int = 0) -> hosts.Nic:
    return hosts.Nic(**{**scenes.PLACES[place], **scenes.KINDS[kind]})


def somebodys(kind: str, **more: t.Any) -> scenes.PfState:
    """A PF with a table and rules that somebody has set."""
    rules = (scenes.a_rule(80, 1, 3), scenes.a_rule(81, 2**64 - 1, 5)) if kind == "82599" else ()
    found = {"num_vfs": 2, "weights": (3, 1), "ntuple": kind == "82599", "rules": rules}
    return scenes.PfState(kind, nic(kind), **{**found, **more})


def other() -> scenes.PfState:
    """A PF beside, of somebody else."""
    return scenes.PfState("82576", nic("82576", 1), 2, weights=(1,), attributes=((0, "mac 02:00:00:00:aa:00"),))


def run(pf: scenes.PfState, **options: t.Any) -> Run:
    entry = {"pf": "enp1s0", "allow": CONSENT, **options}
    return Run(scenes.HostState((pf, other()), 8, True, None), {"pfs": [entry]})


# A run between the one that goes wrong and the next with its wish, and what may not be read in it.
SOMETHING_ELSE = {"pfs": [{"pf": "enp1s0", "allow": CONSENT, "drivers_autoprobe": True}]}
READS = ("read", "ioctl")
RULES = [{"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 82, "vf": 0}]
RUNS = {
    "create": run(
        somebodys("82599", num_vfs=0),
        num_vfs=2,
        vfs=[{"vf": "all", "mac": "auto", "trust": True}, {"vf": 0, "driver": "vfio-pci", "mode": "0660"}],
        rules=RULES,
    ),
    "create again": run(somebodys("82599"), num_vfs=3, vfs=[{"vf": 1, "vlan": 7}]),
    "rebind": run(somebodys("82599"), vfs=[{"vf": "all", "driver": "vfio-pci"}]),
    "none": run(somebodys("82599"), vfs=[{"vf": "all", "driver": "none"}]),
    "reload": run(somebodys("82599"), vfs=[{"vf": "all", "mac": "auto", "mtu": 1400}]),
    "rules": run(somebodys("82599"), rules=RULES, exclusive_rules=True),
    "table": run(somebodys("82576"), rss={"channels": 2, "equal": 2}),
    "two PFs": Run(
        scenes.HostState((somebodys("82599"), other()), 8, True, None),
        {
            "pfs": [
                {"pf": "enp1s0", "allow": CONSENT, "num_vfs": 3},
                {"pf": "enp2s0", "allow": CONSENT, "vfs": [{"vf": 0, "vlan": 5}, {"vf": 1, "driver": "vfio-pci"}]},
            ]
        },
    ),
    "teardown": run(somebodys("82599", vfio=True), num_vfs=0),
}


def points(calls: list[str], kinds: tuple[str, ...] = tuple(ERRNOS)) -> Iterator[Fault]:
    """Every fault that a run with these calls can meet."""
    for number, call in enumerate(calls):
        kind = call.partition(" ")[0]
        if kind not in kinds:
            continue
        for code in ERRNOS[kind]:
            yield Fault(number, code)
            if kind != "read":
                yield Fault(number, code, after=True)
        if kind != "read":
            yield from (Fault(number, KILL), Fault(number, KILL, after=True))


def read_faults(calls: list[str]) -> Iterator[Fault]:
    """Faults of a run of which it is not known what it will call: of the call at this number, if that reads."""
    return (Fault(number, errno.EIO, kinds=READS) for number in range(len(calls)))


class Campaign:
    """One run, and all that may go wrong in it.

    :param roots: gives a new directory, at each call.
    """

    def __init__(self, name: str, roots: t.Callable[[], str]) -> None:
        self.run = RUNS[name]
        self._roots = roots
        self._start = roots()
        scenes.start(self._start, self.run.state)
        clean = self._copy()
        kernel, calls = faulty(clean)
        with kept_files(calls):
            self._first = run_module(host, kernel, **self.run.options)
        assert not self._first["failed"], self._first
        self.calls = calls.made()
        self.goal = seen(clean)

    def _copy(self) -> str:
        root = self._roots()
        shutil.copytree(self._start, root, symlinks=True, dirs_exist_ok=True)
        return root

    def what(self, fault: Fault) -> str:
        how = "killed" if fault.errno == KILL else errno.errorcode[fault.errno]
        return f"{how} {'after' if fault.after else 'at'} call {fault.number}: {self.calls[fault.number]}"

    def shortcomings(self, fault: Fault, between: Fault | None = None) -> list[str]:
        """What is wrong after a run with a fault, and after a second one without; none where all is well.

        :param between: another run, which wishes something else, comes in the middle, with this fault.
        """
        root = self._copy()
        before = snapshot_of(root)
        result, found = self._faulty_run(root, fault, self.run.options)
        if result:
            changed = snapshot_of(root) != before
            if result["failed"] and changed and not result["changed"]:
                found.append("failed, changed: false, and something has changed")
            if not result["failed"] and seen(root) != self.goal:
                found.append(f"it says that all is well, and it is not: {difference(self.goal, seen(root))}")
        if between:
            found += self._faulty_run(root, between, SOMETHING_ELSE)[1]
        again = run_module(host, behaving(root, Behaviour()), **self.run.options)
        if again["failed"]:
            found.append(f"the last run fails: {again['msg']}")
        elif seen(root) != self.goal:
            found.append(f"the last run does not reach it: {difference(self.goal, seen(root))}")
        elif os.listdir(os.path.join(root, JOURNALS)) if os.path.isdir(os.path.join(root, JOURNALS)) else ():
            found.append("the last run leaves a journal")
        shutil.rmtree(root)
        return found

    def _faulty_run(self, root: str, fault: Fault, options: dict[str, t.Any]) -> tuple[dict[str, t.Any], list[str]]:
        """Its result, none where it was killed, and what is wrong with it."""
        kernel, calls = faulty(root, fault)
        try:
            with kept_files(calls):
                return run_module(host, kernel, **options), []
        except Killed:
            return {}, []
        except Exception as error:
            return {}, [f"a traceback: {error!r}"]


def snapshot_of(root: str) -> dict[str, t.Any]:
    return {path: value for path, value in snapshot(root).items() if not path.lstrip("/").startswith(OURS)}


def seen(root: str) -> t.Any:
    """All PFs as info tells, but for what differs from one making to the next."""
    return _lasting(read_info(behaving(root, Behaviour()), None, 30)["pfs"])


def _lasting(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: _lasting(each) for name, each in value.items() if name not in VOLATILE}
    return [_lasting(each) for each in value] if isinstance(value, list) else value


def difference(wanted: t.Any, found: t.Any, path: str = "") -> str:
    if isinstance(wanted, dict) and isinstance(found, dict):
        parts = [difference(value, found.get(name), f"{path}.{name}") for name, value in wanted.items()]
        return "; ".join(part for part in parts if part)
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        parts = [difference(a, b, f"{path}[{n}]") for n, (a, b) in enumerate(zip(wanted, found))]
        return "; ".join(part for part in parts if part)
    return "" if wanted == found else f"{path}: {wanted!r} wanted, {found!r} found"
