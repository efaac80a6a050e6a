"""Measures how fast the collection brings a host to its state, beside a shell, a ping and a playbook written by hand.

Everything runs in one VM of the lab, in turn and several times, and the medians are compared as ratios: seconds alone
say more of the machine than of the collection. Nothing is asserted by a stop-watch; that everyone reaches the same
state is. Run it from the environment of the tests: ``PYTHONPATH=tests python tests/bench/converge.py``.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path

from lab.errors import LabError
from lab.spec import VmSpec
from lab.vm import Vm
from speed import inside, slopes
from speed.runs import Cost, Runs, median
from speed.work import Work, play

WORK = Work(7, 7)
VFS = (1, 7, 31, 63)
RULES = (0, 100, 500, 1000, 2000)
FULL = Work(63, 2045)
NOTHING = play({"ansible.builtin.meta": "noop"})
PING = play({"ansible.builtin.ping": {}})
FLOOR, HAND, EMPTY, PINGED = "shell, first run", "by hand, first run", "empty playbook", "ping"
OURS = ("module host", "provision")
SITE, ALL_TO_DO, ALL_DONE = "site, second run", "boot unit, all to do", "boot unit, nothing to do"
RESTART = "systemctl restart kernel-bypass-sriov"
VISITS = 4  # of playbook site to a host that is as it should be
CLOCKS = {
    False: "CPU seconds grow as well while others use this machine's CPUs; with --icount, the VM's do not.",
    True: "The VM's clock counts instructions, 2 ns each: column VM hardly depends on how busy this machine is.",
}
ABOUT = {
    FLOOR: "one ssh command with the same writes to the kernel: the floor",
    EMPTY: "ansible-playbook without a task for the host",
    PINGED: "ansible-playbook with one task, ansible.builtin.ping",
    HAND: "ansible-playbook with command and shell tasks",
    "module host, first run": "ansible-playbook with one task, the module",
    "module host, second run": "the same again: nothing to do",
    "provision, first run": "ansible-playbook kernel_bypass.sriov.provision",
    "provision, second run": "the same again: nothing to do",
    SITE: "ansible-playbook kernel_bypass.sriov.site on a host that is as it should be",
    ALL_TO_DO: "systemctl restart of the boot unit where there are no VFs",
    ALL_DONE: "the same again",
}


def main() -> int:
    options = arguments()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            vm = Vm.up(VmSpec(name=options.name, icount=options.icount), owner=os.getpid())
            try:
                runs = Runs(vm, Path(scratch))
                runs.install()
                bench(runs, options)
            finally:
                vm.down(now=True)
    except LabError as error:
        print(f"converge: {error}", file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.Namespace:
    description, _empty, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="converge.py", description=description, epilog=" ".join(more.split()))
    parser.add_argument("--repeats", type=int, default=5, help="how often everyone has a turn (5)")
    parser.add_argument("--quick", action="store_true", help="two turns, nothing by hand, and fewer points")
    parser.add_argument("--full", action="store_true", help=f"also {FULL.vfs} VFs with {FULL.rules} rules")
    parser.add_argument("--profile", action="store_true", help="also where a second run spends its time in the guest")
    parser.add_argument("--icount", action="store_true", help="let the VM's clock count instructions, 2 ns each")
    parser.add_argument("--no-turns", action="store_true", help="leave out the comparison")
    parser.add_argument("--no-slopes", action="store_true", help="leave out how time grows with VFs and rules")
    parser.add_argument("--name", default="converge", help="name of the VM (converge)")
    return parser.parse_args()


def bench(runs: Runs, options: argparse.Namespace) -> None:
    repeats = 2 if options.quick else options.repeats
    vm = runs.vm.state
    print(
        f"{vm.spec.nics[0]}, Debian {vm.spec.release}, {vm.spec.cpus} CPUs, {vm.accelerator}; medians of {repeats}; "
        f"load of this machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} CPUs\n"
        "seconds: by the clock. CPU: seconds of CPU time, here and in the VM together. VM: in the VM alone.\n"
        + CLOCKS[vm.spec.icount],
        flush=True,
    )
    if not options.no_turns:
        compare(take_turns(runs, repeats, by_hand=not options.quick))
    if not options.no_slopes:
        show_slopes(runs, options.quick, repeats)
    if options.full:
        heading(f"As much as the card takes: {FULL.vfs} VFs, {FULL.rules} rules; in the guest, without Ansible's part")
        points(slopes.measure(runs, [FULL], 1, playbook=True))
    if options.profile:
        show_inside(runs, repeats, Work(1, 200 if options.quick else 1000))


# --- Everyone in turn ----------------------------------------------------------------------------------------------


def take_turns(runs: Runs, repeats: int, by_hand: bool) -> dict[str, list[Cost]]:
    """The costs of everyone's runs; each first run starts from a host as it is after booting."""
    costs: dict[str, list[Cost]] = {}
    states: dict[str, str] = {}
    module = play({"kernel_bypass.sriov.host": WORK.options})
    runs.playbook(PING)  # what Python, Ansible and the VM read from their disks for the first time is nobody's cost
    for number in range(repeats):
        runs.reset()
        costs.setdefault(FLOOR, []).append(runs.shell(WORK.shell()))
        states[FLOOR] = runs.state()
        costs.setdefault(EMPTY, []).append(runs.playbook(NOTHING)[0])
        costs.setdefault(PINGED, []).append(runs.playbook(PING)[0])
        for who in OURS if number % 2 else reversed(OURS):
            own = {"provision_hosts": "all", "provision_pfs": {pf["pf"]: pf for pf in WORK.options["pfs"]}}
            book = module if who == OURS[0] else "kernel_bypass.sriov.provision"
            runs.reset()
            for which in ("first", "second"):
                cost, changed = runs.playbook(book, own)
                if bool(changed) != (which == "first"):
                    raise LabError(f"{who}: the {which} run has changed {changed} tasks")
                costs.setdefault(f"{who}, {which} run", []).append(cost)
            states[who] = runs.state()
        of_boots(runs, costs, states)
        if by_hand and number < 3:  # it takes a minute
            runs.reset()
            costs.setdefault(HAND, []).append(runs.playbook(WORK.by_hand())[0])
            states[HAND] = runs.state()
        check_same(states)
        print(f"turn {number + 1} of {repeats} is over", file=sys.stderr, flush=True)
    return costs


