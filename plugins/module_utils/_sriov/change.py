# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Carries out a plan, and looks whether it was: a refusal on the way gives back what can be given back."""

from __future__ import annotations

import functools
import typing as t

from .compare import check_reached, left_unbound, same_host, spoken_of
from .errors import NotReached, SriovError, StillInKernel
from .faults import Faults
from .kept.blocked import Blocked
from .kept.files import Files
from .kernel.deadline import GRACE, TO_LOOK, TO_MEND, Deadline
from .model.under_way import under_way
from .model.unread import FUNCTION, NUM_VFS, VIRTFN, WHICH_VFS
from .observe.again import users_now
from .observe.given import with_owed_addresses
from .observe.host import observe, observe_parents
from .plan.host import plan_host
from .plan.stage import check_known
from .steps.vf_commands import count_command
from .vfs_again import lost_commands, unseen_loss, vfs_again

if t.TYPE_CHECKING:
    from .apply.run import Tell
    from .kernel.kernel import Kernel
    from .memory import Memory
    from .model.desired import Desired
    from .model.host import State
    from .model.kept import Taken
    from .steps.pci import Plan
    from .vfs_again import Again


class Run(t.NamedTuple):
    """What all parts of a run need.

    :param desired: located.
    :param tell: gets the steps that are about to be done.
    """

    kernel: Kernel
    desired: Desired
    memory: Memory
    deadline: Deadline
    tell: Tell | None


def change(run: Run, before: State, planned: State, plan: Plan) -> tuple[Plan, State]:
    """Do the steps of a plan, and what a second plan finds.

    :param before: the host that was planned on.
    :param planned: what it shall be then.
    :returns: the second plan, and the host after it.
    :raises SriovError: with what was done, whether the host is another, and commands for what is lost.
    """
    try:
        _apply(run, before, plan)
    except SriovError as error:
        _after_failure(run, before, error)
        raise
    try:
        return _finish(run, before, planned)
    except SriovError as error:
        error.done, error.attempted = [*map(str, plan.steps), *error.done], [*plan.steps, *error.attempted]
        _after_failure(run, before, error)
        raise


def _apply(run: Run, before: State, plan: Plan) -> None:
    # Only here: most runs find nothing to do, and reading these takes a while.
    from .apply.names import Names
    from .apply.run import apply_steps
    from .apply.since import Seen, consents

    kernel = run.kernel
    seen = Seen(before, functools.partial(users_now, kernel), consents(run.desired, before))
    indices = {netdev.name: netdev.ifindex for device in before.every_device() for netdev in device.netdevs}
    apply_steps(kernel, plan.steps, run.deadline, plan.purposes, run.tell, Names(kernel, indices), seen)


def _finish(run: Run, before: State, planned: State) -> tuple[Plan, State]:
    """Read again, and do what a second plan finds: a driver may have done more than it was told.

    :returns: what was done here, and the host after it.
    :raises SriovError: the host is not as planned, or cannot be made so.
    """
    desired, memory = run.desired, run.memory
    after = _seen_again(run, planned)
    wanted = spoken_of(planned, desired)
    try:
        more = plan_host(after, desired)
    except SriovError:
        # Where that is refused because the state is not the predicted one, say that it is not.
        check_reached(wanted, spoken_of(after, desired))
        raise
    if more.steps:
        memory.note(memory.beside(after)._replace(parents=before.parents), more, desired)
        _apply(run, after, more)
    try:
        if more.steps:
            after = _seen_again(run, planned)
        check_reached(wanted, spoken_of(after, desired))
        _check_done(more, after, desired)
    except SriovError as error:
        error.done = [str(step) for step in more.steps]
        raise
    return more._replace(warnings=(*more.warnings, *left_unbound(planned, after))), after


