# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Installs what brings a host to its desired state at each boot: only one that is reached becomes current."""

from __future__ import annotations

import json
import typing as t

from ..alone import check_user
from ..apply.boot import apply_boot
from ..converge import converge
from ..errors import NotReached, SriovError
from ..faults import Faults
from ..kept.due import Due
from ..kept.files import Files
from ..kept.pending import Pending
from ..kernel.etc import UnreadableFile
from ..model.boot import Generation, Installed, generation
from ..model.boot_texts import UNITS
from ..model.desired import Desired
from ..model.marks import PATHS
from ..model.paths import BOOT_DESIRED, COMMAND, GENERATIONS, MARK_NETWORK, MARK_RULES, NOTHING
from ..model.under_way import under_way
from ..observe import boot as look
from ..observe.host import observe
from ..observe.marks import marked_vfs_there, marks_now
from ..observe.owners import owned_pf, second_owners
from ..others import blocked_devices
from ..plan import boot as plan
from ..plan.boot_marks import MarkedVfs, check_carried, interfaces_of_vfs, marked_vfs, still_needed
from ..steps.boot import Tell
from .request import ABSENT, MARKED, PRESENT, ROLLBACK, Done
from .wanted import (
    MOST_TOLD,
    check_earlier,
    check_host,
    checked_owners,
    needed_by,
    not_reached,
    understood,
    wanted_generation,
    with_every_consent,
)

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..kernel.kernel import Kernel
    from ..model.boot import There
    from ..model.host import Pf
    from ..steps.boot import BootStep
    from .request import Run

    Planner = Callable[[Installed, Generation, There], list[BootStep]]


def boot_state(run: Run) -> Done:
    """:raises SriovError: it is refused, or was not done."""
    check_user(run.kernel)
    states: dict[str, Callable[[Run], Done]]
    states = {PRESENT: _present, MARKED: _marked, ABSENT: _absent, ROLLBACK: _rollback}
    return states[run.request.state](run)


def _present(run: Run) -> Done:
    kernel, request = run.kernel, run.request
    check_host(kernel)
    Pending(Files(kernel.root)).check_none()
    check_earlier(kernel)
    outcome = converge(kernel, with_every_consent(request.desired), run.deadline.left(), check=True)
    differences = [str(step) for step in outcome.plan.steps]
    if differences and not run.check:
        raise not_reached(differences)
    owners = second_owners(kernel, [owned_pf(outcome.after.pfs[pf.pf]) for pf in outcome.desired.pfs])
    warnings = checked_owners(owners, request.override)
    marked = _marks(run, outcome.desired, outcome.after.pfs)
    wanted = wanted_generation(run, outcome, marked.files)
    done = _reach(run, wanted, plan.present, marked.interfaces)
    told = [owner.text for owner in owners]
    return done._replace(differences=differences, owners=told, warnings=[*done.warnings, *warnings, *marked.warnings])


def _reach(run: Run, wanted: Generation, planner: Planner, interfaces: Sequence[str] = ()) -> Done:
    """Have a generation installed, and look whether it is.

    :param interfaces: of VFs.
    """

    def planned() -> tuple[Installed, list[BootStep]]:
        installed = _installed(run.kernel, (*UNITS, COMMAND, *_marks_files(run.kernel), *wanted.elsewhere), wanted)
        return installed, planner(installed, wanted, look.there(run.kernel, interfaces))

    installed, steps = planned()
    (before, warnings), previous = _shown(run.kernel, installed), installed.previous
    if installed.current != wanted.name and installed.current in installed.generations:
        previous = installed.current
    after = {"generation": wanted.name, "previous": previous, **_of_generation(wanted)}
    if steps and not run.check:
        _apply(run, steps)
        installed, left = planned()
        after, _none = _shown(run.kernel, installed)
        _check_done(left)
    return Done(steps, before, after, wanted.name, previous, warnings=warnings)


def _rollback(run: Run) -> Done:
    kernel = run.kernel
    name = plan.check_rollback(_installed(kernel, (), None))
    wanted = look.stored(kernel, name)
    if generation(wanted.files, {}).name != name:
        raise NotReached(
            f"cannot go back to {GENERATIONS}/{name}",
            why="it is damaged: its files are not those that were installed",
            remedy="have what is wanted installed by module boot_state with state: present",
        )
    host = understood(wanted.files.get(BOOT_DESIRED, ""), f"{GENERATIONS}/{name}")
    differences: list[str] = []
    warnings = []
    pfs: Mapping[str, Pf] = {}
    try:
        desired = with_every_consent(Desired(tuple(pf.desired for pf in host.pfs)))
        outcome = converge(kernel, desired, run.deadline.left(), check=True)
        differences, pfs = [str(step) for step in outcome.plan.steps], outcome.before.pfs
    except SriovError as error:
        warnings = [f"what the next boot does is not known: {error}"]
    marks = {path: text for path, text in wanted.elsewhere.items() if path in _marks_files(kernel)}
    check_carried(pfs.values(), marks, marks_now(kernel), {})
    interfaces = interfaces_of_vfs(pfs.values())
    done = _reach(run, wanted, plan.rolled_back, interfaces)
    return done._replace(differences=differences, warnings=[*done.warnings, *warnings])


