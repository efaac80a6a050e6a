# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run a host at a time, for real: two processes and a lock between them."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse, KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.lock import Lock
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bounded import StillBlocked, bounded
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs

HOLD = """
import fcntl, os, sys, time
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.write(descriptor, b"%-19d\\n" % os.getpid())
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path):
    (tmp_path / "run").mkdir()
    return Lock(Files(str(tmp_path)), Processes(Sysfs()))


@pytest.fixture
def other(lock, tmp_path):
    """A process that has the lock until its input ends."""
    with lock.held(1):
        pass
    path = tmp_path / "run/kernel-bypass-sriov/lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_nobody_has_it_before_and_after(lock):
    assert lock.holder() is None
    with lock.held(1):
        assert lock.holder().startswith(f"process {os.getpid()} (")
    assert lock.holder() is None


def test_whoever_has_it_is_named(lock, other):
    begin = time.monotonic()
    with pytest.raises(InUse) as refused, lock.held(0.3):
        pass
    assert 0.3 <= time.monotonic() - begin < 2
    assert str(refused.value).startswith(f"another run of this collection changes this host: process {other.pid} (")
    assert refused.value.why.endswith("has /run/kernel-bypass-sriov/lock; waited 0.3 s")
    assert lock.holder().startswith(f"process {other.pid} (")


def test_it_is_waited_for(lock, other):
    other.kill()
    with lock.held(5):
        assert lock.holder().startswith(f"process {os.getpid()} (")


def test_a_child_that_is_stuck_does_not_keep_it(lock, fifo):
    with lock.held(1), pytest.raises(StillBlocked):
        bounded(lambda: os.open(fifo, os.O_WRONLY), 0.1)
    with lock.held(0.1):
        pass


def test_who_only_looks_does_not_take_it(lock, other, tmp_path, monkeypatch):
    """A writer at the end of its time would not get it, and would name the one before."""
    asked = []
    monkeypatch.setattr(fcntl, "flock", lambda *words: asked.append(words))
    assert lock.holder().startswith(f"process {other.pid} (")
    other.kill()
    other.wait()
    assert (lock.holder(), asked) == (None, [])


def test_a_name_that_was_left_is_not_told_while_nobody_has_it(lock):
    with lock.held(1):
        pass
    assert lock.holder() is None


def test_a_name_takes_the_place_of_a_longer_one_and_no_room(lock, tmp_path):
    with lock.held(1):
        pass
    file = tmp_path / "run/kernel-bypass-sriov/lock"
    file.write_text("4194304".ljust(19) + "\n")
    before = (file.stat().st_size, file.stat().st_blocks)
    with lock.held(1):
        assert lock.holder().startswith(f"process {os.getpid()} (")
    assert (file.stat().st_size, file.stat().st_blocks) == before


def test_a_full_disk_is_told(lock, monkeypatch):
    def refuse(*_words):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", refuse)
    with pytest.raises(KernelRefused) as refused, lock.held(1):
        pass
    assert str(refused.value) == (
        "cannot write /run/kernel-bypass-sriov/lock [ENOSPC: No space left on device]. Remedy: make room there (df "
        "/run/kernel-bypass-sriov)."
    )
    monkeypatch.undo()
    with lock.held(0.1):
        pass
