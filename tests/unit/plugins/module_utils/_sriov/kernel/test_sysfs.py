# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads and writes of the kernel's files, with the errno, and with a deadline for those that may block."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs


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
