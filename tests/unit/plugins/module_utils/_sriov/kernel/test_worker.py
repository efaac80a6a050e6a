# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A worker, for real: what it tells, what it answers, and what becomes of it when its time is over."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import commands
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import worker as _worker
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bounded import StillBlocked, bounded
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.worker import Died, Overdue, Worker


def test_it_answers_from_another_process_and_has_told_before():
    def work(tell):
        tell(["first", 1])
        tell("second")
        return {"process": os.getpid()}

    worker = Worker(work)
    assert worker.answer(5) == {"process": worker.process} != {"process": os.getpid()}
    assert worker.told == [["first", 1], "second"]
    assert not worker.is_left()


def test_a_fault_is_told_with_its_traceback():
    worker = Worker(lambda tell: 1 // 0)
    with pytest.raises(Died, match="(?s)Traceback.*ZeroDivisionError"):
        worker.answer(5)


def test_one_that_is_killed_is_told_so():
    worker = Worker(lambda tell: os.kill(os.getpid(), 9))
    with pytest.raises(Died, match="the process was killed"):
        worker.answer(5)


def test_one_that_is_late_is_killed_with_what_it_has_started(tmp_path):
    def work(tell):
        tell("sleep")
        os.spawnlp(os.P_WAIT, "sleep", "sleep", "60")

    worker, begin = Worker(work), time.monotonic()
    with pytest.raises(Overdue):
        worker.answer(0.3)
    assert (worker.told, time.monotonic() - begin < 3) == (["sleep"], True)
    end = time.monotonic() + 5
    while worker.is_left() and time.monotonic() < end:  # its child is reaped by the first of all processes
        time.sleep(0.01)
    assert not worker.is_left()


def test_what_makes_the_menu_of_a_boot_loader_runs_to_its_end_though_the_run_is_killed(tmp_path):
    program, done = tmp_path / "update-grub", tmp_path / "done"
    program.write_text(f"#!/bin/sh -e\nsleep 0.6\necho Generating >&2\necho done\n: > {done}\n")
    program.chmod(0o755)
    worker = Worker(lambda tell: commands.run([str(program)]))
    with pytest.raises(Overdue):
        worker.answer(0.2)
    assert not done.exists()
    assert Deadline(5).reached(done.exists, every=0.01)


def test_a_child_that_is_blocked_is_left_and_found_by_its_session(fifo):
    def work(tell):
        try:
            bounded(lambda: os.open(fifo, os.O_WRONLY), 0.1)
        except StillBlocked as blocked:
            return [blocked.process, os.getsid(blocked.process), os.getpgid(blocked.process)]

    worker = Worker(work)
    _process, session, group = worker.answer(5)
    assert (session, group) == (worker.process, worker.process)
    assert worker.is_left()


def test_once_nobody_listens_it_does_not_go_on(tmp_path):
    def work(tell):
        time.sleep(0.2)
        tell("first")
        (tmp_path / "written").touch()

    worker = Worker(work)
    worker._pipe.close()
    os.waitpid(worker.process, 0)
    assert not (tmp_path / "written").exists()


def test_an_answer_that_is_no_json_is_a_fault():
    worker = Worker(lambda tell: {1, 2})
    with pytest.raises(Died, match="(?s)Traceback.*set is not JSON serializable"):
        worker.answer(5)


def test_it_ends_with_whoever_waits_for_it(tmp_path):
    """At once, not at the next thing that it tells: another run may begin."""
    program = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from _sriov.kernel.worker import Worker

worker = Worker(lambda tell: time.sleep(60))
print(worker.process, flush=True)
worker.answer(60)
"""
    arguments = [sys.executable, "-c", program, str(Path(_worker.__file__).parents[2])]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as caller:
        process = caller.stdout.readline().strip()
        caller.kill()
    processes = Processes(Sysfs())
    assert Deadline(5).reached(lambda: processes.status(process) is None or processes.status(process).state == "Z")