def of_boots(runs: Runs, costs: dict[str, list[Cost]], states: dict[str, str]) -> None:
    """What is installed for the boots, and goes again: others start from a host without it."""
    own = {"provision_hosts": "all", "provision_pfs": {pf["pf"]: pf for pf in WORK.options["pfs"]}}
    site = {**own, "prepare_memlock_group": ""}
    runs.reset()
    runs.playbook("kernel_bypass.sriov.site", site)
    cost, changed = runs.playbook("kernel_bypass.sriov.site", site)
    if changed:
        raise LabError(f"site: the second run has changed {changed} tasks")
    costs.setdefault(SITE, []).append(cost)
    runs.reset()
    for name in (ALL_TO_DO, ALL_DONE):
        costs.setdefault(name, []).append(runs.shell(RESTART))
        states[name] = runs.state()
    runs.playbook(play({"kernel_bypass.sriov.boot_state": {"state": "absent"}}))


def check_same(states: dict[str, str]) -> None:
    for who, state in states.items():
        differences = list(
            difflib.unified_diff(states[FLOOR].splitlines(), state.splitlines(), FLOOR, who, lineterm="")
        )
        if differences:
            raise LabError("another state:\n" + "\n".join(differences))


def compare(costs: dict[str, list[Cost]]) -> None:
    heading(f"{WORK.vfs} VFs with MAC, spoofchk, trust and driver vfio-pci, and {WORK.rules} flow rules")
    known = {name: median(costs[name]) for name in ABOUT if name in costs}
    table(
        ("", "seconds", "CPU", "VM", "least", "most", ""),
        (
            (name, *figures(c), f"{least(costs[name]):.2f}", f"{most(costs[name]):.2f}", about)
            for name, about in ABOUT.items()
            if (c := known.get(name))
        ),
    )
    heading("Ratios; the goal of the first two kinds is 1 or less")
    floor, ping = known[FLOOR], known[PINGED]
    visit = Cost(1.5 * ping.seconds, 1.5 * ping.cpu, 1.5 * ping.vm)
    allowed = Cost(floor.seconds + visit.seconds, floor.cpu + visit.cpu, floor.vm + visit.vm)
    rows: list[tuple[str, ...]] = []
    for who in OURS:
        first, second = known[f"{who}, first run"], known[f"{who}, second run"]
        rows.append((f"{who}, first run / (shell + 1.5 ping)", *ratios(first, allowed)))
        rows.append((f"{who}, second run / 1.5 ping", *ratios(second, visit)))
        if HAND in known:
            rows.append((f"by hand, first run / {who}, first run", *ratios(known[HAND], first)))
    rows.append(
        (f"{SITE} / {VISITS} x 1.5 ping", *ratios(known[SITE], Cost(*(VISITS * each for each in astuple(visit)))))
    )
    for name in (ALL_TO_DO, ALL_DONE):
        rows.append((f"{name} / shell", *ratios(known[name], floor)))
    table(("", "seconds", "CPU", "VM"), rows)


def least(costs: Sequence[Cost]) -> float:
    return min(cost.seconds for cost in costs)


def most(costs: Sequence[Cost]) -> float:
    return max(cost.seconds for cost in costs)


def figures(cost: Cost) -> tuple[str, ...]:
    return f"{cost.seconds:.2f}", f"{cost.cpu:.2f}", f"{cost.vm:.2f}"


