# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Brings PFs to what was saved of them: all together, or, where that fails, each by itself."""

from __future__ import annotations

import typing as t

from ..alone import alone, in_time
from ..compare import of_pf
from ..converge import converge
from ..drift import drift
from ..errors import SriovError
from ..kept.boot import without_consent
from ..kept.boot_result import CHANGED, FAILED, OK, REFUSED, failure_of, outcome_of_failure
from ..kernel.deadline import Deadline
from ..knowledge.queues import present_rss
from ..model.desired import Desired
from ..model.under_way import under_way
from .pfs import card_faults, with_present_name

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ..alone import Tell
    from ..converge import Outcome
    from ..kept.boot import BootPf
    from ..kept.envelope import Json
    from ..kernel.kernel import Kernel
    from ..model.desired import DesiredPf
    from ..model.host import State
    from ..steps.pci import Step


class Way(t.NamedTuple):
    """How it is done.

    :param check: it is planned only.
    :param heard: gets what is about to be done.
    :param say: gets a sentence for people.
    :param lacking: PFs that are not there (pfs.py).
    :param waited: seconds for them.
    """

    check: bool
    heard: Tell | None
    say: Callable[[str], None]
    lacking: Mapping[str, str] = {}
    waited: float = 0.0


class Reached(t.NamedTuple):
    """What has come of it.

    :param pfs: by PCI address: outcome, steps, failure, warnings; and of those that could be looked at, drift and seen.
    :param steps: all that was done, or in check would be, in order; sentences.
    """

    pfs: dict[str, Json]
    steps: list[str]
    warnings: list[str]

    def joined(self, other: Reached) -> Reached:
        warnings = dict.fromkeys([*self.warnings, *other.warnings])
        return Reached({**self.pfs, **other.pfs}, [*self.steps, *other.steps], list(warnings))


def reach(kernel: Kernel, pfs: Sequence[BootPf], seconds: float, way: Way) -> Reached:
    """Whatever fails is in what is returned.

    Where PFs are of no use to each other, one whose NIC does not answer must not cost the others theirs: what fails
    for all of them is tried for each by itself, in a process of its own and with a share of the time.

    :param seconds: for all of it.
    """
    deadline = Deadline(seconds)
    together = _attempt(kernel, pfs, seconds if len(pfs) == 1 else seconds / 2, way)
    left = [pf for pf in pfs if pf.desired.pf not in together.get("refused", {})]
    if "failed" not in together or len(left) < 2:
        return _reached(together, left)
    way.say(f"not all PFs together, and so each by itself: {together['failed']['msg']}")
    found = _reached({**together, "failed": None}, [])._replace(steps=together["failed"]["done"])
    for number, pf in enumerate(left):
        found = found.joined(_reached(_attempt(kernel, [pf], deadline.left() / (len(left) - number), way), [pf]))
    return found._replace(pfs={pf: _begun(pf, told, together["failed"]) for pf, told in found.pfs.items()})


def named(reached: Reached, pfs: Sequence[BootPf]) -> Reached:
    """With the name that each PF was saved by, and in that order."""
    found = {pf.desired.pf: {"name": pf.name, **reached.pfs[pf.desired.pf]} for pf in pfs}
    return reached._replace(pfs=found)


def _begun(pf: str, told: Json, failure: Json) -> Json:
    """One at which all together have failed on the way is not merely refused by itself."""
    is_at = failure["touched"] and pf in f"{failure['step']} {failure['msg']}"
    return {**told, "outcome": FAILED} if told["outcome"] == REFUSED and is_at else told


def _attempt(kernel: Kernel, pfs: Sequence[BootPf], seconds: float, way: Way) -> Json:
    """In a process of its own.

    :returns: refused: failures of PFs that are not there or are other cards; and failed, or else pfs, steps, warnings.
    """

    def work(deadline: Deadline, tell: Tell) -> Json:
        return _worked(kernel, pfs, deadline, way, tell)

    try:
        if way.check:
            return t.cast("Json", in_time(kernel, work, Deadline(seconds)))
        return t.cast("Json", alone(kernel, work, seconds, way.heard))
    except SriovError as error:
        return {"failed": failure_of(error)}


def _worked(kernel: Kernel, pfs: Sequence[BootPf], deadline: Deadline, way: Way, tell: Tell) -> Json:
    def told(steps: Sequence[Step]) -> None:
        tell(under_way(steps))

    kernel.forget()
    refused: Json = {}
    try:
        faults = card_faults(kernel, pfs, way.lacking, way.waited)
        refused = {pf: failure_of(fault) for pf, fault in faults.items()}
        present = [with_present_name(kernel, pf) for pf in pfs if pf.desired.pf not in refused]
        if refused and not present:
            return {"refused": refused}
        desired = without_consent(Desired(tuple(wish for wish, _renamed in present)))
        renamed = [sentence for _wish, sentence in present if sentence]
        outcome = converge(kernel, desired, deadline.left(), way.check, told)
        return {"refused": refused, **_done(outcome, way.check, renamed)}
    except SriovError as error:
        return {"refused": refused, "failed": failure_of(error)}


def _done(outcome: Outcome, check: bool, renamed: list[str]) -> Json:
    steps, warnings = outcome.plan.steps, [*renamed, *outcome.plan.warnings]
    now = outcome.before if check else outcome.after
    pfs = {}
    for wish in outcome.desired.pfs:
        functions = {vf.address for vf in outcome.after.pfs[wish.pf].vfs} | {wish.pf}
        of_pf_ = [str(step) for step in steps if _is_about(step, functions)]
        of_it = [text for text in warnings if wish.pf in text]
        pfs[wish.pf] = {"steps": of_pf_, "warnings": of_it, **_looked(wish, outcome.after, now)}
    return {"pfs": pfs, "steps": [str(step) for step in steps], "warnings": warnings}


def _is_about(step: Step, functions: set[str]) -> bool:
    return bool({getattr(step, word, None) for word in ("address", "physfn")} & functions)


def _looked(wish: DesiredPf, wanted: State, now: State) -> Json:
    """How it differs, and what metrics tell of it."""
    pf = now.pfs[wish.pf]
    least = wish.min_rss_queues or (wish.rss and wish.rss.min_queues)
    seen = {
        "vfs": [[vf.vf, vf.address, vf.driver] for vf in pf.vfs],
        "rules": len(pf.queues.rules.rules) if pf.queues.rules else None,
        "rss_queues": present_rss(pf),
        "rss_queues_wanted": least,
    }
    return {"drift": [list(each) for each in drift(of_pf(wanted.pfs[wish.pf], wish), of_pf(pf, wish))], "seen": seen}


def _reached(answer: Json, pfs: Sequence[BootPf]) -> Reached:
    """:param pfs: those that a failure is of."""
    failed, found = answer.get("failed"), {}
    for pf, told in answer.get("pfs", {}).items():
        found[pf] = {"outcome": CHANGED if told["steps"] else OK, "failure": None, **told}
    for pf, failure in answer.get("refused", {}).items():
        found[pf] = _of_failure(failure)
    if failed:
        found.update((pf.desired.pf, _of_failure(failed)) for pf in pfs)
    return Reached(found, answer.get("steps", failed["done"] if failed else []), answer.get("warnings", []))


def _of_failure(failure: Json) -> Json:
    return {"outcome": outcome_of_failure(failure), "failure": failure, "steps": failure["done"], "warnings": []}
