# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every file that is kept with a schema: an older one is read, a later one is refused by its version."""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept import boot_result
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.due import Due
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.envelope import SCHEMA
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.pending import Pending, Waiting
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.records import Records
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.units import StoppedUnits
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import paths
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import Record, Taken
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

PF = "0000:01:00.0"
RESULT = {
    **{"boot": "one", "verb": "boot", "outcome": "ok", "generation": "a", "collection": "1.2.3", "uptime": 1.0},
    **{"seconds": 1.0, "completed": 1.0, "steps": [], "warnings": [], "failure": None, "pfs": {}},
}
FILES = {
    paths.RECORD: (
        lambda files: Records(files).write({PF: Record(PF, None, 2, True)}),
        lambda files: Records(files).read(),
    ),
    f"{paths.JOURNALS}/{PF}.json": (
        lambda files: Journal(files).write(Taken(PF, steps=("a step",))),
        lambda files: Journal(files).all(),
    ),
    paths.STOPPED_UNITS: (
        lambda files: StoppedUnits(files).write(["a.service"]),
        lambda files: StoppedUnits(files).read(),
    ),
    paths.PENDING: (
        lambda files: Pending(files).write(Waiting("name", time.monotonic() + 60, 120.0, Desired())),
        lambda files: Pending(files).read(),
    ),
    paths.WENT_BACK: (
        lambda files: Pending(files).note_way_back(["x"]),
        lambda files: Pending(files).way_back(),
    ),
    paths.BOOT_DUE: (lambda files: Due(files).write(["units"]), lambda files: Due(files).read()),
    paths.BOOT_RESULT: (
        lambda files: boot_result.write_result(files, RESULT),
        lambda files: boot_result.boot_result(files, "one"),
    ),
    paths.LAST_RESULT: (lambda files: boot_result.write_result(files, RESULT), boot_result.last_result),
}
each_file = pytest.mark.parametrize(("path", "write", "read"), [(path, *both) for path, both in FILES.items()])


@pytest.fixture
def files(tmp_path):
    return Files(build(tmp_path, {"run": None, "var/lib": None, "proc/sys/kernel/random/boot_id": "one"}))


def of_schema(files, path, schema):
    files.write(path, {**files.read(path), "schema": schema})


@each_file
def test_an_older_one_is_read(files, path, write, read):
    write(files)
    now = read(files)
    assert now
    of_schema(files, path, SCHEMA - 1)
    older = read(files)
    assert (older if not isinstance(older, dict) or "schema" not in older else {**older, "schema": SCHEMA}) == now


@each_file
def test_a_later_one_is_refused_by_its_version(files, path, write, read):
    write(files)
    of_schema(files, path, SCHEMA + 1)
    with pytest.raises(Unreadable) as refused:
        read(files)
    assert str(refused.value).startswith(
        f"cannot read {path}: it was written by a later version of this collection: its schema is {SCHEMA + 1}, and "
        f"this version knows {SCHEMA} and earlier. Remedy: use that version, or: "
    )


@each_file
@pytest.mark.parametrize("schema", [None, "1", True, [1]])
def test_one_without_a_number_is_not_understood(files, path, write, read, schema):
    write(files)
    of_schema(files, path, schema)
    with pytest.raises(Unreadable, match="it is not of this version of the collection"):
        read(files)