def ratios(one: Cost, other: Cost) -> tuple[str, ...]:
    return figures(Cost(one.seconds / other.seconds, one.cpu / other.cpu, one.vm / other.vm))


# --- How it grows --------------------------------------------------------------------------------------------------


def show_slopes(runs: Runs, quick: bool, repeats: int) -> None:
    heading(
        "Growth with the VFs, no rules: module host in the guest, without Ansible's part (lab.modules: one Python has\n"
        "imported everything, and forks for each run); last column: second run by ansible-playbook"
    )
    points(slopes.measure(runs, [Work(vfs, 0) for vfs in (VFS[:2] if quick else VFS)], repeats, not quick))
    heading("Growth with the rules, 1 VF: the same")
    points(slopes.measure(runs, [Work(1, rules) for rules in (RULES[:3] if quick else RULES)], repeats, not quick))


def points(found: Sequence[slopes.Point]) -> None:
    """A table with, for each further VF or rule, the milliseconds since the point before."""
    rows = []
    for before, point in zip([None, *found], found, strict=False):
        work = point.work
        more = 0 if before is None else work.vfs - before.work.vfs + work.rules - before.work.rules
        each = [""] * 2
        if before and more:
            ways = ((before.first, point.first), (before.second, point.second))
            each = [f"{(new.cpu - old.cpu) / more * 1000:.1f}" for old, new in ways]
        rows.append(
            (
                str(work.vfs),
                str(work.rules),
                f"{point.first.seconds:.2f}",
                f"{point.first.cpu:.2f}",
                each[0],
                f"{point.second.seconds:.2f}",
                f"{point.second.cpu:.2f}",
                each[1],
                f"{point.playbook.seconds:.2f}" if point.playbook else "",
            )
        )
    columns = ("seconds", "CPU", "ms each")
    table(("VFs", "rules", *(f"first: {c}" for c in columns), *(f"second: {c}" for c in columns), "playbook"), rows)


# --- Inside the guest ----------------------------------------------------------------------------------------------


def show_inside(runs: Runs, repeats: int, large: Work) -> None:
    runs.reset()
    book = play({"kernel_bypass.sriov.host": WORK.options})
    runs.playbook(book)
    ours, ping = inside.look(runs, book, "host", repeats), inside.look(runs, PING, "ping", repeats)
    heading(
        f"Inside the guest, milliseconds: a second run of module host ({WORK.vfs} VFs, {WORK.rules} rules), and ping"
    )
    rows: list[tuple[str, ...]] = [
        (name, f"{length:.0f}", f"{ping.phases.get(name, 0):.0f}") for name, length in ours.phases.items()
    ]
    rows.append(("all of it, watched", *(f"{sum(each.phases.values()):.0f}" for each in (ours, ping))))
    rows.append(("all of it, unwatched, from standard input", f"{ours.plain:.0f}", f"{ping.plain:.0f}"))
    rows.append(("bytes of the payload", str(ours.bytes), str(ping.bytes)))
    table(("until", "host", "ping"), rows)
    heading("Imports, by python3 -X importtime, which is slower: files, milliseconds")
    packages = [*ours.imports, *(package for package in ping.imports if package not in ours.imports)]
    table(
        ("", "host", "", "ping", ""),
        [
            (
                package,
                *(
                    text
                    for each in (ours, ping)
                    for text in (str(each.counts[package]), f"{each.imports.get(package, 0):.0f}")
                ),
            )
            for package in packages
        ],
    )
    heading("The dearest of ours, without what they import")
    table(("module", "ms"), [(name, f"{length:.0f}") for name, length in dearest(ours.modules, 15)])
    heading("Commands of the second run, from start to end")
    table(("ms", "command"), [(f"{length:.0f}", words) for words, length in ours.commands])
    heading("Functions of ours with what they call; those called more than 60 times for the first 60")
    dear = sorted(ours.functions.items(), key=lambda each: -each[1][1])[:30]
    table(("ms", "calls", "function"), [(f"{length:.0f}", str(calls), name) for name, (calls, length) in dear])
    heading(
        f"A second run with {large.vfs} VFs and {large.rules} rules, by cProfile, which makes it several times slower"
    )
    runs.reset()
    slopes.measure(runs, [large], 1, playbook=False)
    print(slopes.functions(runs, large))


def dearest(lengths: dict[str, float], number: int) -> list[tuple[str, float]]:
    return sorted(lengths.items(), key=lambda each: -each[1])[:number]


# --- Tables --------------------------------------------------------------------------------------------------------


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Numbers to the right, words to the left."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numeric = [all(is_number(cell) for cell in column[1:]) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, numeric, strict=True)
        print("  " + "  ".join(c.rjust(w) if right else c.ljust(w) for c, w, right in cells).rstrip(), flush=True)


def is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).lstrip("-").isdigit() or not cell


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"\nThe whole took {time.monotonic() - started:.0f} s.", file=sys.stderr)
    sys.exit(status)
