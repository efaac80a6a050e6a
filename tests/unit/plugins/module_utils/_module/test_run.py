# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules as they run on a host: with the process that works, the lock, and what earlier runs have left."""

from __future__ import annotations

import fcntl
import os
import signal

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module import run as _run
from ansible_collections.kernel_bypass.sriov.plugins.modules import host, info, pf, rx_rate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

PF = hosts.IXGBE.address
RUN = "run/kernel-bypass-sriov"
JOURNAL = f"{RUN}/journal/0000:99:00.0.json"
WISH = {"pf": "enp1s0", "num_vfs": 2}
LOOKS = {
    "check mode": (pf, {**WISH, "check": True}),
    "info": (info, {}),
    "rx_rate": (rx_rate, {"pf": "enp1s0", "seconds": 0.02}),
}


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """The one that a module makes for itself."""
    found = simulate(tmp_path, hosts.host(hosts.IXGBE))
    monkeypatch.setattr(_run, "Kernel", lambda: found)
    return found


def run(module, **options):
    return run_module(module, None, **options)


def test_a_run_does_what_it_is_asked_for_and_leaves_nothing_under_way(kernel, tmp_path):
    result = run(pf, **WISH)
    assert (result["failed"], result["changed"], len(result["pf"]["vfs"])) == (False, True, 2)
    assert list((tmp_path / RUN / "blocked").iterdir()) == []
    assert not run(pf, **WISH)["changed"]


def test_what_waits_is_read_while_no_way_back_can_begin(kernel, tmp_path, monkeypatch):
    build(tmp_path, {"run/systemd/system": DIRECTORY})
    really, free = _run.with_confirmation, tmp_path / "free"

    def look(*words):
        with open(tmp_path / RUN / "lock", "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free.touch()
            except BlockingIOError:
                pass
        return really(*words)

    monkeypatch.setattr(_run, "with_confirmation", look)
    assert run(host, pfs=[WISH], confirm=60)["pending"]
    assert not free.exists()


@pytest.mark.parametrize("text", ["{", '{"schema": 7, "boot": "BOOT"}'])
@pytest.mark.parametrize("look", LOOKS)
def test_a_damaged_journal_of_another_pf_is_a_warning_to_who_only_looks(kernel, tmp_path, look, text):
    module, options = LOOKS[look]
    build(tmp_path, {JOURNAL: text.replace("BOOT", kernel.system.boot_id())})
    result = run(module, **options)
    assert not result["failed"], result.get("msg")
    texts = map(str, result["warnings"])  # in ansible-core 2.19 and later each is a dictionary
    told = [each for each in texts if "what earlier runs have left is not known: " in each]
    assert len(told) == 1 and JOURNAL in told[0]


def test_but_a_plan_for_its_pf_is_refused(kernel, tmp_path):
    build(tmp_path, {f"{RUN}/journal/{PF}.json": "{"})
    for check in (True, False):
        result = run(pf, check=check, **WISH)
        assert (result["failure"]["kind"], result["changed"]) == ("unreadable", False)
    assert written(kernel) == []
    assert not run(info)["failed"]


@pytest.mark.parametrize("look", LOOKS)
def test_who_only_looks_writes_nothing_of_ours(kernel, tmp_path, look):
    module, options = LOOKS[look]
    assert not run(module, **options)["failed"]
    assert not (tmp_path / RUN).exists()


@pytest.mark.parametrize("module", [pf, info])
def test_a_run_whose_process_was_killed_is_not_late(kernel, monkeypatch, module):
    monkeypatch.setattr(kernel.link, "interfaces", lambda: os.kill(os.getpid(), signal.SIGKILL))
    result = run(module, **(WISH if module is pf else {}))
    assert (result["failure"]["kind"], result.get("changed", False)) == ("no_answer", False)
    assert result["msg"].startswith(
        "the run ended without an answer: it was at: reading the host; the process was killed. Remedy: "
    )


def test_where_nothing_can_be_kept_nothing_is_changed_and_that_is_told(kernel, tmp_path):
    build(tmp_path, {RUN: "no directory"})
    result = run(host, pfs=[WISH])
    assert (result["failure"]["kind"], result["done"], written(kernel)) == ("kernel_refused", [], [])
