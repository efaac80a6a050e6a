"""Runs the contenders against one VM and takes down what each run costs."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.vm import Vm

from speed.work import RESET, STATE

PROJECT = Path(__file__).parents[3]
# As for the scenarios, .config/molecule/config.yml.
SETTINGS = """\
[defaults]
host_key_checking = false
callback_result_format = yaml
[connection]
pipelining = true
"""


# What the run before has set off, udev's work and the kernel's, is not to be paid for by the next.
QUIET = """\
udevadm settle
for _time in $(seq 30); do
    read -r _one _five _fifteen running _last < /proc/loadavg
    [ "${running%/*}" -le 1 ] && break
    sleep 0.1
done
"""


@dataclass(frozen=True)
class Cost:
    """Of one run.

    :param seconds: by the clock.
    :param cpu: CPU seconds of whatever ran for it, on this machine and in the VM.
    :param vm: the VM's part of them.
    """

    seconds: float
    cpu: float
    vm: float = 0.0


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*map(astuple, costs), strict=True)))


class Runs:
    """One VM, one Ansible, and the collection as it is installed from its artifact.

    :param scratch: a directory for what Ansible needs.
    """

    def __init__(self, vm: Vm, scratch: Path) -> None:
        self.vm = vm
        self._scratch = scratch
        self._inventory = scratch / "inventory.yml"
        self._inventory.write_text(vm.inventory())
        settings = scratch / "ansible.cfg"
        settings.write_text(SETTINGS)
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_HOME": str(scratch / "home"),
            "ANSIBLE_COLLECTIONS_PATH": str(scratch / "installed"),
        }

    def install(self) -> None:
        """The collection as users get it: built, and installed from the artifact."""
        script = '. scripts/lib/setup.sh; . scripts/lib/collection.sh; collection_install "$1"'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script, "install", str(self._scratch / "installed")],
            cwd=PROJECT,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LabError(f"the collection cannot be built and installed:\n{done.stdout}{done.stderr}")

    def reset(self) -> None:
        self.vm.ssh(RESET, timeout=300)

    def state(self) -> str:
        return self.vm.ssh(STATE, timeout=300).stdout

    def shell(self, script: str) -> Cost:
        """One command over the connection that is kept open, as Ansible's is."""
        return self._measured(lambda: self.vm.ssh(script, timeout=600))[0]

    def playbook(
        self, playbook: str, variables: dict[str, Any] | None = None, more: dict[str, str] | None = None
    ) -> tuple[Cost, int]:
        """Runs a playbook; returns the cost and the number of tasks that changed something.

        :param playbook: its text, or the name of one of the collection.
        :param more: environment variables.
        """
        name = playbook
        if playbook.startswith("["):
            name = str(self._scratch / "playbook.yml")
            Path(name).write_text(playbook)
        extra = self._scratch / "variables.yml"
        extra.write_text(json.dumps(variables or {}))
        command = ["ansible-playbook", "-i", str(self._inventory), "-e", f"@{extra}", name]
        environment = {**self._environment, **(more or {})}
        cost, done = self._measured(
            lambda: subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        )
        if done.returncode:
            raise LabError(f"the playbook failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        changed = re.search(r"changed=(\d+) ", done.stdout)  # not there where no task was for the host
        return cost, int(changed.group(1)) if changed else 0

    def _measured(self, action: Callable[[], Any]) -> tuple[Cost, Any]:
        self.vm.ssh(QUIET, timeout=120)
        before, here, start = self._busy(), cpu_here(), time.monotonic()
        result = action()
        seconds, here = time.monotonic() - start, cpu_here() - here
        there = self._busy() - before
        return Cost(seconds, here + there, there), result

    def _busy(self) -> float:
        """CPU seconds of the VM so far: those of its process, or by the clock that counts instructions."""
        if self.vm.state.spec.icount:
            up, idle = self.vm.ssh("cat /proc/uptime").stdout.split()
            return self.vm.state.spec.cpus * float(up) - float(idle)
        fields = Path(f"/proc/{self.vm.state.qemu.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_here() -> float:
    """CPU seconds of the processes that ran here and have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
