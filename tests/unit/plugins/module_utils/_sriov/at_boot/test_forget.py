# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal is printed, then dropped."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.records import Records
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Record, Taken
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.support.booting import ONE, OURS, run, start, wish

TAKEN = Taken(ONE.address, ONE.mac, vfs=(KeptVf(0, {"trust": True}),), steps=("a step",))
PATH = f"/{OURS}/journal/{ONE.address}.json"


@pytest.mark.parametrize("name", ["enp1s0", ONE.address, "01:00.0"])
def test_it_is_printed_whole_and_the_record_stays(tmp_path, capfd, name):
    kernel = start(tmp_path, wish())
    files = Files(kernel.root)
    Journal(files).write(TAKEN)
    Records(files).write({ONE.address: Record(ONE.address, ONE.mac, 0, True)})
    assert run(kernel, "forget", name)[0] == 0
    text, _newline, last = capfd.readouterr().out.rstrip("\n").rpartition("\n")
    assert json.loads(text)["taken"]["vfs"] == [{"vf": 0, "said": {"trust": True}}]
    assert last == f"dropped: {PATH}"
    assert Journal(files).read(ONE.address) is None
    assert Records(files).read()

    assert run(kernel, "forget", name)[0] == 0
    assert capfd.readouterr().out == f"no run owes {ONE.address} anything: {PATH} is not there\n"


def test_a_damaged_one_too(tmp_path, capfd):
    kernel = start(tmp_path, wish())
    build(tmp_path, {PATH[1:]: "{damaged"})
    assert run(kernel, "forget", "enp1s0")[0] == 0
    assert capfd.readouterr().out == f"{{damaged\ndropped: {PATH}\n"
    assert not (tmp_path / PATH[1:]).exists()


def test_one_that_cannot_be_read_stays(tmp_path, capfd):
    """What it says is not known to anybody yet."""
    kernel = start(tmp_path, wish())
    build(tmp_path, {PATH[1:]: b"\xff\xfe"})
    assert run(kernel, "forget", "enp1s0")[0] == 1
    assert capfd.readouterr().out.startswith(f"cannot read {PATH}: it is no text")
    assert (tmp_path / PATH[1:]).exists()


def test_of_a_card_that_is_gone(tmp_path, capfd):
    kernel = start(tmp_path, wish())
    Journal(Files(kernel.root)).write(TAKEN._replace(pf="0000:09:00.0"))
    assert run(kernel, "forget", "0000:09:00.0")[0] == 0
    assert capfd.readouterr().out.endswith("dropped: /run/kernel-bypass-sriov/journal/0000:09:00.0.json\n")


@pytest.mark.parametrize("name", ["enp9s0", "lo", "../../etc/passwd", ""])
def test_what_is_no_pf(tmp_path, capfd, name):
    kernel = start(tmp_path, wish())
    assert run(kernel, "forget", name)[0] == 2
    assert capfd.readouterr().out.startswith(f"no PF is called {name!r}: ")
