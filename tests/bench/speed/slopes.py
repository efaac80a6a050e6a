"""How the time of module host grows with the VFs and with the rules: in the guest, without Ansible's part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.modules import GuestModules

from speed.runs import Cost, Runs, median
from speed.work import Work, play

TIMED = Path(__file__).with_name("timed_guest.py").read_text()
RUN_SECONDS = 1800.0
ENOUGH_SECONDS = 20.0


@dataclass(frozen=True)
class Point:
    """One number of VFs and rules.

    :param playbook: a second run by ansible-playbook; None where that was not asked for.
    """

    work: Work
    first: Cost
    second: Cost
    playbook: Cost | None


def measure(runs: Runs, works: list[Work], repeats: int, playbook: bool) -> list[Point]:
    """For each work a first run, as many second runs as told, and perhaps a second run by ansible-playbook."""
    points = []
    for work in works:
        runs.reset()
        with GuestModules(runs.vm, limit=RUN_SECONDS) as modules:
            first = timed(modules, work, changes=True)
            second = median(second_runs(modules, work, repeats))
        again = runs.playbook(play({"kernel_bypass.sriov.host": work.options}))[0] if playbook else None
        points.append(Point(work, first, second, again))
    return points


def second_runs(modules: GuestModules, work: Work, repeats: int) -> list[Cost]:
    """So many, but not for long."""
    costs: list[Cost] = []
    while len(costs) < repeats and sum(cost.seconds for cost in costs) < ENOUGH_SECONDS:
        costs.append(timed(modules, work, changes=False))
    return costs


def timed(modules: GuestModules, work: Work, changes: bool) -> Cost:
    """One run of module host: what it costs in the guest.

    :param changes: whether it must change something, or must not.
    """
    answer = json.loads(modules.python(TIMED, json.dumps({"options": work.options, "profile": False})))
    if answer["msg"] or answer["changed"] != changes:
        raise LabError(f"{work}: {answer['msg'] or 'changed is ' + str(answer['changed'])}")
    return Cost(answer["seconds"], answer["cpu"])


def functions(runs: Runs, work: Work) -> str:
    """The functions that a second run spends most time in."""
    with GuestModules(runs.vm, limit=RUN_SECONDS) as modules:
        return modules.python(TIMED, json.dumps({"options": work.options, "profile": True}))
