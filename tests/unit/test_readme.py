# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the README says against the files that it speaks of."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.merge import merge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def read(name):
    return yaml.safe_load((ROOT / name).read_text())


def test_it_installs_the_file_that_is_built():
    galaxy = read("galaxy.yml")
    assert "install ./{namespace}-{name}-{version}.tar.gz\n".format(**galaxy) in README


def test_all_say_the_same_of_ansible_core():
    oldest = read("roles/provision/meta/main.yml")["galaxy_info"]["min_ansible_version"]
    assert f"needs ansible-core {oldest} or later" in README
    assert read("meta/runtime.yml")["requires_ansible"] == f">={oldest}.0"


# --- The example runs as it stands ---


def written(directory):
    """The files of the example, each named in the line above its block, and the commands that are run on them."""
    for name, body in re.findall(r"`(inventory/[\w./]+)`[^`\n]*:\n\n```yaml\n(.*?)```", README, re.DOTALL):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    return [line.split()[2:] for line in README.splitlines() if line.startswith("$ ansible-playbook -i inventory ")][:2]


def test_the_example_runs_as_it_stands(tmp_path):
    playbooks.install(tmp_path)
    check, change = written(tmp_path)
    more = ("-e", json.dumps(playbooks.STAND_IN_HOST))
    planned, done, again = (playbooks.run(tmp_path, "playbook", *words, *more) for words in (check, change, change))
    assert (planned.code, done.code, again.code) == (0, 0, 0), planned.output + done.output
    steps = [run.of("Bring the PFs")["packet1"]["steps"] for run in (planned, done, again)]
    assert steps[0] == steps[1] and len(steps[0]) > 10 and steps[2] == []
    said = again.of("Say what was done")["packet1"]["msg"]
    assert said == ["enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 1 rule, RSS 4; unchanged"]


# --- So do the examples elsewhere, as far as the controller can tell ---


def playbook_variables(node):
    """Every dictionary of a document that has the variable in it."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    yield from [node] if isinstance(node, dict) and "provision_pfs" in node else []
    for child in children:
        yield from playbook_variables(child)


EXAMPLES = [
    (path.relative_to(ROOT), variables)
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("roles/*/README.md")])
    for block in re.findall(r"```yaml\n(.*?)```", path.read_text(), re.DOTALL)
    for variables in playbook_variables(yaml.safe_load(block))
]


@pytest.mark.parametrize(("path", "variables"), EXAMPLES, ids=[str(path) for path, _variables in EXAMPLES])
def test_an_example_of_the_role_is_taken(path, variables):
    merged = merge([("provision_pfs", variables["provision_pfs"])])
    assert not merged.faults, path
    assert desired_state(MODULES["host"], {"pfs": merged.pfs}).pfs


def test_each_role_that_names_pfs_has_an_example():
    assert {
        "README.md",
        "docs/fleets.md",
        "docs/rules-and-queues.md",
        "roles/persist/README.md",
        "roles/provision/README.md",
        "roles/dpdk/README.md",
        "roles/queue_bypass/README.md",
    } == {str(path) for path, _variables in EXAMPLES}