def _seen_again(run: Run, planned: State) -> State:
    """The host after steps.

    :param planned: what could not be read beforehand is not asked for: nothing rests on it.
    :raises SriovError: a PF or device has gone, or which VFs there are cannot be read: nothing can be compared.
    """
    _desired, after, unknown = observe(run.kernel, run.desired, run.deadline.left(TO_LOOK))
    faults = Faults()
    faults.add(*unknown)
    for address, pf in after.pfs.items():
        before = planned.pfs[address]
        parts = [part for part in (FUNCTION, NUM_VFS, VIRTFN, WHICH_VFS) if not before.unknown(part)]
        with faults.gathered():
            check_known(pf, "what has come of the steps is not known", *parts)
    faults.tell()
    return after


def _check_done(plan: Plan, after: State, desired: Desired) -> None:
    """:raises NotReached: a step that was done is to be done again."""
    left = plan_host(after, desired).steps if plan.steps else ()
    for step in (step for step in left if step in plan.steps):
        raise NotReached("a step was done, and is to be done again", why=str(step), remedy="look at dmesg")


def _after_failure(run: Run, before: State, error: SriovError) -> None:
    """VFs that were destroyed for a purpose that is not reached are new ones: they get back what they had.

    :param error: gets what came of it, whether the host is another, and commands for what is lost.
    """
    stuck = isinstance(error, StillInKernel)  # the kernel may still be at it
    now = _look(run, before, error)
    unseen = stuck or now is None
    error.changed = bool(error.done) or (error.begun and (unseen or not same_host(before, t.cast("State", now))))
    had: t.Mapping[str, Taken] = {}
    if now is not None:
        again = vfs_again(before, now, run.desired, error.attempted, run.memory.missing(now))
        had = again.had
        if again.desired.pfs and not stuck:
            _give_back(run, again, error)
            now = _look(run, before, error)
    if now is None:
        had, lost = unseen_loss(before, run.desired, error.attempted, run.memory.noted)
        error.lost = list(dict.fromkeys((*error.lost, *lost)))
    else:
        lost = lost_commands(before, now, had, run.memory.missing(now))
        error.lost = list(dict.fromkeys((*(each for each in error.lost if each not in _numbers_back(now)), *lost)))
    try:
        run.memory.failed(None if stuck else now, had)
    except SriovError as refused:
        error.why += f"; what is not back could not be noted ({refused})"


def _look(run: Run, before: State, error: SriovError) -> State | None:
    """The host as it is; None where that cannot be seen, also when it is tried again.

    :param error: gets why.
    """
    for _attempt in range(2):
        run.kernel.forget()  # what could not be read earlier
        try:
            _desired, now, _unknown = observe(run.kernel, run.desired, run.deadline.left(TO_LOOK))
            now = with_owed_addresses(run.kernel, run.memory.beside(now))
            return observe_parents(run.kernel, now, run.deadline.left(TO_LOOK)) if before.parents else now
        except StillInKernel as unseen:
            reason: SriovError = unseen
            break
        except SriovError as unseen:
            reason = unseen
    error.why += f"; what is there now could not be looked at ({reason})"
    return None


def _give_back(run: Run, again: Again, error: SriovError) -> None:
    done: list[str] = []
    try:
        back = plan_host(again.state._replace(taken={}, records={}), again.desired)
        later = run.deadline.with_more(TO_MEND)
        _apply(run._replace(desired=again.desired, deadline=later, tell=_noting(run)), again.state, back)
        done = list(map(str, back.steps))
    except SriovError as failure:
        done = failure.done
        error.why += f"; not all is back that VFs had ({failure})"
    error.done += done
    if done:
        error.why += "; what they had is given to them again"


def _noting(run: Run) -> Tell:
    """A note for the next run alone: for whoever waits for this one it has ended with the step that was refused."""
    notes = Blocked(Files(run.kernel.root), run.kernel.processes)
    return lambda steps: notes.note_again(under_way(steps), run.deadline.left() + GRACE)


def _numbers_back(now: State) -> set[str]:
    """Commands that are of no use any more."""
    return {count_command(pf.device.address, pf.num_vfs) for pf in now.pfs.values() if pf.num_vfs}
