# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What has come of a run of the boot engine: as a file, and as an exit status."""

from __future__ import annotations

import typing as t

from ..errors import SriovError
from ..model.paths import BOOT_RESULT, LAST_RESULT
from .envelope import Envelope, Json
from .files import Files

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..kernel.kernel import Kernel

OK, CHANGED, PARTIAL, REFUSED, FAILED, TIMEOUT = "ok", "changed", "partial", "refused", "failed", "timeout"
REACHED = (OK, CHANGED)
EXIT = {OK: 0, CHANGED: 0, PARTIAL: 1, FAILED: 1, TIMEOUT: 1, REFUSED: 2}
REFUSALS = (
    "not_found",
    "invalid",
    "unsupported",
    "not_known",
    "not_permitted",
    "would_destroy",
    "in_use",
    "not_reached",
)
"""Kinds of errors that are a decision where nothing was begun; each other one tells that something went wrong."""
NOTHING = type(None)
OF_PF: dict[str, tuple[type, ...]] = {"name": (str,), "outcome": (str,), "steps": (list,), "failure": (dict, NOTHING)}
WORDS: dict[str, tuple[type, ...]] = {
    **{word: (str,) for word in ("boot", "verb", "outcome", "generation", "collection")},
    **{word: (list,) for word in ("steps", "warnings")},
    **{word: (float, int, NOTHING) for word in ("uptime", "seconds")},
    "completed": (float, int),
    "failure": (dict, NOTHING),
}
OF_NO_USE = "remove it: the next run writes it anew"


def boot_result(files: Files, boot_id: str) -> Json | None:
    """The result of the last run in this boot; None where there was none, or it has not ended.

    Its parts: `boot`, `uptime` and `seconds`, `verb` (boot or apply), `outcome` (ok, changed, partial, refused, failed,
    timeout), `pfs` by PCI address (`name`, `outcome`, `steps`, `failure`, `warnings`), `steps` and `warnings` of all,
    `failure` of what is of no PF, `generation`, `collection`, `completed` (seconds since 1970).

    :param boot_id: of this boot (System.boot_id()).
    :raises Unreadable: there is something that cannot be understood.
    """
    found = Envelope(files, BOOT_RESULT, OF_NO_USE).read(_understood)
    return found if found and found["boot"] == boot_id else None


def last_result(files: Files) -> Json | None:
    """The same of the last run in whichever boot.

    :raises Unreadable: as boot_result().
    """
    return Envelope(files, LAST_RESULT, OF_NO_USE).read(_understood)


def write_result(files: Files, result: Json) -> None:
    """:raises KernelRefused: with the errno."""
    Envelope(files, BOOT_RESULT, OF_NO_USE).write(result)
    Envelope(files, LAST_RESULT, OF_NO_USE).write(result)


def remove_result(files: Files) -> None:
    """A run begins: whoever is killed leaves none.

    :raises KernelRefused: with the errno.
    """
    Envelope(files, BOOT_RESULT, OF_NO_USE).remove()


def outcome_of(of_pfs: Collection[str], changed: bool) -> str:
    """Of all PFs together.

    :param changed: whether something was done, also to what is of no PF.
    """
    bad = [each for each in of_pfs if each not in REACHED]
    if bad:
        return PARTIAL if len(bad) < len(of_pfs) else FAILED if FAILED in bad else REFUSED
    return CHANGED if changed else OK


def done(result: Json) -> str:
    """ "6 steps in 1.5 s"; of one that was ended its time is not known."""
    steps, seconds = len(result["steps"]), result["seconds"]
    return f"{steps} step{'' if steps == 1 else 's'}" + (f" in {seconds:.1f} s" if seconds is not None else "")


def label_of(address: str, name: str) -> str:
    """ "enp1s0 (0000:01:00.0)"."""
    return f"{name} ({address})" if name else address


def failure_of(error: SriovError) -> Json:
    """An error as JSON: its details(), its sentence, and what it has left."""
    touched = error.begun or bool(error.done) or bool(error.changed)
    left = {"done": error.done, "lost": error.lost, "touched": touched}
    return {**error.details(), **error.failures(), "msg": str(error), **left}


def outcome_of_failure(failure: Json) -> str:
    """Refused: it was decided that nothing is done."""
    return REFUSED if failure["kind"] in REFUSALS and not failure["touched"] else FAILED


def _understood(found: Json) -> Json:
    for told in found["pfs"].values():
        _check_words(told, OF_PF)
    _check_words(found, WORDS)
    return {**found, "completed": float(found["completed"])}


def _check_words(found: Json, words: Mapping[str, tuple[type, ...]]) -> None:
    wrong = next((word for word, types in words.items() if not isinstance(found[word], types)), None)
    if wrong:
        raise TypeError(f"{wrong} is {found[wrong]!r}")


def last_boot(kernel: Kernel) -> tuple[dict[str, t.Any] | None, list[str]]:
    """What came of the last run in this boot; and a warning where that cannot be read."""
    try:
        found = boot_result(Files(kernel.root), kernel.system.boot_id() or "")
    except SriovError as error:
        return None, [f"what came of the last boot is not known: {error}"]
    if found is None:
        return None, []
    failures = [found["failure"], *(each["failure"] for each in found["pfs"].values())]
    told = {word: found[word] for word in ("outcome", "seconds", "generation", "steps")}
    return {**told, "failures": list(dict.fromkeys(each["msg"] for each in failures if each))}, []
