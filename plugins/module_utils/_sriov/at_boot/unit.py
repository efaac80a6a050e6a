# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reaches what is installed for the boot, and leaves a result: the boot unit's run, and the same by hand."""

from __future__ import annotations

import time
import traceback
import typing as t

from ..errors import NoAnswer, SriovError, TookTooLong
from ..kept.blocked import Blocked
from ..kept.boot_result import (
    EXIT,
    FAILED,
    TIMEOUT,
    boot_result,
    done,
    failure_of,
    label_of,
    outcome_of,
    remove_result,
    write_result,
)
from ..kept.files import Files
from ..kernel.deadline import Deadline
from ..model.paths import CURRENT
from ..observe.generation import generation_name
from .generations import installed
from .metrics import UNKNOWN, tell_prometheus
from .pages import Taken, take_pages
from .pfs import await_pfs
from .run import Reached, Way, named, reach

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..kept.boot import BootHost
    from ..kept.envelope import Json
    from ..kernel.kernel import Kernel
    from ..model.under_way import UnderWay

    Say = Callable[[str], None]

NOTHING = Reached({}, [], [])
NO_PAGES = Taken([])
FOR_PAGES = 1 / 3  # of the time: the NICs need the rest
LATE = ("timeout", "watchdog")  # of SERVICE_RESULT, systemd.exec(5)


def boot(kernel: Kernel, verb: str, say: Say) -> int:
    """:param verb: "boot" or "apply", for the result.
    :param say: gets each step as it is begun, and what has come of it.
    :returns: the exit status.
    """
    begin = time.monotonic()
    _tolerate(say, lambda: remove_result(Files(kernel.root)))
    host, pages, reached, failure = UNKNOWN, NO_PAGES, NOTHING, None

    def heard(at: UnderWay) -> None:
        for step in at.steps:
            say(step)

    try:
        host = installed(kernel)
        deadline = Deadline(host.timeout)
        pages = take_pages(kernel, host.timeout * FOR_PAGES, heard)
        reached = _reached(kernel, host, deadline, say, heard)
    except SriovError as error:
        failure = failure_of(error)
    except Exception:  # a fault of ours: it has its result as well
        failure = failure_of(NoAnswer("the run ended without an answer", why=traceback.format_exc()))
    result: Json = {
        "verb": verb,
        "outcome": FAILED if failure else _outcome(reached, pages),
        "seconds": round(time.monotonic() - begin, 3),
        "collection": host.collection,
        "steps": [*pages.steps, *reached.steps],
        "warnings": [*reached.warnings, *([pages.failure["msg"]] if failure and pages.failure else [])],
        "failure": failure or pages.failure,
        "pfs": {pf: _without_looks(told) for pf, told in reached.pfs.items()},
    }
    _leave(kernel, result, say)
    _tell(result, say)
    _tolerate(say, lambda: tell_prometheus(kernel, host, reached.pfs))
    return EXIT[result["outcome"]]


def _outcome(reached: Reached, pages: Taken) -> str:
    parts = [each["outcome"] for each in reached.pfs.values()]
    return outcome_of([*parts, FAILED] if pages.failure else parts, bool(pages.steps or reached.steps))


def _without_looks(told: Json) -> Json:
    return {word: value for word, value in told.items() if word not in ("drift", "seen")}


def _reached(
    kernel: Kernel, host: BootHost, deadline: Deadline, say: Say, heard: Callable[[UnderWay], None]
) -> Reached:
    lacking = await_pfs(kernel, host.pfs, 0.0)
    waited = min(host.pf_timeout, round(deadline.left() / 2, 1)) if lacking else 0.0  # the others need some of it
    if waited:
        for pf in host.pfs:
            if pf.desired.pf in lacking:
                label = label_of(pf.desired.pf, pf.name)
                say(f"waiting for {label}, {waited:g} s at most: {lacking[pf.desired.pf]}")
        lacking = await_pfs(kernel, host.pfs, waited)
    return named(reach(kernel, host.pfs, deadline.left(), Way(False, heard, say, lacking, waited)), host.pfs)


def _leave(kernel: Kernel, result: Json, say: Say) -> None:
    def write() -> None:
        of_boot = {"boot": kernel.system.boot_id() or "", "uptime": kernel.system.uptime(), "completed": time.time()}
        write_result(Files(kernel.root), {**of_boot, "generation": generation_name(kernel, CURRENT) or "", **result})

    _tolerate(say, write)


def _tolerate(say: Say, housekeeping: Callable[[], None]) -> None:
    """What the NICs have counts; that it could not be written down is told."""
    try:
        housekeeping()
    except SriovError as error:
        say(f"warning: {error}")


def _tell(result: Json, say: Say) -> None:
    for text in result["warnings"]:
        say(f"warning: {text}")
    failures = [result["failure"], *(told["failure"] for told in result["pfs"].values())]
    for text in dict.fromkeys(failure["msg"] for failure in failures if failure):
        say(text)
    for command in dict.fromkeys(command for failure in failures if failure for command in failure["lost"]):
        say(f"not put back: {command}")
    say(f"{result['outcome']}: {done(result)}")


def record_timeout(kernel: Kernel, environment: Mapping[str, str], say: Say) -> int:
    """Write the result of a run that could not: the unit's ExecStopPost=.

    :param environment: with SERVICE_RESULT, EXIT_CODE and EXIT_STATUS (systemd.exec(5)).
    :returns: 0.
    :raises SriovError: what is there cannot be read.
    """
    ended, files = environment.get("SERVICE_RESULT", "success"), Files(kernel.root)
    if ended == "success" or boot_result(files, kernel.system.boot_id() or ""):
        return 0
    notes = Blocked(files, kernel.processes).last()
    at = notes.steps[0] if notes and notes.steps else "reading the host" if notes else "not known"
    late = ended in LATE
    error = (TookTooLong if late else NoAnswer)(
        "the boot unit did not end in its time" if late else "the boot unit ended without a result",
        why=f"it was at: {at}" + ("" if late else f"; {_words(environment)}"),
        remedy="look at dmesg, and at `kernel-bypass-sriov status`",
    )
    failure = {**failure_of(error), "step": at if notes and notes.steps else "", "touched": bool(notes and notes.steps)}
    result = {"verb": "boot", "outcome": TIMEOUT if late else FAILED, "seconds": None, "failure": failure}
    _leave(kernel, {**result, "collection": "", "steps": [], "warnings": [], "pfs": {}}, say)
    say(failure["msg"])
    try:
        host = installed(kernel)
    except SriovError:  # that is not why it was ended
        host = UNKNOWN
    _tolerate(say, lambda: tell_prometheus(kernel, host, {}))
    return 0


def _words(environment: Mapping[str, str]) -> str:
    names = ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS")
    return ", ".join(f"{name}={environment[name]}" for name in names if name in environment)
