# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of our own: whole or not at all, for root alone, and never believed when they are damaged."""

from __future__ import annotations

import errno
import os
from unittest.mock import Mock

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import MOST, Files, Unreadable

PATH = "/run/kernel-bypass-sriov/journal/0000:01:00.0.json"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "run").mkdir()
    return Files(str(tmp_path))


def test_what_is_written_is_read(files):
    files.write(PATH, {"a": [1, None, "ä"]})
    assert files.read(PATH) == {"a": [1, None, "ä"]}
    assert files.names("/run/kernel-bypass-sriov/journal") == ["0000:01:00.0.json"]


def test_nobody_else_may_read_it(files):
    before = os.umask(0)
    try:
        files.write(PATH, {})
    finally:
        os.umask(before)
    assert os.stat(files.path(PATH)).st_mode & 0o777 == 0o600
    assert os.stat(files.path("/run/kernel-bypass-sriov")).st_mode & 0o777 == 0o700


def test_what_is_not_there_is_not_there(files):
    assert (files.read(PATH), files.names("/run/kernel-bypass-sriov")) == (None, [])
    files.remove(PATH)


def test_a_write_that_fails_leaves_the_file_as_it_was(files, monkeypatch):
    files.write(PATH, {"a": 1})
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "full")))
    with pytest.raises(KernelRefused, match="ENOSPC"):
        files.write(PATH, {"a": 2})
    assert files.read(PATH) == {"a": 1}


def test_what_could_not_be_finished_is_gone(files, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "replace", Mock(side_effect=OSError(28, "full")))
    with pytest.raises(KernelRefused):
        files.write(PATH, {"a": 1})
    assert list((tmp_path / "run/kernel-bypass-sriov/journal").iterdir()) == []


def test_what_a_killed_run_had_not_finished_is_removed(files, tmp_path):
    files.write(PATH, {"a": 1})
    directory = tmp_path / "run/kernel-bypass-sriov/journal"
    (directory / ".0000:01:00.0.json.4711").write_text("{")
    (directory / ".keep").write_text("somebody's")
    files.write("/run/kernel-bypass-sriov/journal/0000:02:00.0.json", {})
    assert sorted(each.name for each in directory.iterdir()) == [".keep", "0000:01:00.0.json", "0000:02:00.0.json"]


def test_the_new_name_is_on_the_disk_as_well(files, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    files.write(PATH, {"a": 1})
    assert flushed[-1] == files.path(os.path.dirname(PATH))


@pytest.mark.parametrize("path", [PATH, "/var/lib/kernel-bypass-sriov/before.json"])
def test_directories_of_the_system_are_not_made(tmp_path, path):
    with pytest.raises(KernelRefused) as error:
        Files(str(tmp_path)).write(path, {})
    system = path.partition("/kernel")[0]
    assert str(error.value) == (
        f"cannot make the directory {system}/kernel-bypass-sriov: {system} is not there, or leads nowhere. Remedy: "
        f"make {system} as other programs expect it: this collection makes none but its own."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EROFS, "let {0} be written to (a tmpfs is enough: what is in it lasts until the boot)"),
        (errno.ENOSPC, "make room there (df {0})"),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "open"])
def test_where_nothing_can_be_written_it_is_told_what_to_do(tmp_path, monkeypatch, call, number, remedy):
    (tmp_path / "var/lib").mkdir(parents=True)
    monkeypatch.setattr(os, call, Mock(side_effect=OSError(number, os.strerror(number))))
    with pytest.raises(KernelRefused) as error:
        Files(str(tmp_path)).write("/var/lib/kernel-bypass-sriov/before.json", {})
    assert (error.value.errno, error.value.remedy) == (number, remedy.format("/var/lib/kernel-bypass-sriov"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_what_may_not_be_read_is_not_to_be_removed(files, monkeypatch, number):
    def refuse(*_words):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    for ask in (files.names, files.read):
        with pytest.raises(Unreadable) as error:
            ask(PATH)
        assert error.value.remedy == "become: true"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is no JSON"),
        (b'{"a":', "it is no JSON"),
        (b"[1]", "it is none that this collection has written"),
        (b"\xff", "it is no JSON"),
        (b'{"a": "' + b"x" * MOST + b'"}', "it is none that this collection has written"),
    ],
)
def test_what_is_damaged_is_refused_with_its_name(files, content, why):
    files.write(PATH, {})
    with open(files.path(PATH), "wb") as file:
        file.write(content)
    with pytest.raises(Unreadable, match=f"cannot read {PATH}: {why}"):
        files.read(PATH)


def test_a_directory_in_its_place_is_refused(files):
    os.makedirs(files.path(PATH))
    with pytest.raises(Unreadable, match="Is a directory"):
        files.read(PATH)


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_directory_that_others_may_write_to_is_not_used(files, mode):
    os.mkdir(files.path("/run/kernel-bypass-sriov"))
    os.chmod(files.path("/run/kernel-bypass-sriov"), mode)
    with pytest.raises(KernelRefused, match="it is no directory that root alone can write to"):
        files.write("/run/kernel-bypass-sriov/before.json", {})


def test_a_link_in_the_place_of_the_directory_is_not_followed(files, tmp_path):
    (tmp_path / "else").mkdir()
    os.symlink(tmp_path / "else", files.path("/run/kernel-bypass-sriov"))
    with pytest.raises(KernelRefused, match="it is no directory that root alone can write to"):
        files.write("/run/kernel-bypass-sriov/before.json", {})


def test_what_outlives_boots_leaves_no_empty_directory(files, tmp_path):
    (tmp_path / "var/lib").mkdir(parents=True)
    for name in ("one", "two"):
        files.write(f"/var/lib/kernel-bypass-sriov/{name}.json", {})
    files.remove("/var/lib/kernel-bypass-sriov/one.json")
    assert files.read("/var/lib/kernel-bypass-sriov/two.json") == {}
    files.remove("/var/lib/kernel-bypass-sriov/two.json")
    assert [path.name for path in (tmp_path / "var/lib").iterdir()] == []
    files.remove("/var/lib/kernel-bypass-sriov/two.json")
