"""How the demonstration tells its story: headings, what the guest says, playbooks as they run, a table."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError
from lab.vm import Vm

SETTINGS = """\
[defaults]
display_skipped_hosts = false
callback_result_format = yaml
[connection]
pipelining = true
"""


def heading(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def show(vm: Vm, command: str) -> str:
    print(f"  # {command}")
    output = vm.ssh(command).stdout
    for line in output.splitlines():
        print(f"  {line}")
    return output


def play(vm: Vm, playbook: str, variables: str, idempotent: bool = False) -> None:
    """``ansible-playbook -i VM -e @VARIABLES kernel_bypass.sriov.PLAYBOOK``, its output as it comes.

    :param idempotent: nothing may change.
    """
    with tempfile.TemporaryDirectory() as scratch:
        files = {"inventory.yml": vm.inventory(), "variables.yml": variables, "ansible.cfg": SETTINGS}
        for name, content in files.items():
            (Path(scratch) / name).write_text(content)
        # In place of whatever ansible.cfg the user has.
        environment = {**os.environ, "ANSIBLE_CONFIG": f"{scratch}/ansible.cfg"}
        inventory, named = f"{scratch}/inventory.yml", f"@{scratch}/variables.yml"
        command = ["ansible-playbook", "-i", inventory, "-e", "provision_hosts=all", "-e", named]
        printed = _printed([*command, f"kernel_bypass.sriov.{playbook}"], environment)
    if idempotent and "changed=0 " not in "".join(printed[-2:]):
        raise LabError("the second run changed something")


def _printed(command: Sequence[str], environment: dict[str, str]) -> list[str]:
    lines = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as playbook:
        for line in playbook.stdout or ():
            lines.append(line)
            if line.strip():
                print(f"  {line}", end="", flush=True)
    if playbook.returncode != 0:
        raise LabError("the playbook failed")
    return lines


def table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the heads."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)
