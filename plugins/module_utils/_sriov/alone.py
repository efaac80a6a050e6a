# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""One run on a host: by whom it may be, alone, and with an end."""

from __future__ import annotations

import typing as t
from contextlib import suppress

from .errors import KernelRefused, NoAnswer, NotPermitted, SriovError, TookTooLong
from .kept.blocked import Blocked
from .kept.files import Files
from .kept.lock import Lock
from .kernel.deadline import GRACE, Deadline
from .kernel.users import user_label
from .kernel.worker import Died, Overdue, Worker
from .late import start_stopped
from .model.under_way import UnderWay

if t.TYPE_CHECKING:
    from .kernel.kernel import Kernel

    Tell = t.Callable[[UnderWay], None]
    Work = t.Callable[[Deadline, Tell], t.Any]

READING = "reading the host"
ENOUGH_TO_BEGIN = 0.2  # seconds: with less, a look at the host would fail, and tell the wrong reason


def check_user(kernel: Kernel) -> None:
    """A plan made with half the host unseen is worth nothing: who holds a device is hidden from other users.

    :raises NotPermitted: it is not root.
    """
    user = kernel.system.effective_user()
    if user != 0:
        raise NotPermitted(
            f"this runs as user {user_label(user)}, and needs root",
            why="what others' processes have open is hidden from it, and nothing may be written",
            remedy="become: true",
        )


def alone(kernel: Kernel, work: Work, timeout: float, heard: Tell | None = None) -> t.Any:
    """What may change something: while no other such run is under way. See in_time().

    The process that waits has the lock, and the one that works does not: it may be stuck in the kernel, and would keep
    it. So who gets the lock after a run that was killed first ends what is left of it.

    :param timeout: seconds, the wait for another run included.
    :param heard: gets what is about to be done, as the work tells it.
    :raises NotPermitted: it is not root.
    :raises InUse: another run did not end.
    """
    check_user(kernel)
    deadline, files = Deadline(timeout), Files(kernel.root)
    with Lock(files, kernel.processes).held(timeout):
        notes = Blocked(files, kernel.processes)
        notes.end_earlier()
        _check_time(deadline)
        try:
            noted = _Noted(notes, heard)
            return _answer(kernel, lambda tell: work(deadline, _noting(notes, deadline, tell)), deadline, noted)
        except (TookTooLong, NoAnswer) as failure:  # it cannot start again what it has stopped
            start_stopped(kernel, failure)
            raise


def in_time(kernel: Kernel, work: Work, deadline: Deadline) -> t.Any:
    """Do something in a process of its own, which may be stuck, or slow, and is not waited for then.

    :param work: gets the time that it has, and says by its second argument what it is about to do; returns anything
        JSON can carry.
    :param deadline: the answer is there a few seconds after it at most.
    :raises TookTooLong: it did not end; its attributes done and step tell how far it came.
    :raises NoAnswer: it ended, and said nothing; the same.
    """
    return _answer(kernel, lambda tell: work(deadline, tell), deadline)


def _noting(notes: Blocked, deadline: Deadline, tell: Tell) -> Tell:
    """In the process that works: what it tells is noted too, so that the next run knows what may go on."""

    def note(at: UnderWay) -> None:
        notes.note(at, deadline.left() + GRACE)
        tell(at)

    with suppress(KernelRefused):  # without a note no step is begun; whether there is one is not known yet
        notes.note(UnderWay([], []), deadline.left() + GRACE)
    return note


class _Noted(t.NamedTuple):
    """What a run that may change something leaves, and who hears of it."""

    notes: Blocked
    heard: Tell | None

    def hear(self, told: t.Any) -> None:
        if self.heard:
            self.heard(UnderWay(*told))


def _answer(kernel: Kernel, work: t.Callable[[t.Any], t.Any], deadline: Deadline, noted: _Noted | None = None) -> t.Any:
    worker = Worker(work, noted.hear if noted else None)
    try:
        return worker.answer(deadline.left() + GRACE)
    except (Overdue, Died) as reason:
        failure = _failure(deadline.seconds, reason, [UnderWay(*told) for told in worker.told])
    finally:
        left = Blocked(Files(kernel.root), kernel.processes).left(str(worker.process)) if worker.is_left() else []
        if noted and not (left and worker.told):
            with suppress(KernelRefused):  # the answer counts, and the next run forgets it
                noted.notes.forget(str(worker.process))
    if left:
        failure.why += f"; the kernel is still at it (process {', '.join(left)})"
    raise failure


def _check_time(deadline: Deadline) -> None:
    if deadline.left() < ENOUGH_TO_BEGIN:
        raise TookTooLong(
            "the run was not begun",
            why=f"of its {deadline.seconds:g} s none were left when another run had ended",
            remedy="give more time (timeout)",
        )


def _failure(timeout: float, reason: Exception, told: list[UnderWay]) -> SriovError:
    at = told[-1].steps[0] if told else READING
    failure: SriovError
    if isinstance(reason, Overdue):
        failure = TookTooLong(
            f"the run did not end in {timeout:g} s",
            why=f"it was at: {at}",
            remedy="look at dmesg; give more time (timeout)",
        )
    else:
        failure = NoAnswer(
            "the run ended without an answer",
            why=f"it was at: {at}; {reason}",
            remedy="look at dmesg (the kernel ends processes where memory is short), and run again",
        )
    failure.done = [step for each in told[:-1] for step in each.steps]
    failure.step = at if told else ""
    failure.changed = bool(told)
    return failure
