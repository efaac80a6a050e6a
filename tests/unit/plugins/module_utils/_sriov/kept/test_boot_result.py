# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result as a file, and what all PFs together have come to."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    KernelRefused,
    SriovError,
    TookTooLong,
    WouldDestroy,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Several
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.boot_result import (
    EXIT,
    boot_result,
    failure_of,
    last_result,
    outcome_of,
    outcome_of_failure,
    remove_result,
    write_result,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import BOOT_RESULT
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

PF = {"name": "enp1s0", "outcome": "ok", "steps": [], "failure": None, "warnings": []}
RESULT = {
    **{"boot": "one", "verb": "boot", "outcome": "ok", "pfs": {"0000:01:00.0": PF}, "steps": [], "warnings": []},
    **{"failure": None, "uptime": 3.5, "seconds": 1.5, "completed": 1.0, "generation": "a", "collection": "1"},
}


@pytest.fixture
def files(tmp_path):
    return Files(build(tmp_path, {"run": None, "var/lib": None}))


def test_it_is_of_one_boot_and_the_last_is_of_any(files):
    assert (boot_result(files, "one"), last_result(files)) == (None, None)
    write_result(files, RESULT)
    assert boot_result(files, "one") == last_result(files) == {"schema": 1, **RESULT}
    assert boot_result(files, "two") is None
    remove_result(files)
    assert boot_result(files, "one") is None and last_result(files)
    remove_result(files)


@pytest.mark.parametrize(
    "damage",
    [
        {"outcome": None},
        {"pfs": []},
        {"pfs": {"0000:01:00.0": {**PF, "outcome": 1}}},
        {"pfs": {"0000:01:00.0": {}}},
        {"completed": "now"},
        {"steps": "none"},
        {"schema": "2"},
    ],
)
def test_what_is_none_is_not_known(files, damage):
    files.write(BOOT_RESULT, {"schema": 1, **RESULT, **damage})
    with pytest.raises(Unreadable) as unreadable:
        boot_result(files, "one")
    assert str(unreadable.value).startswith(f"cannot read {BOOT_RESULT}: it is not of this version of the collection (")


@pytest.mark.parametrize(
    ("of_pfs", "changed", "outcome", "code"),
    [
        ([], False, "ok", 0),
        (["ok", "ok"], False, "ok", 0),
        (["ok", "changed"], True, "changed", 0),
        (["ok"], True, "changed", 0),
        (["ok", "refused"], False, "partial", 1),
        (["changed", "failed"], True, "partial", 1),
        (["refused", "refused"], False, "refused", 2),
        (["refused", "failed"], True, "failed", 1),
    ],
)
def test_all_together(of_pfs, changed, outcome, code):
    assert outcome_of(of_pfs, changed) == outcome
    assert EXIT[outcome] == code


def after(error, **words):
    for word, value in words.items():
        setattr(error, word, value)
    return error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (WouldDestroy("x"), "refused"),
        (InUse("x", holders=["y"]), "refused"),
        (after(InUse("x"), done=["a step"]), "failed"),
        (after(InUse("x"), begun=True), "failed"),
        (after(InUse("x"), changed=True), "failed"),
        (KernelRefused("x"), "failed"),
        (TookTooLong("x"), "failed"),
        (SriovError("x"), "failed"),
    ],
)
def test_a_refusal_is_what_was_decided_before_the_first_step(error, outcome):
    assert outcome_of_failure(failure_of(error)) == outcome


def test_several_are_told_each():
    several = [WouldDestroy("x"), InUse("y", remedy="z")]
    found = failure_of(Several(several))
    assert found["failures"] == [each.details() for each in several]
    assert found["msg"] == str(Several(several)) and found["kind"] == "would_destroy"
