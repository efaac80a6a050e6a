# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The program of the timer: brings the host back to the state before a run that nobody has confirmed.

It is run by `python3 -I` from a copy of this folder (copies.py), without Ansible.
"""

from __future__ import annotations

import sys
import time
import typing as t
from contextlib import suppress

from .alone import alone, check_user
from .converge import converge
from .errors import SriovError
from .kept.files import Files
from .kept.pending import UNIT, Pending, went_back
from .kernel.deadline import Deadline
from .kernel.kernel import Kernel
from .kernel.sysfs import Sysfs
from .model.desired import Desired
from .model.under_way import under_way
from .plan.way_back import lesser

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .alone import Tell
    from .kept.pending import Waiting
    from .model.desired import DesiredPf
    from .steps.pci import Step

    Told = Callable[[Sequence[Step]], None]

ENOUGH = 300  # seconds for the way back, beside what is left of the run that it takes back
PAUSE = 2.0  # seconds until it is tried again


def main(arguments: t.Sequence[str]) -> int:
    """:param arguments: the directory that stands for "/", for tests.

    :returns: the exit status: 0 where the host is as it was, or the run was confirmed.
    """
    kernel = Kernel(sysfs=Sysfs(arguments[0])) if arguments else Kernel()
    try:
        waiting = Pending(Files(kernel.root)).read()
        missed = _gone_back(kernel, waiting) if waiting else None
    except SriovError as error:
        _say(error)
        return 1
    if missed is None:
        _say("the run was confirmed" if waiting else "no run waits for its confirmation")
        return 0
    _say(went_back(missed))
    return 1 if missed else 0


def _gone_back(kernel: Kernel, waiting: Waiting) -> list[str] | None:
    """Alone. Tried until it is begun: what hinders that (a full /run, a damaged file) may not last.

    :returns: as go_back().
    :raises SriovError: it was begun, and did not come to its end.
    """
    check_user(kernel)
    pending, whole = Pending(Files(kernel.root)), Deadline(waiting.timeout + ENOUGH)
    while True:
        try:
            return alone(kernel, lambda deadline, tell: go_back(kernel, deadline, tell), whole.left())
        except SriovError as error:
            if not pending.is_waiting(waiting.name):
                raise
            if not whole.left(-PAUSE):
                return _given_up(pending, error)
            _say(error)
        time.sleep(PAUSE)


def _given_up(pending: Pending, error: SriovError) -> list[str]:
    """It could not be begun in all its time: else every later run would be refused, and nothing would end that."""
    missed = [f"it could not be begun: {error}"]
    _over(pending, missed)
    return missed


def go_back(kernel: Kernel, deadline: Deadline, tell: Tell) -> list[str] | None:
    """Under the lock, all of it: who has it next sees what has come of it, and may have a switch of its own.

    :param tell: gets what is about to be done.
    :returns: what could not be done; None where the run was confirmed meanwhile.
    """
    pending = Pending(Files(kernel.root))
    waiting = pending.read()
    if waiting is None:
        return None
    pending.claim()
    with suppress(SriovError):  # a notice is worth less than the way back
        pending.note_way_back([f"it did not come to its end: see `journalctl -u {UNIT}`"])  # until it does

    def told(steps: Sequence[Step]) -> None:
        with suppress(SriovError):  # and so is a note
            tell(under_way(steps))

    missed = [text for each in waiting.before.pfs for text in _pf_back(kernel, each, deadline, told)]
    missed += _units_back(kernel, deadline, told)
    _over(pending, missed)
    return missed


def _over(pending: Pending, missed: list[str]) -> None:
    """Each for itself: in a full /run files can be removed."""
    with suppress(SriovError):
        pending.note_way_back(missed)
    with suppress(SriovError):
        pending.remove()


def _pf_back(kernel: Kernel, desired: DesiredPf, deadline: Deadline, told: Told) -> list[str]:
    """PF by PF: what is in the way of one is none of another's business. What failed once is tried once more."""
    missed: list[str] = []
    for wish in (desired, desired, *lesser(desired)):
        kernel.forget()
        try:
            converge(kernel, Desired((wish,)), deadline.left(), tell=told)
        except SriovError as error:
            missed.append(str(error))
        else:
            return [] if wish == desired else missed[:1]
    return missed[:1]


def _units_back(kernel: Kernel, deadline: Deadline, told: Told) -> list[str]:
    """What the run has stopped and not started again: also where nothing of its PF could be undone. Tried twice too."""
    missed: list[str] = []
    for _try in range(2):
        kernel.forget()
        try:
            converge(kernel, Desired(), deadline.left(), tell=told)
        except SriovError as error:
            missed.append(str(error))
        else:
            return []
    return missed[:1]


def _say(what: object) -> None:
    """For the journal of systemd."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()
