# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files with settings: which of them count, and that none is lost in silence."""

from __future__ import annotations

import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.config_files import (
    LARGEST,
    MOST,
    ConfigFiles,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.owners import Place
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link, build

FOLDERS = ("/etc/a", "/usr/lib/a")


def texts(root, files, pattern="*.conf"):
    found = ConfigFiles(build(root, files)).at(Place(FOLDERS, pattern))
    return {file.path: file.why or ("masks" if file.masks else file.text) for file in found}


X, Y = "/etc/a/x.conf", "/usr/lib/a/y.conf"
CASES = {
    "two": ({"etc/a/x.conf": b"1", "usr/lib/a/y.conf": b"2"}, {X: "1", Y: "2"}),
    "the first counts": ({"etc/a/x.conf": b"1", "usr/lib/a/x.conf": b"2"}, {X: "1"}),
    "a mask": ({"etc/a/x.conf": Link("/dev/null"), "usr/lib/a/x.conf": b"2"}, {X: "masks"}),
    "a link from the root": ({"etc/a/x.conf": Link("/opt/x"), "opt/x": b"1"}, {X: "1"}),
    "a link": ({"etc/a/x.conf": Link("../x"), "etc/x": b"1"}, {X: "1"}),
    "a folder that is a link": ({"etc/a": Link("../opt/a"), "opt/a/x.conf": b"1"}, {X: "1"}),
    "a link to nothing": ({"etc/a/x.conf": Link("gone")}, {}),
    "a directory": ({"etc/a/x.conf": DIRECTORY}, {}),
    "hidden, and copies": ({"etc/a/.x.conf": b"1", "etc/a/x.conf~": b"1"}, {}),
    "no folder": ({"etc/a": b"1"}, {}),
    "no text": ({"etc/a/x.conf": b"\xff"}, {X: "\ufffd"}),
}


@pytest.mark.parametrize(("files", "found"), CASES.values(), ids=CASES)
def test_which_count(tmp_path, files, found):
    assert texts(tmp_path, files) == found


def test_a_level_deeper(tmp_path):
    files = {"etc/a/x.d/1.conf": b"1", "usr/lib/a/x.d/1.conf": b"2", "usr/lib/a/y.d/1.conf": b"3", "etc/a/z.d": b""}
    assert texts(tmp_path, files, "*.d/*.conf") == {"/etc/a/x.d/1.conf": "1", "/usr/lib/a/y.d/1.conf": "3"}


def test_by_a_whole_name(tmp_path):
    assert texts(tmp_path, {"usr/lib/a/x": b"2", "etc/a/y": b"1"}, "x") == {"/usr/lib/a/x": "2"}


def test_a_pipe_is_not_waited_for(tmp_path):
    os.makedirs(tmp_path / "etc/a")
    os.mkfifo(tmp_path / "etc/a/x.conf")
    assert texts(tmp_path, {}) == {}


def test_limits_are_told(tmp_path):
    many = {f"etc/a/{number:04}.conf": b"" for number in range(MOST + 1)}
    found = texts(tmp_path, {**many, "usr/lib/a/x.conf": b"x" * (LARGEST + 1)})
    assert len(found) == MOST + 2
    assert found["/etc/a"] == "has more than 1000 files, which are not all looked at"
    assert found["/usr/lib/a/x.conf"] == "has more than 1 MiB, and was not read"


def test_a_circle_of_links_is_told(tmp_path):
    why = "could not be read [ELOOP: Too many levels of symbolic links]"
    assert texts(tmp_path, {"etc/a/x.conf": Link("x.conf")}) == {"/etc/a/x.conf": why}
    assert texts(tmp_path, {"usr/lib/a": Link("a")}) == {"/etc/a/x.conf": why, "/usr/lib/a": why}
