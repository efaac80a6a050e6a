# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Makes the generation before the current one the current one: as module boot_state does, with its files elsewhere."""

from __future__ import annotations

import typing as t

from ..alone import alone
from ..errors import SriovError
from ..installing.boot_state import boot_state
from ..installing.request import ROLLBACK, Request, Run
from ..kept.boot_result import EXIT, failure_of, outcome_of_failure
from .generations import described

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ..alone import Tell
    from ..kept.envelope import Json
    from ..kernel.deadline import Deadline
    from ..kernel.kernel import Kernel
    from ..model.under_way import UnderWay

ENOUGH = 120.0  # seconds, the wait for another run and a look at the host included
PROGRAM = "at_boot.program"


def rollback(kernel: Kernel, say: Callable[[str], None]) -> int:
    """:returns: the exit status.
    :raises SriovError: another run did not end, or it took too long.
    """

    def work(deadline: Deadline, tell: Tell) -> Json:
        try:
            done = boot_state(Run(kernel, Request(ROLLBACK, PROGRAM), False, deadline, tell))
        except SriovError as error:
            return {"failed": failure_of(error)}
        names = {"current": done.generation, "previous": done.previous}
        return {"names": names, "differences": list(done.differences), "warnings": list(done.warnings)}

    def heard(at: UnderWay) -> None:
        for step in at.steps:
            say(step)

    answer = alone(kernel, work, ENOUGH, heard)
    if "failed" in answer:
        say(answer["failed"]["msg"])
        return EXIT[outcome_of_failure(answer["failed"])]
    for text in answer["warnings"]:
        say(f"warning: {text}")
    for title, name in answer["names"].items():
        say(f"{title}: {described(kernel, name)}")
    for step in answer["differences"]:
        say(f"apply would: {step}")
    return 0
