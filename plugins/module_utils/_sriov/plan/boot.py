# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What has to be done that a host has what shall run at its boots, or has it no more. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t

from ..errors import NotReached, WouldDestroy
from ..faults import Faults
from ..model.boot import NETWORKD, TIMER, UDEV, UNITS
from ..model.boot_texts import LINKS, OURS, TIMER_LINK, TIMER_PATH, UNIT_LINK, mode
from ..model.boot_texts import UNITS as UNIT_FILES
from ..model.paths import CURRENT, GENERATIONS, INSTALLED, PREVIOUS
from ..steps.boot import RemoveTree, StopTimer, Tell, WriteGeneration
from ..steps.files import RemoveFile, WriteFile, WriteLink

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.boot import Generation, Installed, There
    from ..steps.boot import BootStep

NETWORK_FILE = ".network"
RULES_FILE = ".rules"


def present(installed: Installed, wanted: Generation, there: There) -> list[BootStep]:
    """The generation becomes current last of all: until then a boot does what it would have done before.

    :raises SriovError: a file that is in the way is not ours.
    """
    check_ours(installed, wanted.elsewhere)
    steps: list[BootStep] = []
    if not installed.whole:
        mends = wanted.name in installed.generations
        steps.append(WriteGeneration(wanted, mends))
    steps += _elsewhere(installed, wanted.elsewhere, there)
    previous = installed.previous
    if installed.current != wanted.name:
        if installed.current in installed.generations and installed.previous != installed.current:
            previous = installed.current
            steps.append(WriteLink(PREVIOUS, _target(str(installed.current))))
        steps.append(WriteLink(CURRENT, _target(wanted.name)))
    stay = _others(installed) if _swapping(installed) and wanted.name == installed.current else []
    return [*steps, *_unused(installed, {wanted.name, previous, *stay})]


def rolled_back(installed: Installed, wanted: Generation, there: There) -> list[BootStep]:
    """The same, to the generation before the current one.

    :param wanted: that one, as it is there.
    """
    return present(installed._replace(whole=True), wanted, there)


def marked(installed: Installed, marks: t.Mapping[str, str], there: There) -> list[BootStep]:
    """Only what keeps VFs from other managers.

    :raises SriovError: a file that is in the way is not ours.
    """
    check_ours(installed, marks)
    return [*_files(installed, marks), *_tell(installed, marks, there)]


def absent(installed: Installed, there: There, has_directory: bool, results: t.Sequence[str]) -> list[BootStep]:
    """Nothing of it is there any more. What is in the kernel stays.

    :param has_directory: that of the generations is there.
    :param results: files of what came of boots.
    :raises SriovError: a file that is in the way is not ours.
    """
    check_ours(installed, {})
    steps: list[BootStep] = [RemoveFile(path) for path, target in installed.links.items() if target is not None]
    if there.timer:
        steps.append(StopTimer())
    steps += [RemoveFile(path) for path, text in installed.texts.items() if text is not None]
    steps += _tell(installed, {}, there)
    steps += map(RemoveFile, results)
    if has_directory:
        steps.append(RemoveTree(INSTALLED, "what ran at boot"))
    return steps


def check_rollback(installed: Installed) -> str:
    """The name of the generation before the current one.

    :raises NotReached: there is none.
    """
    if installed.previous and installed.previous != installed.current:
        return installed.previous
    if _swapping(installed):
        return _others(installed)[0]
    raise NotReached(
        "there is no generation to go back to",
        why=f"{PREVIOUS} leads to none",
        remedy="bring the host to what it was (module host), and run module boot_state with state: present",
    )


def _swapping(installed: Installed) -> bool:
    """Whether both links lead to one generation, and another is there: a rollback was killed between the two."""
    return bool(installed.previous) and installed.previous == installed.current and len(_others(installed)) == 1


def _others(installed: Installed) -> list[str]:
    """Whole generations that are not current."""
    return [name for name in installed.generations if name != installed.current and not name.startswith(".")]


def check_ours(installed: Installed, wanted: t.Mapping[str, str]) -> None:
    """:raises SriovError: a file that would be written over, or removed, is not ours."""
    faults = Faults()
    for path, text in installed.texts.items():
        if text is not None and OURS not in text and text != wanted.get(path):
            faults.add(_not_ours(path))
    faults.tell()


def _not_ours(path: str) -> WouldDestroy:
    masked = path in UNIT_FILES
    return WouldDestroy(
        f"{path} is not of this collection",
        why=f"it does not say that it is ({OURS})" + ("; a unit that is masked is empty" if masked else ""),
        remedy="look who has written it, and remove it" + (" (systemctl unmask)" if masked else ""),
    )


def _elsewhere(installed: Installed, wanted: t.Mapping[str, str], there: There) -> Iterator[BootStep]:
    yield from _files(installed, wanted)
    links = [UNIT_LINK, *([TIMER_LINK] if TIMER_PATH in wanted else [])]
    for path, target in installed.links.items():
        if path in links and target not in _targets(path):
            yield WriteLink(path, LINKS[path])
        if path not in links and target is not None:
            yield RemoveFile(path)
    if there.timer and TIMER_PATH not in wanted:
        yield StopTimer()
    yield from _tell(installed, wanted, there)


def _files(installed: Installed, wanted: t.Mapping[str, str]) -> Iterator[BootStep]:
    for path, text in wanted.items():
        if installed.texts.get(path) != text:
            yield WriteFile(path, text, mode=mode(path))
    for path, found in installed.texts.items():
        if found is not None and path not in wanted:
            yield RemoveFile(path)


def _tell(installed: Installed, wanted: t.Mapping[str, str], there: There) -> Iterator[BootStep]:
    other = {path for path, text in {**installed.texts, **wanted}.items() if wanted.get(path) != _was(installed, path)}
    if there.systemd and (UNITS in installed.due or installed.stale or other & {*UNIT_FILES}):
        yield Tell(UNITS)
    if there.udev and (UDEV in installed.due or any(path.endswith(RULES_FILE) for path in other)):
        yield Tell(UDEV, there.interfaces)
    if there.networkd and (NETWORKD in installed.due or any(path.endswith(NETWORK_FILE) for path in other)):
        yield Tell(NETWORKD)
    if TIMER_PATH in wanted and (TIMER in installed.due or not there.timer or TIMER_PATH in other):
        yield Tell(TIMER)


def _was(installed: Installed, path: str) -> str | None:
    return installed.texts.get(path)


def _unused(installed: Installed, used: set[str | None]) -> Iterator[BootStep]:
    for name in installed.generations:
        if name not in used:
            why = "a run that was killed has left it" if name.startswith(".") else "neither current nor previous"
            yield RemoveTree(f"{GENERATIONS}/{name}", why)


def _target(name: str) -> str:
    return f"generations/{name}"


def _targets(path: str) -> tuple[str, str]:
    """As systemctl writes it, and as others do."""
    return LINKS[path], f"../{LINKS[path].rpartition('/')[2]}"
