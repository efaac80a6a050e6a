# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module boot_state: two generations are kept, one can go back, and what is damaged is told or mended."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import boot_state
from ansible_collections.kernel_bypass.sriov.tests.unit.support.installing import (
    INSTALLED,
    OTHER,
    PFS,
    UNIT,
    again,
    current,
    files_of,
    install,
    installed,
    is_whole,
    names,
    start,
    to,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def test_two_generations_are_kept(tmp_path, kernel):
    first = install(kernel)["generation"]
    to(tmp_path, OTHER)
    changed = install(again(tmp_path), OTHER)
    second = changed["generation"]
    assert changed["steps"][-2:] == [
        f"link /{INSTALLED}/previous to generations/{first}",
        f"link /{INSTALLED}/current to generations/{second}",
    ]
    assert (current(tmp_path), current(tmp_path, "previous"), changed["previous"]) == (second, first, first)
    third = install(again(tmp_path), OTHER, boot_timeout=90)
    assert third["steps"][-1] == f"remove /{INSTALLED}/generations/{first} (neither current nor previous)"
    assert names(tmp_path, "generations") == sorted([second, third["generation"]])


def test_back_and_forth_between_two(tmp_path, kernel):
    first = install(kernel)["generation"]
    second = install(again(tmp_path), boot_timeout=90)["generation"]
    third = install(again(tmp_path))
    assert (third["generation"], third["previous"]) == (first, second)
    assert [current(tmp_path), current(tmp_path, "previous")] == [first, second]


def test_rollback(tmp_path, kernel):
    first = install(kernel, boot_timeout=100)["generation"]
    to(tmp_path, OTHER)
    second = install(again(tmp_path), OTHER)["generation"]
    planned = run_module(boot_state, again(tmp_path), check=True, state="rollback")
    result = run_module(boot_state, again(tmp_path), state="rollback")
    assert (result["generation"], result["previous"]) == (first, second)
    assert (current(tmp_path), current(tmp_path, "previous")) == (first, second)
    assert "TimeoutStartSec=115" in (tmp_path / UNIT).read_text()
    assert (planned["steps"], planned["diff"]) == (result["steps"], result["diff"])
    assert [each for each in result["differences"] if "flow rule 2045" in each] and not result["reached"]
    back = run_module(boot_state, again(tmp_path), state="rollback")
    assert (back["generation"], back["reached"]) == (second, True)


@pytest.mark.parametrize("there", [False, True])
def test_no_way_back_where_there_is_none(kernel, there):
    if there:
        install(kernel)
    result = run_module(boot_state, kernel, state="rollback")
    assert result["failed"] and result["msg"].startswith("there is no generation to go back to: ")


def test_no_way_back_to_what_is_damaged(tmp_path, kernel):
    first = install(kernel)["generation"]
    second = install(again(tmp_path), boot_timeout=90)["generation"]
    with open(
        tmp_path / INSTALLED / "generations" / first / "engine/_sriov/at_boot/program.py", "a", encoding="utf-8"
    ) as file:
        file.write("#")
    result = run_module(boot_state, again(tmp_path), state="rollback")
    assert result["msg"] == (
        f"cannot go back to /{INSTALLED}/generations/{first}: it is damaged: its files are not those that were "
        "installed. Remedy: have what is wanted installed by module boot_state with state: present."
    )
    assert current(tmp_path) == second


NO_TEXT = b'{"schema": 1, \xff\xfe'


@pytest.mark.parametrize("state", ["present", "marked", "absent", "rollback"])
def test_a_desired_state_that_is_no_text_blocks_nothing(tmp_path, kernel, state):
    install(kernel)
    install(again(tmp_path), check_interval="1h")
    path = tmp_path / INSTALLED / "current" / "desired.json"
    path.write_bytes(NO_TEXT)
    result = run_module(boot_state, again(tmp_path), state=state, pfs=PFS, check_interval="1h")
    assert not result["failed"], result["msg"]
    said = [text for text in warned(result) if text.startswith("what was desired at boots is not known: cannot read /")]
    assert len(said) == (0 if state == "marked" else 1)
    assert state != "present" or is_whole(tmp_path, current(tmp_path))
    assert state != "absent" or current(tmp_path) is None


@pytest.mark.parametrize("state", ["present", "marked"])
def test_one_that_cannot_be_read_may_be_of_a_later_version(tmp_path, kernel, monkeypatch, state):
    install(kernel)
    path = tmp_path / INSTALLED / "current" / "desired.json"
    path.unlink()
    path.mkdir()
    result = run_module(boot_state, again(tmp_path), state=state, pfs=PFS)
    assert (result["failed"], result["failure"]["kind"]) == (True, "unreadable")


def test_what_is_damaged_is_mended(tmp_path, kernel):
    name = install(kernel)["generation"]
    whole = installed(tmp_path)
    (tmp_path / INSTALLED / "current/engine/_sriov/at_boot/program.py").write_bytes(b"\xff")
    (tmp_path / INSTALLED / "current/engine/_sriov/alone.py").unlink()
    (tmp_path / INSTALLED / "current/engine/more").write_text("")
    result = install(again(tmp_path))
    assert result["steps"] == [
        f"write again /{INSTALLED}/generations/{name} ({len(files_of(tmp_path, name))} files: it is damaged, or is for "
        "another Python)"
    ]
    assert installed(tmp_path) == whole


def test_a_later_version_is_refused_by_name(tmp_path, kernel):
    install(kernel)
    path = tmp_path / INSTALLED / "current" / "desired.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 2}))
    before = installed(tmp_path)
    result = install(again(tmp_path), boot_timeout=90)
    assert result["failed"] and result["msg"] == (
        f"/{INSTALLED}/current/desired.json was written by a later version of this collection: its schema is 2, and "
        "this version knows 1 and earlier. Remedy: use that version, or run module boot_state with state: absent first."
    )
    assert installed(tmp_path) == before
    assert not run_module(boot_state, again(tmp_path), state="absent")["failed"]
