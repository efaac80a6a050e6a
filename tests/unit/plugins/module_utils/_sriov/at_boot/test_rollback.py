# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Back to the generation before, with what it has elsewhere, of what module boot_state has installed; and a boot."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.modules import boot_state, host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import OURS, run
from ansible_collections.kernel_bypass.sriov.tests.unit.support.installing import (
    OTHER,
    PFS,
    UNIT,
    again,
    current,
    install,
    start,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import LABEL, LABEL_2, ONE, TWO, WORDS

PF_NAMES = f"{LABEL}, {LABEL_2}"


@pytest.fixture
def two(tmp_path):
    """Two generations: without flow rules, and before that one with them and another limit."""
    first = install(start(tmp_path), boot_timeout=100)["generation"]
    assert not run_module(host, again(tmp_path), pfs=OTHER)["failed"]
    assert not run_module(boot_state, again(tmp_path), pfs=OTHER)["failed"]
    return first, current(tmp_path)


def booted(root):
    """The host after a boot: no VFs, no rules; what was in /run is gone."""
    kernel = again(root)
    for nic in (ONE, TWO):
        kernel.pci.set_num_vfs(nic.address, 0, 5)
    udev = {f"run/udev/data/n{index}": "" for index in (3, 4)}
    build(root, {"proc/sys/kernel/random/boot_id": "another", **udev})
    return kernel


def test_all_of_it_goes_back_and_forth(tmp_path, two, capfd):
    first, second = two
    assert program.main(["rollback"], again(tmp_path)) == 0
    told = capfd.readouterr().out.splitlines()
    at = told.index(f"current: {first}, of collection 0.1.0: {PF_NAMES}")
    assert told[:at] and all(step.startswith(("write ", "link ", "let systemd ")) for step in told[:at])
    assert told[at + 1] == f"previous: {second}, of collection 0.1.0: {PF_NAMES}"
    assert f"apply would: add flow rule 2045 of {LABEL}: {WORDS}" in told[at + 2 :]
    assert (current(tmp_path), current(tmp_path, "previous")) == (first, second)
    assert "TimeoutStartSec=115" in (tmp_path / UNIT).read_text()
    assert program.main(["rollback"], again(tmp_path)) == 0
    assert (current(tmp_path), current(tmp_path, "previous")) == (second, first)


def test_there_is_none(tmp_path, capfd):
    install(start(tmp_path))
    name = current(tmp_path)
    assert program.main(["rollback"], again(tmp_path)) == 2
    assert capfd.readouterr().out.startswith("there is no generation to go back to: ")
    assert current(tmp_path) == name


def test_a_damaged_one_is_not_gone_back_to(tmp_path, two, capfd):
    first, second = two
    path = tmp_path / f"usr/local/lib/kernel-bypass-sriov/generations/{first}/desired.json"
    path.write_text("{")
    assert program.main(["rollback"], again(tmp_path)) == 2
    assert "it is damaged" in capfd.readouterr().out
    assert current(tmp_path) == second


def test_what_is_installed_is_what_a_boot_reaches(tmp_path, two):
    first, _second = two
    assert program.main(["rollback"], again(tmp_path)) == 0
    kernel = booted(tmp_path)
    code, result = run(kernel, "boot")
    assert (code, result["outcome"], result["generation"]) == (0, "changed", first)
    assert not run_module(host, again(tmp_path), check=True, pfs=PFS)["changed"]
    assert run(kernel, "check")[0] == 0
    assert json.loads((tmp_path / OURS / "result.json").read_text())["boot"] == "another"
