# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bounded(), for real: a child process, a deadline, and what it leaves behind."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import bounded as _bounded
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bounded import (
    StillBlocked,
    bounded,
    bounded_series,
)


@pytest.mark.parametrize("value", [None, 3, "text", ["a", {"b": None}], "x" * 200_000])
def test_the_value_comes_back(value):
    assert bounded(lambda: value, 5) == value


def test_it_runs_in_another_process_which_is_gone_afterwards():
    child = bounded(os.getpid, 5)
    assert child != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)  # not even a zombie answers


def test_an_errno_comes_back():
    def refuse():
        raise OSError(errno.EBUSY, "busy")

    with pytest.raises(OSError) as refused:
        bounded(refuse, 5)
    assert (refused.value.errno, refused.value.strerror) == (errno.EBUSY, os.strerror(errno.EBUSY))


def test_a_child_that_dies_is_an_input_output_error():
    with pytest.raises(OSError) as refused:
        bounded(lambda: os.kill(os.getpid(), 9), 5)
    assert refused.value.errno == errno.EIO


def test_a_refused_action_leaves_no_zombie_either():
    answers = bounded_series([os.getpid, lambda: os.rmdir("/proc")], 5)
    child = next(answers)
    with pytest.raises(OSError):
        next(answers)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_what_blocks_is_left_behind(fifo):
    start = time.monotonic()
    with pytest.raises(StillBlocked):
        bounded(lambda: os.open(fifo, os.O_WRONLY), 0.2)
    assert time.monotonic() - start < 2


def test_the_child_keeps_no_standard_stream_of_ours():
    streams = bounded(lambda: [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)], 5)
    assert streams == [os.devnull] * 3
    assert bounded(lambda: os.getsid(0) == os.getpid(), 5)


def test_whoever_waits_for_our_output_does_not_wait_for_a_blocked_child(fifo):
    """As sshd does: it ends the session when nobody holds the pipes any more."""
    program = """
import os, sys
sys.path.insert(0, sys.argv[1])
from _sriov.kernel.bounded import StillBlocked, bounded
try:
    bounded(lambda: os.open(sys.argv[2], os.O_WRONLY), 0.1)
except StillBlocked:
    print("left behind")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(Path(_bounded.__file__).parents[2]), fifo],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("left behind\n", "")


def test_a_caller_that_is_killed_takes_what_was_not_begun_along(tmp_path, fifo):
    """The child goes on with what blocks, and finds nobody to tell it: the next write never begins."""
    program = """
import os, sys
sys.path.insert(0, sys.argv[1])
from _sriov.kernel.bounded import bounded_series

def write(text):
    with open(sys.argv[3], "a") as file:
        file.write(f"{text}\\n")

def block():
    os.close(os.open(sys.argv[2], os.O_WRONLY))

for _done in bounded_series([lambda: write(os.getpid()), block, lambda: write("the next")], 60):
    print("one is done", flush=True)
"""
    written = tmp_path / "written"
    arguments = [sys.executable, "-c", program, str(Path(_bounded.__file__).parents[2]), fifo, str(written)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout.readline() == "one is done\n"
        child = int(written.read_text())
        caller.kill()
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    end = time.monotonic() + 20
    while _runs(child) and time.monotonic() < end:
        time.sleep(0.05)
    os.close(reader)
    assert not _runs(child)
    assert written.read_text() == f"{child}\n"


def _runs(process):
    """Not so a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_series_shares_its_time():
    """Not each has all of it."""
    answers = bounded_series([lambda: time.sleep(0.3)] * 10, 0.8)
    start = time.monotonic()
    with pytest.raises(StillBlocked):
        list(answers)
    assert 0.7 < time.monotonic() - start < 2


@pytest.mark.parametrize("call", ["fork", "pipe"])
@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_that_no_process_can_be_made_is_told_as_that(monkeypatch, call, number):
    def refused():
        raise OSError(number, os.strerror(number))

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, call, refused)
    with pytest.raises(KernelRefused) as error:
        bounded(lambda: None, 1.0)
    assert str(error.value) == (
        f"no process could be started: what may block is done in one of its own [{errno.errorcode[number]}: "
        f"{os.strerror(number)}]. Remedy: look for what takes up the processes (ulimit -u, pids.max) or the memory of "
        "this host."
    )
    assert len(os.listdir("/proc/self/fd")) == before
