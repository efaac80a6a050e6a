# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is at work, what is left, and what came of the boot, in words."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.status import status
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.pending import Pending, Waiting
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import (
    LABEL,
    LABEL_2,
    ONE,
    OURS,
    TWO,
    generation,
    run,
    start,
    wish,
    wished,
)

BOTH = (wish(), wish(TWO, 1, ()))
AT_REST = "no run is under way, and none has left anything"
GENERATIONS = [
    f"current: aaaaaaaaaaaa, of collection 0.1.0: {LABEL}, {LABEL_2}",
    "previous: none",
    "differences: `kernel-bypass-sriov check` looks for them",
]


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def boot_at(kernel, seconds, monkeypatch):
    monkeypatch.setattr(
        "ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.at_boot.unit.time.time", lambda: seconds
    )
    run(kernel, "boot")
    monkeypatch.undo()


def test_after_a_boot(tmp_path, monkeypatch):
    kernel = start(tmp_path, *BOTH)
    boot_at(kernel, 1700000000.0, monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    rest, result, *others = status(kernel)
    assert rest == AT_REST
    assert result.startswith("boot: changed, 6 steps in ") and result.endswith(" s, 2023-11-14 22:13:20")
    assert others == [f"  {LABEL}: changed", f"  {LABEL_2}: changed", *GENERATIONS]


def test_before_it_has_run_the_one_of_the_boot_before_is_told_beside(tmp_path):
    kernel = start(tmp_path, *BOTH)
    assert status(kernel) == [AT_REST, "boot: has not run in this boot, or has not ended", *GENERATIONS]
    run(kernel, "boot")
    build(tmp_path, {"proc/sys/kernel/random/boot_id": "another"})
    told = status(kernel)
    assert told[1] == "boot: has not run in this boot, or has not ended"
    assert told[2].startswith("boot before: changed, 6 steps in ")


def test_what_failed_is_told_with_its_reason(tmp_path):
    kernel = start(tmp_path, wish(), wish(TWO, 8, ()))
    run(kernel, "boot")
    told = status(kernel)
    assert told[1].startswith("boot: partial, ")
    assert told[3].startswith(f"  {LABEL_2}: refused: ") and "8 VFs" in told[3]


def test_a_boot_that_could_not_begin(tmp_path):
    kernel = start(tmp_path, files=generation("{"))
    run(kernel, "boot")
    told = status(kernel)
    assert told[1].startswith("boot: failed, 0 steps in ")
    assert told[2].startswith("  cannot read /usr/local/lib/kernel-bypass-sriov/current/desired.json: it is no JSON")
    assert told[3].startswith("current: aaaaaaaaaaaa: cannot read ")


def test_who_is_at_work(tmp_path):
    kernel = start(tmp_path, *BOTH)
    with Lock(Files(kernel.root), kernel.processes).held(1):
        inode = os.stat(tmp_path / OURS / "lock").st_ino
        build(tmp_path, {"proc/locks": f"1: FLOCK  ADVISORY  WRITE {os.getpid()} 00:1a:{inode} 0 EOF"})
        build(tmp_path, {f"proc/{os.getpid()}/comm": "python3"})
        told = status(kernel)
    assert told[0] == f"another run of this collection changes this host now: process {os.getpid()} (python3)"


def test_what_earlier_runs_have_left(tmp_path):
    kernel = start(tmp_path, *BOTH)
    files = Files(kernel.root)
    Pending(files).write(Waiting("name", time.monotonic() + 60.2, 120.0, Desired()))
    Journal(files).write(Taken(ONE.address, ONE.mac, vfs=(KeptVf(0, {"trust": True}),)))
    assert status(kernel)[:2] == [
        "a run of this collection waits for its confirmation: the host goes back to the state before it in 60 s "
        "(kernel-bypass-sriov-confirm.timer)",
        f"an earlier run did not come to its end on {ONE.address}: the next one for it puts back what is missing",
    ]


@pytest.mark.parametrize("text", ["{", '{"schema": 1, "boot": "x", "outcome": "ok", "pfs": []}', '{"schema": 2}'])
def test_what_cannot_be_read_is_not_known(tmp_path, text):
    kernel = start(tmp_path, *BOTH)
    build(tmp_path, {f"{OURS}/result.json": text})
    assert status(kernel)[1].startswith(f"not known: cannot read /{OURS}/result.json: ")


def test_both_generations_are_named(tmp_path):
    kernel = start(tmp_path, files={**generation(wished(wish())), **generation("{", "bbbbbbbbbbbb", "previous")})
    told = status(kernel)
    assert told[2] == f"current: aaaaaaaaaaaa, of collection 0.1.0: {LABEL}"
    assert told[3].startswith("previous: bbbbbbbbbbbb: cannot read ")


def test_nothing_is_installed(tmp_path):
    kernel = start(tmp_path)
    os.unlink(tmp_path / "usr/local/lib/kernel-bypass-sriov/current")
    assert status(kernel)[2:4] == ["current: none", "previous: none"]
