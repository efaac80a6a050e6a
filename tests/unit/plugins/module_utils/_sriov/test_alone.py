# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run on a host, for real: another one, a late one, and one that the kernel does not let go."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import alone as _alone
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.alone import (
    alone,
    in_time,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    KernelRefused,
    NoAnswer,
    TookTooLong,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.blocked import Blocked
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.units import StoppedUnits
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.kernel import Kernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.under_way import UnderWay
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.others import blocked_devices, others
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.units import service

FIRST, SECOND = UnderWay(["load module vfio-pci"], []), UnderWay(["set sriov_numvfs"], ["0000:01:00.0"])


@pytest.fixture
def kernel(tmp_path):
    """Our files below a directory; the processes are the real ones."""
    (tmp_path / "run").mkdir()
    found = Kernel(sysfs=Sysfs(str(tmp_path)))
    found.processes = Processes(Sysfs())
    return found


def lock_of(kernel):
    return Lock(Files(kernel.root), kernel.processes)


def still_there(kernel):
    return Blocked(Files(kernel.root), kernel.processes).still_there()


def notes(kernel):
    return Files(kernel.root).names("/run/kernel-bypass-sriov/blocked")


def test_the_answer_comes_back_and_the_lock_is_held_meanwhile(kernel):
    answer = alone(kernel, lambda deadline, tell: [deadline.left() <= 5, lock_of(kernel).holder()], 5)
    assert answer[0]
    assert answer[1].startswith(f"process {os.getpid()} (")
    assert lock_of(kernel).holder() is None


def test_what_is_about_to_be_done_is_heard_when_it_is_told(kernel):
    """The work has no output of its own."""
    heard = []

    def work(_deadline, tell):
        tell(FIRST)
        tell(SECOND)
        return "done"

    assert alone(kernel, work, 5, heard.append) == "done"
    assert heard == [FIRST, SECOND]


def test_who_only_looks_waits_for_nobody(kernel):
    with lock_of(kernel).held(1):
        assert in_time(kernel, lambda deadline, tell: "seen", Deadline(5)) == "seen"
        assert others(kernel)[0].startswith("another run of this collection changes this host now: process ")
        with pytest.raises(InUse):
            alone(kernel, lambda deadline, tell: "seen", 0.2)
    assert others(kernel) == []


def test_a_run_that_is_late_tells_how_far_it_came(kernel, monkeypatch):
    monkeypatch.setattr("ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.alone.GRACE", 0.0)

    def work(_deadline, tell):
        tell(FIRST)
        tell(SECOND)
        time.sleep(60)

    with pytest.raises(TookTooLong) as late:
        alone(kernel, work, 0.5)
    assert str(late.value) == (
        "the run did not end in 0.5 s: it was at: set sriov_numvfs. Remedy: look at dmesg; give more time (timeout)."
    )
    assert (late.value.done, late.value.step) == (FIRST.steps, SECOND.steps[0])
    assert still_there(kernel) == []
    assert lock_of(kernel).holder() is None


def test_a_late_run_that_has_stopped_units_has_them_started_while_it_is_still_alone(tmp_path):
    """A command that is stuck in the kernel never comes back to the run, which would start them."""
    kernel = simulate(tmp_path, {**hosts.host(), **service("dpdk-app.service", 4711, "dpdk-app", [])})
    kernel.processes = Processes(Sysfs())
    stopped = StoppedUnits(Files(kernel.root))
    start = kernel.units.start

    def noting(unit):
        start(unit)
        os.mkdir(kernel.sysfs.path(f"/sim/alone {bool(lock_of(kernel).holder())}"))

    kernel.units.start = noting

    def work(_deadline, tell):
        stopped.write(["dpdk-app.service"])
        kernel.units.stop("dpdk-app.service")
        tell(SECOND)
        time.sleep(60)

    begun = time.monotonic()
    with pytest.raises(TookTooLong) as late:
        alone(kernel, work, 1)
    assert time.monotonic() - begun < 1 + 5
    assert (late.value.done, late.value.lost) == (["start unit dpdk-app.service again"], [])
    assert (kernel.units.now("dpdk-app.service").state, stopped.read()) == ("active", ())
    assert kernel.sysfs.exists("/sim/alone True")


@pytest.fixture
def leaves_something():
    """A run that leaves a process behind, as one is that the kernel does not let go."""

    def work(_deadline, tell):
        tell(SECOND)
        return os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")

    return work


@pytest.fixture
def unkillable(monkeypatch):
    """Signals wait, as for a process that is inside the kernel."""
    killed = []
    monkeypatch.setattr(Processes, "kill", lambda _self, process: killed.append(process))
    yield killed
    for process in {*killed}:
        with suppress(ProcessLookupError):
            os.kill(int(process), signal.SIGKILL)


def test_what_the_kernel_does_not_let_go_is_noted_until_it_ends(kernel, leaves_something, unkillable):
    child = alone(kernel, leaves_something, 5)
    for _again in range(2):
        assert [(each.at, each.process) for each in still_there(kernel)] == [(SECOND, str(child))]
        assert blocked_devices(kernel) == {"0000:01:00.0": str(still_there(kernel)[0])}
        assert others(kernel) == [
            f"the kernel has not ended a step of an earlier run: set sriov_numvfs (process {child})"
        ]
        alone(kernel, lambda deadline, tell: None, 5)
    os.kill(child, signal.SIGKILL)
    alone(kernel, lambda deadline, tell: None, 5)
    assert (others(kernel), notes(kernel)) == ([], [])


def test_what_only_goes_on_is_ended_by_the_next_run(kernel, leaves_something):
    child = alone(kernel, leaves_something, 5)
    assert len(notes(kernel)) == 1
    alone(kernel, lambda deadline, tell: None, 5)
    assert notes(kernel) == []
    assert Processes(Sysfs()).status(str(child)) is None or Processes(Sysfs()).status(str(child)).state == "Z"


def test_a_run_leaves_no_note_where_nothing_is_left(kernel):
    seen = alone(kernel, lambda deadline, tell: [tell(SECOND), notes(kernel)], 5)[1]
    assert len(seen) == 1
    assert notes(kernel) == []


def test_of_a_run_that_is_under_way_nothing_is_blocked(kernel):
    def work(_deadline, tell):
        tell(SECOND)
        return in_time(kernel, lambda deadline, tell: [others(kernel), blocked_devices(kernel)], Deadline(5))

    told, blocked = alone(kernel, work, 5)
    assert [each.startswith("another run of this collection changes this host now") for each in told] == [True]
    assert blocked == {}


@pytest.mark.parametrize("told", [False, True])
def test_who_only_looks_writes_nothing(kernel, tmp_path, told):
    """A read may be stuck as well."""

    def work(_deadline, tell):
        if told:
            tell(SECOND)
        return os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")

    child = in_time(kernel, work, Deadline(5))
    os.kill(child, signal.SIGKILL)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_look_that_is_stuck_is_not_noted_by_a_run_that_changes_nothing(kernel):
    child = alone(kernel, lambda deadline, tell: os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60"), 5)
    os.kill(child, signal.SIGKILL)
    assert notes(kernel) == []


def test_the_answer_is_there_though_a_note_cannot_be_removed(kernel, monkeypatch):
    def refuse(_self, path):
        raise KernelRefused(f"cannot remove {path}", errno=errno.EROFS)

    monkeypatch.setattr(Files, "remove", refuse)
    assert alone(kernel, lambda deadline, tell: "seen", 5) == "seen"


def test_without_a_note_no_step_is_begun_and_a_look_goes_on(kernel, monkeypatch):
    def refuse(_self, path, value):
        raise KernelRefused(f"cannot write {path}", errno=errno.ENOSPC)

    def work(_deadline, tell):
        try:
            tell(SECOND)
        except KernelRefused as error:
            return str(error)

    monkeypatch.setattr(Files, "write", refuse)
    assert alone(kernel, lambda deadline, tell: "seen", 5) == "seen"
    assert "ENOSPC" in alone(kernel, work, 5)


KILLED = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from _sriov.alone import alone
from _sriov.kernel.bounded import bounded_series
from _sriov.kernel.kernel import Kernel
from _sriov.kernel.processes import Processes
from _sriov.kernel.sysfs import Sysfs
from _sriov.model.under_way import UnderWay

kernel = Kernel(sysfs=Sysfs(sys.argv[2]))
kernel.processes = Processes(Sysfs())

def write():
    with open(sys.argv[3], "a") as file:
        file.write("x")
    time.sleep(0.1)

def work(deadline, tell):
    tell(UnderWay(["bind 40 VFs"], ["0000:01:00.0"]))
    if sys.argv[4] == "a program":
        os.spawnlp(os.P_WAIT, "sh", "sh", "-c", 'for _ in $(seq 99); do printf x >> "$0"; sleep 0.1; done', sys.argv[3])
    for _done in bounded_series([write] * 40, 60):
        pass

alone(kernel, work, 60)
"""


@pytest.mark.parametrize("at", ["a batch", "a program"])
def test_after_a_kill_nothing_of_it_writes_once_the_next_run_has_the_lock(kernel, tmp_path, at):
    written = tmp_path / "written"
    arguments = [sys.executable, "-c", KILLED, str(Path(_alone.__file__).parents[1]), str(tmp_path), str(written), at]
    with subprocess.Popen(arguments) as module:
        assert Deadline(20).reached(lambda: written.exists() and written.stat().st_size > 1, every=0.01)
        with pytest.raises(InUse):
            alone(kernel, lambda deadline, tell: None, 0.3)
        module.kill()

    def work(_deadline, _tell):
        before = written.stat().st_size
        time.sleep(0.5)
        return [before, written.stat().st_size]

    before, after = alone(kernel, work, 5)
    assert before == after < 40
    assert notes(kernel) == []


def test_nor_where_no_run_follows(tmp_path):
    """The process that works ends with the one that waits, and so does its child."""
    written = tmp_path / "written"
    (tmp_path / "run").mkdir()
    path = str(Path(_alone.__file__).parents[1])
    with subprocess.Popen([sys.executable, "-c", KILLED, path, str(tmp_path), str(written), "a batch"]) as module:
        assert Deadline(20).reached(lambda: written.exists() and written.stat().st_size > 1, every=0.01)
        module.kill()
    time.sleep(0.1)
    before = written.stat().st_size
    time.sleep(0.5)
    assert written.stat().st_size == before < 40


def test_what_a_killed_run_has_left_in_the_kernel_is_refused_by_name(kernel, tmp_path, unkillable):
    written = tmp_path / "written"
    path = str(Path(_alone.__file__).parents[1])
    with subprocess.Popen([sys.executable, "-c", KILLED, path, str(tmp_path), str(written), "a program"]) as module:
        assert Deadline(20).reached(lambda: written.exists() and written.stat().st_size > 1, every=0.01)
        module.kill()
    told = alone(kernel, lambda deadline, tell: blocked_devices(kernel), 5)
    assert told["0000:01:00.0"].startswith("the kernel has not ended a step of an earlier run: bind 40 VFs (process ")
    assert unkillable


def test_a_lock_that_comes_too_late_begins_nothing(kernel, monkeypatch):
    def late(_self, _timeout):
        time.sleep(0.5)
        return nullcontext()

    monkeypatch.setattr(Lock, "held", late)
    with pytest.raises(TookTooLong) as error:
        alone(kernel, lambda deadline, tell: tell(SECOND), 0.5)
    assert str(error.value) == (
        "the run was not begun: of its 0.5 s none were left when another run had ended. "
        "Remedy: give more time (timeout)."
    )
    assert notes(kernel) == []


def test_a_fault_is_told_as_one(kernel):
    with pytest.raises(NoAnswer, match="(?s)the run ended without an answer: it was at: reading the host; Trace.*Zero"):
        alone(kernel, lambda deadline, tell: 1 // 0, 5)


def test_one_that_is_killed_is_not_one_that_is_late(kernel):
    def work(_deadline, tell):
        tell(FIRST)
        tell(SECOND)
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(NoAnswer) as error:
        alone(kernel, work, 5)
    details = error.value.details()
    assert (details["kind"], details["why"]) == ("no_answer", "it was at: set sriov_numvfs; the process was killed")
    assert (error.value.done, error.value.changed) == (FIRST.steps, True)
