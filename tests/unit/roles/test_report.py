# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook report, on simulated hosts: one file, and nothing in it tells whose they are."""

from __future__ import annotations

import json
import re
import stat

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

LOOK, WRITE, SAY = "Look at all NICs", "Write the report", "Say where it is"
NAMES = ("packet1.example.com", "packet2.example.com")
AWAY = {"ansible_connection": "ssh", "ansible_host": "203.0.113.9", "ansible_ssh_executable": "/bin/false"}


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path)
    return tmp_path


def play(installed, *arguments, **more):
    hosts = {name: {**playbooks.STAND_IN_HOST, "ansible_host": "203.0.113.7"} for name in NAMES}
    hosts.update({name: {**playbooks.STAND_IN_HOST, **given} for name, given in more.items()})
    file = installed / "hosts.yml"
    file.write_text(json.dumps({"sriov": {"hosts": hosts}}))
    ended = playbooks.run(installed, "playbook", "-i", str(file), "kernel_bypass.sriov.report", *arguments)
    return ended


def written(installed, name="sriov-report.json"):
    return (installed / name).read_text()


def test_it_has_what_each_host_tells_and_says_where(installed):
    ended = play(installed)
    assert ended.code == 0, ended.output
    report = json.loads(written(installed))
    assert [each["host"] for each in report["hosts"]] == ["<host-1>", "<host-2>"]
    told = ended.of(LOOK)[NAMES[0]]
    for each in report["hosts"]:
        assert [pf["driver"] for pf in each["info"]["pfs"]] == [pf["driver"] for pf in told["pfs"]] != []
        assert [pf["pci_address"] for pf in each["info"]["pfs"]] == [pf["pci_address"] for pf in told["pfs"]]
        assert each["info"]["host"] == told["host"]
    path = installed / "sriov-report.json"
    assert ended.of(SAY)[NAMES[0]]["msg"] == f"{path}: 2 hosts. Read it before you send it."
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_address_and_no_name_is_in_it(installed):
    ended = play(installed)
    told = json.dumps(ended.of(LOOK)[NAMES[0]])
    macs = {mac for mac in re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", told) if int(mac.replace(":", ""), 16)}
    assert macs, "the simulated host has no address to hide"
    report = written(installed)
    assert not [each for each in (*macs, *NAMES, "packet1", "example.com", "203.0.113.7") if each in report]


def test_a_host_that_is_away_is_told_and_the_others_are_in_it(installed):
    ended = play(installed, "--limit", f"{NAMES[0]},away", away=AWAY)
    path = installed / "sriov-report.json"
    assert ended.code == 2, ended.output
    assert f"{path} is without what these hosts should have told: away" in ended.output
    first, second = json.loads(written(installed))["hosts"]
    assert "pfs" in first["info"] and second["info"]["unreachable"] is True
    assert "203.0.113.9" not in written(installed)


def test_why_a_host_could_not_tell_is_in_it(tmp_path):
    playbooks.install(tmp_path, {"info": {"failed": True, "msg": "packet1: no Python at 203.0.113.7"}})
    ended = play(tmp_path)
    assert ended.code == 2, ended.output
    assert f"is without what these hosts should have told: {', '.join(NAMES)}" in ended.output
    told = [each["info"]["msg"] for each in json.loads(written(tmp_path))["hosts"]]
    assert told == ["<host-1>: no Python at <ip-1>"] * 2


def test_where_it_is_and_what_else_is_hidden_can_be_said(installed):
    name = str(installed / "told.json")
    ended = play(installed, "-e", json.dumps({"report_file": name, "report_hide": ["ixgbe"]}))
    assert ended.code == 0 and not (installed / "sriov-report.json").exists()
    assert '"ixgbe"' not in written(installed, "told.json")


def test_a_misspelt_variable_is_refused_before_a_host_is_asked(installed):
    ended = play(installed, "-e", json.dumps({"report_hidden": ["acme"]}))
    assert ended.code != 0 and ended.visits == [] and not (installed / "sriov-report.json").exists()
    assert "report_hidden: unknown; this playbook has report_file and report_hide" in ended.output
