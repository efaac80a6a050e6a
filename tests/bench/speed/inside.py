"""Where the time of a run goes inside the guest: phases, imports, commands and functions."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.errors import LabError

from speed.runs import Runs

DIRECTORY = "/run/bench"
PROGRAM = Path(__file__).with_name("profile_guest.py").read_text()
OURS = "ansible_collections.kernel_bypass.sriov"
IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")


@dataclass
class Inside:
    """Medians over some runs, in milliseconds.

    :param plain: the whole run as Ansible would have it, unwatched.
    :param phases: in order, each with its length.
    :param commands: each with its length, of the last run.
    :param functions: ours, by name: calls, and the time of all calls with what they called; of the last run.
    :param imports: by package, and how many files they are; `modules` are ours, each without what it imports.
    """

    bytes: int
    plain: float
    phases: dict[str, float] = field(default_factory=dict)
    commands: list[tuple[str, float]] = field(default_factory=list)
    functions: dict[str, tuple[int, float]] = field(default_factory=dict)
    imports: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    modules: dict[str, float] = field(default_factory=dict)


def look(runs: Runs, playbook: str, module: str, repeats: int) -> Inside:
    """Watches a module of a playbook with one task; the host must be as that wants it already."""
    payload = keep(runs, playbook, module)
    runs.vm.ssh(f"cat > {DIRECTORY}/profile.py", stdin=PROGRAM)
    plain = [float(runs.vm.ssh(timed(f"python3 < {payload} >/dev/null")).stdout) for _repeat in range(repeats)]
    seen = [watched(runs, payload) for _repeat in range(repeats)]
    size = int(runs.vm.ssh(f"stat -c %s {payload}").stdout)
    inside = Inside(size, statistics.median(plain), phases(seen))
    inside.commands = [(words, length / 1e6) for words, length in seen[-1]["commands"]]
    inside.functions = {name: (calls, length / 1e6) for name, (calls, length) in seen[-1]["functions"].items()}
    imports(inside, runs.vm.ssh(f"python3 -X importtime {payload} 2>&1 >/dev/null").stdout)
    return inside


def keep(runs: Runs, playbook: str, module: str) -> str:
    """The path of what Ansible sends for the module, kept in the guest."""
    runs.vm.ssh(f"rm -rf {DIRECTORY}; mkdir {DIRECTORY}")
    runs.playbook(playbook, more={"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TEMP": DIRECTORY})
    found = runs.vm.ssh(f"ls {DIRECTORY}/*/AnsiballZ_{module}.py").stdout.split()
    if len(found) != 1:
        raise LabError(f"one payload of module {module} was expected, there are {len(found)}")
    return found[0]


def timed(command: str) -> str:
    """A command line that prints the milliseconds of a command."""
    return f"start=$(date +%s%N); {command}; end=$(date +%s%N); echo $(( (end - start) / 10000 ))e-2"


def watched(runs: Runs, payload: str) -> dict[str, Any]:
    result = f"{DIRECTORY}/result.json"
    runs.vm.ssh(
        f"python3 {DIRECTORY}/profile.py {payload} $(date +%s%N) {result} >/dev/null; date +%s%N > {result}.end"
    )
    seen: dict[str, Any] = json.loads(runs.vm.ssh(f"cat {result}").stdout)
    seen["marks"].append(("Python ended", int(runs.vm.ssh(f"cat {result}.end").stdout)))
    return seen


def phases(seen: list[dict[str, Any]]) -> dict[str, float]:
    lengths: dict[str, list[float]] = {}
    for run in seen:
        before = run["start"]
        for text, end in run["marks"]:
            lengths.setdefault(text, []).append((end - before) / 1e6)
            before = end
    return {text: statistics.median(values) for text, values in lengths.items()}


def imports(inside: Inside, text: str) -> None:
    """What ``python3 -X importtime`` has printed; it takes longer than without."""
    for microseconds, name in IMPORT.findall(text):
        package = next((p for p in (OURS, "ansible") if name == p or name.startswith(f"{p}.")), "Python's own")
        inside.imports[package] = inside.imports.get(package, 0) + int(microseconds) / 1000
        inside.counts[package] += 1
        if package == OURS:
            inside.modules[name[len(OURS) + 1 :]] = int(microseconds) / 1000
