# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal and the record: what is written is read, of this boot, and nothing else is believed."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.records import Records
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.units import StoppedUnits
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import flow_rule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Record, Taken
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Rings
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

PF = "0000:01:00.0"
RULE = flow_rule("tcp4", {"dst_ip": (0xC0000201, 0xFFFFFFFF), "vlan": (5, 0xFFF)}, 1 << 32, 3)
VF = KeptVf(0, {"driver": "vfio-pci", "mac": "02:00:00:00:00:01", "trust": True, "group": 7, "mode": 0o660})
TAKEN = Taken(
    PF,
    "02:00:00:00:01:00",
    (RULE,),
    (0, 1, 0),
    (VF, KeptVf(1, {"driver": "igbvf", "mtu": 1400, "up": True})),
    ("a step",),
)
RECORD = Record(PF, "02:00:00:00:01:00", 2, True, 4, False, (1, 0), (RULE,), ("02:00:00:00:00:01", None))


@pytest.fixture
def files(tmp_path):
    return Files(build(tmp_path, {"run": None, "var/lib": None, "proc/sys/kernel/random/boot_id": "b1"}))


def test_what_is_written_is_read(files):
    assert Journal(files).read(PF) is None
    Journal(files).write(TAKEN)
    Records(files).write({PF: RECORD})
    assert Journal(files).read(PF) == TAKEN
    assert Records(files).read() == {PF: RECORD}


def test_a_record_with_all_that_runs_note_is_read(files):
    noted = RECORD._replace(vfs=(VF,), up=False, rings=Rings(512, 256), hash=Hash("00:01", None, {"udp4": 48}))
    noted = noted._replace(ours=(RULE,))
    Records(files).write({PF: noted})
    assert Records(files).read() == {PF: noted}


def test_a_record_of_an_earlier_version_is_read(files):
    Records(files).write({PF: RECORD})
    path = "/var/lib/kernel-bypass-sriov/before.json"
    value = files.read(path)
    for word in ("vfs", "up", "rings", "hash", "ours"):
        del value["pfs"][PF][word]
    files.write(path, value)
    assert Records(files).read() == {PF: RECORD}


def test_without_records_there_is_no_file(files):
    Records(files).write({PF: RECORD})
    Records(files).write({})
    assert files.read("/var/lib/kernel-bypass-sriov/before.json") is None


def test_it_is_gone_once_it_is_removed(files):
    Journal(files).write(TAKEN)
    Journal(files).remove(PF)
    assert Journal(files).read(PF) is None
    assert Records(files).read() == {}


def test_what_another_boot_has_lost_is_gone(files, tmp_path):
    Journal(files).write(TAKEN)
    build(tmp_path, {"proc/sys/kernel/random/boot_id": "b2"})
    assert Journal(files).read(PF) is None


@pytest.mark.parametrize("damage", [{"taken": 3}, {"taken": {"pf": PF}}, {"schema": "2"}, {"schema": None}])
def test_a_journal_of_another_kind_is_refused_with_its_name(files, damage):
    Journal(files).write(TAKEN)
    path = f"/run/kernel-bypass-sriov/journal/{PF}.json"
    files.write(path, {**files.read(path), **damage})
    with pytest.raises(Unreadable, match=f"cannot read {path}: it is not of this version of the collection"):
        Journal(files).read(PF)


@pytest.mark.parametrize("damage", [{"pfs": 3}, {"pfs": {PF: {}}}, {"schema": "2"}])
def test_a_record_of_another_kind_is_refused_with_its_name(files, damage):
    Records(files).write({PF: RECORD})
    path = "/var/lib/kernel-bypass-sriov/before.json"
    files.write(path, {**files.read(path), **damage})
    with pytest.raises(Unreadable, match=f"cannot read {path}: it is not of this version of the collection"):
        Records(files).read()


def test_people_can_read_it(files):
    Journal(files).write(TAKEN)
    with open(files.path(f"/run/kernel-bypass-sriov/journal/{PF}.json"), encoding="utf-8") as file:
        taken = json.load(file)["taken"]
    assert taken["vfs"][1] == {"vf": 1, "said": {"driver": "igbvf", "mtu": 1400, "up": True}}
    assert taken["rules"][0]["flow_type"] == "tcp4"


def test_what_cannot_be_told_of_this_boot_is_not_believed(files, tmp_path):
    Journal(files).write(TAKEN)
    StoppedUnits(files).write(["app.service"])
    assert StoppedUnits(files).read() == ("app.service",)
    (tmp_path / "proc/sys/kernel/random/boot_id").unlink()
    for read in (lambda: Journal(files).read(PF), StoppedUnits(files).read, lambda: Journal(files).write(TAKEN)):
        with pytest.raises(Unreadable, match="cannot read /proc/sys/kernel/random/boot_id: .*how /proc is mounted"):
            read()


@pytest.mark.parametrize("damage", [{"units": 3}, {"schema": "2"}, {"schema": None}])
def test_units_of_another_kind_are_refused_with_their_file(files, damage):
    StoppedUnits(files).write(["app.service"])
    path = "/run/kernel-bypass-sriov/units.json"
    files.write(path, {**files.read(path), **damage})
    with pytest.raises(
        Unreadable, match=f"cannot read {path}: it is not of this version.*units that are to be started"
    ):
        StoppedUnits(files).read()
