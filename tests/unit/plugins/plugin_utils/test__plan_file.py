# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of saved plans on the controller."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.plugin_utils._plan_file import PlanFile

TEXT = '{"schema": 1, "desired": {}, "facts": {}, "steps": ["a"]}'
ONE_EACH = "Remedy: give each host a file of its own, as in plan_file: plans/{{ inventory_hostname }}.json."
AGAIN = "Remedy: run it in check mode (--check), and review the plan that this writes."


def refused(act):
    with pytest.raises(SriovError) as told:
        act()
    return str(told.value)


def test_what_is_written_is_read_by_its_host_and_by_root_alone(tmp_path):
    path = tmp_path / "new" / "plan.json"
    PlanFile(str(path), "one").write(TEXT)
    assert json.loads(PlanFile(str(path), "one").read()) == {**json.loads(TEXT), "host": "one"}
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_later_plan_takes_the_place_of_an_earlier_one(tmp_path):
    file = PlanFile(str(tmp_path / "plan"), "one")
    file.write(TEXT.replace('"a"', ""))
    before = (tmp_path / "plan").read_bytes()
    file.check_free()
    file.write(TEXT)
    after = (tmp_path / "plan").read_bytes()
    file.write(TEXT)
    assert before != after == (tmp_path / "plan").read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["plan"]


def test_a_plan_of_another_schema_may_be_overwritten(tmp_path):
    (tmp_path / "plan").write_text('{"schema": 0, "host": "one"}')
    file = PlanFile(str(tmp_path / "plan"), "one")
    file.check_free()
    file.write(TEXT)
    assert file.read()


def test_the_plan_of_another_host_is_neither_read_nor_overwritten(tmp_path):
    path = str(tmp_path / "plan")
    PlanFile(path, "one").write(TEXT)
    before, other = (tmp_path / "plan").read_bytes(), PlanFile(path, "two")
    told = f"plan_file: {path} is the plan of another host: of one. {ONE_EACH}"
    for act in (other.read, other.check_free, lambda: other.write(TEXT)):
        assert refused(act) == told
    assert (tmp_path / "plan").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["plan"]


@pytest.mark.parametrize("content", ["", "all: {hosts: {one: }}", '{"a": 1}', "[]"])
def test_another_file_is_not_overwritten(tmp_path, content):
    path = tmp_path / "hosts.yml"
    path.write_text(content)
    file = PlanFile(str(path), "one")
    told = (
        f"plan_file: {path} is no plan of this collection: it would be overwritten. "
        "Remedy: name another file, or remove it."
    )
    assert refused(file.check_free) == told == refused(lambda: file.write(TEXT))
    assert path.read_text() == content


def test_what_cannot_be_read_or_written_is_told(tmp_path):
    (tmp_path / "file").write_bytes(b"\xff")
    assert refused(PlanFile(str(tmp_path), "one").read) == (
        f"plan_file: cannot read {tmp_path}: Is a directory. Remedy: name another file."
    )
    assert refused(PlanFile(str(tmp_path / "file"), "one").read) == (
        f"plan_file: cannot read {tmp_path}/file: it is no text. Remedy: name another file."
    )
    assert refused(PlanFile(str(tmp_path / "none"), "one").read) == (
        f"plan_file: there is no file {tmp_path}/none. {AGAIN}"
    )
    below = f"{tmp_path}/file/plan"
    assert refused(lambda: PlanFile(below, "one").write(TEXT)).startswith(f"plan_file: cannot write {below} [E")


def test_the_home_of_the_user_may_be_written_shortly(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert PlanFile("~/plan", "one").path == PlanFile("plan", "one").path == str(tmp_path / "plan")
