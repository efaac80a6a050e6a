# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command: its verbs, what they print, and their exit statuses; and a copy of it as it is installed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import forget as _forget
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import program
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot import rollback as _rollback
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.copies import install
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import (
    OURS,
    generation,
    run,
    start,
    wish,
    wished,
)

INSTALLED = "/usr/local/lib/kernel-bypass-sriov"
ONE_VF, TWO_VFS = wished(wish(vfs=(), num_vfs=1)), wished(wish(vfs=()))


@pytest.mark.parametrize(
    "words",
    [[], [""], ["bot"], ["boot", "now"], ["forget"], ["forget", "a", "b"], ["--root"], ["status", "--root", "x"]],
)
def test_bad_words_are_told_and_do_nothing(tmp_path, capfd, words):
    kernel = start(tmp_path)
    assert program.main(words, kernel) == 64
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", program.USAGE)


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_names_every_verb(tmp_path, capfd, word):
    assert program.main([word]) == 0
    told = capfd.readouterr().out
    assert all(f"\n  {verb} " in told for verb, _number in program.VERBS)


@pytest.mark.parametrize("words", [["boot"], ["check"], ["status"], ["rollback"], ["forget", "enp1s0"]])
def test_it_needs_root(tmp_path, capfd, words):
    kernel = start(tmp_path, wish(), behaviour=Behaviour(user=1000))
    code, result = run(kernel, *words)
    assert (code, result) == (2, None)
    assert capfd.readouterr().out.endswith(f"Remedy: run it as root: sudo kernel-bypass-sriov {words[0]}.\n")


@pytest.mark.parametrize("words", [["rollback"], ["forget", "enp1s0"]])
def test_while_another_run_changes_the_host_they_wait(tmp_path, capfd, monkeypatch, words):
    kernel = start(tmp_path, files={**generation(TWO_VFS), **generation(ONE_VF, "bbbbbbbbbbbb", "previous")})
    monkeypatch.setattr(_forget, "TO_WAIT", 0.1)
    monkeypatch.setattr(_rollback, "ENOUGH", 0.3)
    with Lock(Files(kernel.root), kernel.processes).held(1):
        assert run(kernel, *words)[0] == 2
    assert capfd.readouterr().out.startswith("another run of this collection changes this host: process ")


def test_what_is_printed_is_fit_for_a_terminal(tmp_path, capfd):
    kernel = start(tmp_path)
    assert run(kernel, "forget", "a\x1b[2J")[0] == 2
    assert "\x1b" not in capfd.readouterr().out


def copy_of(tmp_path):
    """The command, as module boot_state installs it; on a tree that only looks like a host."""
    kernel = start(tmp_path, files=generation("{"))
    directory = f"{OURS}/copy"  # Files makes no other directory than ours
    install(Files(kernel.root), f"/{directory}", "at_boot.program")
    return [sys.executable, "-I", "-B", str(tmp_path / directory), "--root", str(tmp_path)]


def test_a_copy_runs_without_ansible(tmp_path):
    command = copy_of(tmp_path)
    ended = subprocess.run([*command, "boot"], capture_output=True, text=True, check=False, env={}, timeout=60)
    result = json.loads((tmp_path / OURS / "result.json").read_text())
    assert (ended.returncode, ended.stderr, result["outcome"]) == (1, "", "failed")
    assert ended.stdout.startswith(f"cannot read {INSTALLED}/current/desired.json: it is no JSON")

    ended = subprocess.run([*command, "status"], capture_output=True, text=True, check=False, env={}, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[:2][0] == "no run is under way, and none has left anything"

    ended = subprocess.run([*command, "no"], capture_output=True, text=True, check=False, env={}, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (64, "", program.USAGE)


def test_the_unit_s_last_word_is_in_its_environment(tmp_path):
    command, environment = copy_of(tmp_path), {"SERVICE_RESULT": "timeout", "EXIT_CODE": "killed"}
    last = [*command, "record-timeout"]
    ended = subprocess.run(last, capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads((tmp_path / OURS / "result.json").read_text())["outcome"] == "timeout"
