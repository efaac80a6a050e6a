# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Notes of runs that are gone, and what of them is not."""

from __future__ import annotations

import json
import os
import re
from unittest.mock import Mock

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept import blocked as _blocked
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.blocked import Blocked, StillThere
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.under_way import UnderWay
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

STEP = UnderWay(["set sriov_numvfs of enp1s0 (0000:01:00.0) from 2 to 0"], ["0000:01:00.0"])
RUN = "run/kernel-bypass-sriov/blocked"
MODULE = 60


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(_blocked, "TO_END", 0.05)


def status(process, session, start, state="D", parent=1):
    """As proc_pid_stat(5)."""
    fields = [process, "(py thon) )", state, parent, session, session, *[0] * 15, start, 0]
    return {f"proc/{process}/stat": " ".join(map(str, fields))}


def note(session=70, start=500, end=900, at=STEP, **more):
    return {f"{RUN}/{session}.json": json.dumps({"module": str(MODULE), "start": start, "end": end, **at._asdict()})}


def blocked(tmp_path, files, unreadable="(?!)"):
    class Guarded(Sysfs):
        def path(self, path):
            if re.fullmatch(unreadable, path):
                raise OSError(5, os.strerror(5), path)
            return super().path(path)

    return Blocked(Files(build(tmp_path, {"run": None, **files})), Processes(Guarded(str(tmp_path))))


def names(tmp_path):
    return sorted(each.name for each in (tmp_path / RUN).iterdir())


def test_a_run_notes_itself_and_what_it_is_at(tmp_path):
    me = os.getpid()
    notes = blocked(tmp_path, status(me, me, 500, parent=os.getppid()))
    notes.note(STEP, 5)
    found = json.loads((tmp_path / RUN / f"{me}.json").read_text())
    assert found["end"] > 0
    assert found == {**STEP._asdict(), "module": str(os.getppid()), "start": 500, "end": found["end"]}
    notes.forget(str(me))
    assert names(tmp_path) == []


def test_one_that_cannot_tell_when_it_began_takes_all_of_its_session(tmp_path):
    me = os.getpid()
    notes = blocked(tmp_path, {"proc": None})
    notes.note(STEP, 5)
    build(tmp_path, status(me + 1, me, 10**9))
    assert notes.still_there() == [StillThere(STEP, str(me + 1))]


@pytest.mark.parametrize(
    ("files", "at"),
    [
        pytest.param({}, None, id="none"),
        pytest.param(note(at=UnderWay([], [])), UnderWay([], []), id="one that only looked"),
        pytest.param({**note(at=UnderWay([], [])), **note(71)}, STEP, id="one with a step counts before it"),
    ],
)
def test_what_runs_that_are_gone_were_at(tmp_path, files, at):
    assert blocked(tmp_path, {"proc": None, **files}).last() == at


def test_all_that_is_left_of_a_run_is_told(tmp_path):
    notes = blocked(tmp_path, {**note(), **status(70, 70, 500), **status(101, 70, 501), **status(8, 8, 2)})
    assert notes.still_there() == [StillThere(STEP, "70, 101")]
    assert notes.left("70") == ["70", "101"]
    notes.end_earlier()
    assert names(tmp_path) == ["70.json"]


@pytest.mark.parametrize("start", [499, 901])
def test_another_process_of_that_number_is_another(tmp_path, start):
    notes = blocked(tmp_path, {**note(), **status(70, 70, start)})
    assert notes.still_there() == []
    notes.end_earlier()
    assert names(tmp_path) == []


@pytest.mark.parametrize("state", ["Z", "X"])
def test_what_has_ended_is_not_there_though_nobody_has_waited_for_it(tmp_path, state):
    notes = blocked(tmp_path, {**note(), **status(70, 70, 500, state)})
    assert (notes.still_there(), notes.left("70")) == ([], [])
    notes.end_earlier()
    assert names(tmp_path) == []


def test_what_cannot_be_read_is_not_absent(tmp_path):
    notes = blocked(tmp_path, {**note(), **status(70, 70, 500)}, "/proc/70/stat")
    assert notes.still_there() == [StillThere(STEP, "70")]
    notes.end_earlier()
    assert names(tmp_path) == ["70.json"]


def test_a_run_that_somebody_waits_for_is_no_earlier_one(tmp_path):
    files = {**note(), **status(70, 70, 500, parent=MODULE), **status(71, 70, 501, parent=70)}
    assert blocked(tmp_path, files).still_there() == []


def test_of_one_that_had_begun_no_step_nothing_is_told(tmp_path):
    notes = blocked(tmp_path, {**note(at=UnderWay([], [])), **status(70, 70, 500)})
    assert notes.still_there() == []
    notes.end_earlier()
    assert names(tmp_path) == []


def test_it_is_killed_and_nobody_else(tmp_path, monkeypatch):
    killed = []
    monkeypatch.setattr(Processes, "kill", lambda _self, process: killed.append(process))
    others = {**status(8, 8, 2), **status(72, 70, 901), **status(73, 73, 502)}
    blocked(tmp_path, {**note(), **status(70, 70, 500, "S"), **others}).end_earlier()
    assert set(killed) == {"70"}


def test_processes_of_a_tree_that_is_not_the_host_are_never_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "kill", lambda *_words: pytest.fail("killed"))
    blocked(tmp_path, {**note(), **status(70, 70, 500)}).end_earlier()


@pytest.mark.parametrize("text", ["{", "{}", '{"module": "1", "start": "x", "end": 1, "steps": [], "devices": []}'])
def test_a_note_that_is_damaged_is_refused(tmp_path, text):
    notes = blocked(tmp_path, {f"{RUN}/70.json": text})
    for ask in (notes.still_there, notes.end_earlier):
        with pytest.raises(Unreadable, match="cannot read /run/kernel-bypass-sriov/blocked/70.json"):
            ask()


def test_a_host_without_notes_has_none(tmp_path):
    assert blocked(tmp_path, {"proc": None}).still_there() == []


def test_a_note_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "full")))
    with pytest.raises(KernelRefused, match="ENOSPC.*make room there"):
        blocked(tmp_path, {"proc": None}).note(STEP, 5)
