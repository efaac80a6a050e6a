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
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import bounded as _bounded
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.bounded import StillBlocked, bounded
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs


@pytest.fixture
def fifo(tmp_path):
    """A file whose opening blocks; opened in the end, so that no child stays."""
    path = str(tmp_path / "fifo")
    os.mkfifo(path)
    yield path
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


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


def test_a_write_is_one_write(tmp_path):
    (tmp_path / "file").write_text("")
    Sysfs(str(tmp_path)).write("/file", "4")
    Sysfs(str(tmp_path)).write("file", "5", timeout=5)
    assert (tmp_path / "file").read_text() == "5"


@pytest.mark.parametrize("timeout", [None, 5])
def test_a_refused_write_has_the_kernels_errno(tmp_path, timeout):
    with pytest.raises(KernelRefused) as refused:
        Sysfs(str(tmp_path)).write("/no/such", "4\n", timeout)
    assert str(refused.value) == "the kernel refused '4' for /no/such [ENOENT: No such file or directory]."


def test_a_write_that_blocks_is_given_up(fifo):
    with pytest.raises(TookTooLong) as refused:
        Sysfs(os.path.dirname(fifo)).write("/fifo", "0", timeout=0.2)
    assert str(refused.value) == (
        "writing '0' to /fifo did not end in 0.2 s: the kernel is still at it; it may end later. Remedy: see dmesg "
        "for the driver's messages; a VF held open through vfio must be released first."
    )


def test_a_read_that_blocks_is_given_up(fifo):
    with pytest.raises(TookTooLong) as refused:
        Sysfs(os.path.dirname(fifo)).read_blocking(["/fifo"], 0.2)
    assert str(refused.value) == (
        "/fifo could not be read in 0.2 s: the kernel holds the device lock: another change of it has not ended. "
        "Remedy: find the process that blocks (dmesg names a vfio user after 10 s) and end it."
    )


def test_nothing_is_a_value_too(tmp_path):
    assert Sysfs(str(tmp_path)).read_blocking(["/no/such"], 5) == [None]


def test_reads_of_what_is_not_there_give_nothing(tmp_path):
    (tmp_path / "text").write_text("abc\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "hard").symlink_to("../x/0000:01:00.0")
    sysfs = Sysfs(str(tmp_path))
    assert (sysfs.read("/text"), sysfs.read("/none"), sysfs.read("/")) == ("abc", None, None)
    assert (sysfs.read_int("/text"), sysfs.read_int("/empty"), sysfs.read_int("/none")) == (None, None, None)
    assert (sysfs.read_bytes("/text", 2), sysfs.read_bytes("/none", 2)) == (b"ab", b"")
    assert (sysfs.link_name("/hard"), sysfs.link_target("/hard")) == ("0000:01:00.0", "../x/0000:01:00.0")
    assert (sysfs.link_name("/text"), sysfs.inode("/none"), sysfs.status("/none")) == (None, None, None)
    assert (sysfs.names("/"), sysfs.names("/none")) == (["empty", "hard", "text"], [])
    assert sysfs.exists("/text") and not sysfs.exists("/none")
