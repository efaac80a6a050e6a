# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration files: whole or as they were, and what cannot be read is not absent."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.etc import Etc, UnreadableFile

UNIT = "/etc/systemd/system/x.service"


@pytest.fixture
def etc(tmp_path):
    return Etc(str(tmp_path))


def test_what_is_written_is_read_and_directories_are_made(etc, tmp_path):
    etc.write(UNIT, "a\n")
    assert etc.read(UNIT) == "a\n"
    assert etc.mode(UNIT) == 0o644
    assert os.listdir(tmp_path / "etc/systemd/system") == ["x.service"]


def test_a_link_is_replaced_and_not_followed(etc, tmp_path):
    etc.write("/etc/other", "theirs")
    os.makedirs(tmp_path / "etc/systemd/system")
    os.symlink("../../other", tmp_path / UNIT.lstrip("/"))
    etc.write(UNIT, "ours")
    assert (etc.read("/etc/other"), etc.read(UNIT), etc.link(UNIT)) == ("theirs", "ours", None)


def test_a_link_is_switched(etc):
    etc.write_link("/usr/local/lib/x/current", "1")
    etc.write_link("/usr/local/lib/x/current", "2")
    assert etc.link("/usr/local/lib/x/current") == "2"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (5 << 20)], ids=["no text", "too long"])
def test_what_cannot_be_understood_is_not_absent(etc, tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UnreadableFile, match="cannot read /file"):
        etc.read("/file")


def test_a_directory_in_its_place_is_not_absent(etc, tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(UnreadableFile, match="Is a directory"):
        etc.read("/file")
    with pytest.raises(KernelRefused, match="cannot write /file"):
        etc.write("/file", "x")
    assert os.listdir(tmp_path) == ["file"]


def test_what_is_not_there(etc):
    assert (etc.read("/no/such"), etc.link("/no/such"), etc.mode("/no/such"), etc.names("/no/such")) == (
        None,
        None,
        None,
        [],
    )
    etc.remove("/no/such")


def test_left_by_a_run_that_was_killed(etc, tmp_path):
    (tmp_path / ".file.new").write_text("half")
    etc.write("/file", "whole", 0o600)
    assert (os.listdir(tmp_path), etc.mode("/file")) == (["file"], 0o600)


def test_directories_that_are_missing_are_for_everybody_to_read(tmp_path):
    """systemd-networkd runs as a user of its own."""
    previous = os.umask(0o077)
    try:
        Etc(str(tmp_path)).write("/etc/systemd/network/05-x.network", "x")
    finally:
        os.umask(previous)
    folders = [tmp_path / path for path in ("etc", "etc/systemd", "etc/systemd/network")]
    assert {os.stat(path).st_mode & 0o777 for path in folders} == {0o755}


@pytest.mark.parametrize("directory", ["/etc/kernel-bypass-sriov", "/var/lib/kernel-bypass-sriov"])
def test_a_directory_of_ours_goes_with_its_last_file_and_no_other(etc, tmp_path, directory):
    for path in (f"{directory}/one", f"{directory}/two", "/etc/tmpfiles.d/one"):
        etc.write(path, "x")
    etc.remove(f"{directory}/one")
    assert (tmp_path / directory.lstrip("/") / "two").exists()
    etc.remove(f"{directory}/two")
    etc.remove("/etc/tmpfiles.d/one")
    assert not (tmp_path / directory.lstrip("/")).exists() and (tmp_path / "etc/tmpfiles.d").is_dir()