def _marked(run: Run) -> Done:
    kernel, request = run.kernel, run.request
    check_earlier(kernel)
    located, state, unknown = observe(kernel, request.desired, run.deadline.left(), blocked_devices(kernel))
    faults = Faults()
    faults.add(*unknown)
    faults.tell()
    marked = _marks(run, located, state.pfs)
    paths = _marks_files(kernel)

    def planned() -> tuple[Installed, list[BootStep]]:
        installed = _installed(kernel, paths, None)
        return installed, plan.marked(installed, marked.files, look.there(kernel, marked.interfaces))

    installed, steps = planned()
    before = {"files": {path: text for path, text in installed.texts.items() if text is not None}}
    if steps and not run.check:
        _apply(run, steps)
        _check_done(planned()[1])
    return Done(steps, before, {"files": marked.files}, None, None, warnings=marked.warnings)


def _absent(run: Run) -> Done:
    kernel = run.kernel
    installed = _installed(kernel, (*UNITS, COMMAND, *_marks_files(kernel)), None)
    (before, warnings), there = _shown(kernel, installed), look.there(kernel, ())
    marks = {path: text for path, text in installed.texts.items() if path in PATHS}
    needed = still_needed(marks, marked_vfs_there(kernel))
    installed = installed._replace(texts={path: text for path, text in installed.texts.items() if path not in needed})
    desired = before.get("desired")
    metrics = desired.get("metrics") if isinstance(desired, dict) else None
    results = look.results(kernel, metrics if isinstance(metrics, str) else "")
    steps = plan.absent(installed, there, look.has_directory(kernel), results)
    warnings += _marks_stay(needed)
    warnings += [needed_by(each) for each in look.dependents(kernel)] if steps else []
    if steps and not run.check:
        _apply(run, steps)
    after = {"files": {path: marks[path] for path in needed}} if needed and before else {}
    return Done(steps, before, after, None, None, warnings=warnings)


def _marks_stay(needed: Mapping[str, Sequence[str]]) -> list[str]:
    vfs = sorted({each for found in needed.values() for each in found})
    if not vfs:
        return []
    told = ", ".join(vfs[:MOST_TOLD]) + (f" and {len(vfs) - MOST_TOLD} more" if len(vfs) > MOST_TOLD else "")
    why = f"without them a manager would set up VFs that are there ({told})"
    return [f"marks that keep network managers away stay: {why}; run this again when the VFs are gone"]


def _marks(run: Run, located: Desired, pfs: Mapping[str, Pf]) -> MarkedVfs:
    """Without those that somebody has switched off.

    :raises SriovError: a VF that would be marked carries the operator.
    """
    request, kernel = run.request, run.kernel
    found = marked_vfs(request.desired, located, pfs, request.managed)
    off = [path for path in found.files if kernel.etc.link(path) == NOTHING]
    warnings = [f"VFs are not kept from network managers by {path}: it is a link to {NOTHING}" for path in off]
    files = {path: text for path, text in found.files.items() if request.unmanaged and path not in off}
    called = {wish.pf: asked.pf for asked, wish in zip(request.desired.pfs, located.pfs)}
    check_carried(pfs.values(), files, marks_now(kernel), called)
    return MarkedVfs(files, found.interfaces, (*found.warnings, *warnings) if request.unmanaged else ())


def _marks_files(kernel: Kernel) -> list[str]:
    """Those that are ours to write; a link to nothing is somebody's decision."""
    return [path for path in (MARK_RULES, MARK_NETWORK) if kernel.etc.link(path) != NOTHING]


def _check_done(left: Sequence[BootStep]) -> None:
    """:raises NotReached: a step is to be done again."""
    if left:
        raise NotReached("what was written is not as planned", why=str(left[0]), remedy="look who else writes it")


def _apply(run: Run, steps: Sequence[BootStep]) -> None:
    """Who is to be told of other files is noted first: a run that is killed has not told it."""
    due = Due(Files(run.kernel.root))
    due.write([step.who for step in steps if isinstance(step, Tell)])
    try:
        apply_boot(run.kernel, steps, lambda step: run.tell(under_way([step])))
    except SriovError as error:
        if not error.changed:
            due.write(())
        raise
    due.write(())


def _installed(kernel: Kernel, paths: Sequence[str], wanted: Generation | None) -> Installed:
    return look.installed_boot(kernel, paths, wanted, Due(Files(kernel.root)).read())


def _shown(kernel: Kernel, installed: Installed) -> tuple[dict[str, t.Any], list[str]]:
    """For a diff; and a warning where what is desired cannot be read, by which nothing else is decided here."""
    if not installed.current:
        return {}, []
    desired, warnings = None, []
    try:
        desired = look.current_desired(kernel, installed.current)
    except UnreadableFile as error:
        warnings = [f"what was desired at boots is not known: {error.what}: {error.why}"]
    files = {path: text for path, text in installed.texts.items() if text is not None}
    shown = {"generation": installed.current, "previous": installed.previous, "files": files}
    return {**shown, "desired": _parsed(desired)}, warnings


def _of_generation(wanted: Generation) -> dict[str, t.Any]:
    return {"files": wanted.elsewhere, "desired": _parsed(wanted.files.get(BOOT_DESIRED))}


def _parsed(text: str | None) -> t.Any:
    try:
        return json.loads(text or "null")
    except ValueError:
        return text
