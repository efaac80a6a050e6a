# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's programs as a user starts them; of modules that change something a simulated kernel is the remote side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES

ROOT = Path(__file__).resolve().parents[3]
FILES = ROOT / "tests" / "unit" / "plugins" / "action" / "files"
AS_IT_IS = ("action", "doc_fragments", "filter", "lookup", "module_utils", "plugin_utils")
STAND_IN_HOST = {
    "ansible_connection": "local",
    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    "ansible_become": False,
}
# The example inventory, the playbook that is run with it, and how tasks of its role begin.
EXAMPLE = ROOT / "examples" / "inventory"
PLAYBOOK = "kernel_bypass.sriov.provision"
VISIT, SAY = "Bring the PFs", "Say what was done"


@dataclass(frozen=True)
class Run:
    """A program that has ended.

    :param visits: modules that ran, in order, and what they were asked.
    """

    code: int
    output: str
    results: list[dict[str, t.Any]]
    visits: list[tuple[str, dict[str, t.Any]]] = field(default_factory=list)

    def of(self, task):
        """Results by host, of the task whose name begins so."""
        return {each["host"]: each["result"] for each in self.results if each["task"].split(" : ")[-1].startswith(task)}

    def told(self):
        """What each host that failed was told."""
        return {each["host"]: each["result"]["msg"] for each in self.results if each["kind"] == "failed"}


def install(directory, answers=None):
    """The collection as it is, except that stand-ins are its modules that change something, and modules dpdk, info
    and platform.

    :param answers: modules that only give this result.
    """
    target = directory / "ansible_collections" / "kernel_bypass" / "sriov"
    (target / "plugins" / "modules").mkdir(parents=True)
    for name in ("meta", "playbooks", "galaxy.yml"):
        (target / name).symlink_to(ROOT / name)
    (target / "roles").mkdir()
    for role in (ROOT / "roles").iterdir():
        (target / "roles" / role.name).symlink_to(role)
    for name in AS_IT_IS:
        (target / "plugins" / name).symlink_to(ROOT / "plugins" / name)
    stand_in = "#!/usr/bin/python\n" + (FILES / "stand_in.py").read_text()
    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        installed = target / "plugins" / "modules" / path.name
        if path.stem in (answers or {}):
            continue
        if path.stem in (*MODULES, "dpdk", "info", "platform"):
            installed.write_text(stand_in.replace('MODULE = "host"', f'MODULE = "{path.stem}"'))
        else:
            installed.symlink_to(path)
    answering = "#!/usr/bin/python\n" + (FILES / "answering.py").read_text()
    for name in answers or {}:
        own = answering.replace('MODULE = ""', f'MODULE = "{name}"')
        (target / "plugins" / "modules" / f"{name}.py").write_text(own)
    (directory / "answers.json").write_text(json.dumps(answers or {}))


def run(directory, program, *arguments, where=None, user="0"):
    """A program of Ansible, such as "playbook", with the collection that is installed in a directory.

    :param where: the working directory.
    :param user: number of the user as whom the stand-in runs.
    """
    kept = directory / "results"
    kept.unlink(missing_ok=True)
    visits = directory / "visits"
    visits.unlink(missing_ok=True)
    settings = directory / "ansible.cfg"
    settings.touch()  # in place of whatever the user has
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHONPATH"))},
        "ANSIBLE_COLLECTIONS_PATH": str(directory),
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_CONFIG": str(settings),
        "ANSIBLE_CALLBACK_PLUGINS": str(FILES / "callback"),
        "ANSIBLE_CONNECTION_PLUGINS": str(FILES / "connection"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_REMOTE_TMP": str(directory / "remote"),
        "ANSIBLE_ASYNC_DIR": str(directory / "Async"),
        "KEPT_RESULTS": str(kept),
        "ANSWERS": str(directory / "answers.json"),
        "VISITS": str(visits),
        "STAND_IN_PATH": os.pathsep.join(map(os.path.abspath, filter(None, sys.path))),
        "STAND_IN_TREE": str(directory / "tree"),
        "STAND_IN_USER": user,
        "STAND_IN_LINK": str(directory / "link"),
    }
    ended = subprocess.run(
        [sys.executable, "-m", f"ansible.cli.{program}", *arguments],
        cwd=where or directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    results = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    output = ended.stdout if program == "inventory" else ended.stdout + ended.stderr
    made = [tuple(json.loads(line)) for line in visits.read_text().splitlines()] if visits.exists() else []
    return Run(ended.returncode, output, results, made)
