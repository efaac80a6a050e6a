# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that waits for its confirmation, as a file."""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files, Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.pending import Pending, Waiting
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build

BOOT = "proc/sys/kernel/random/boot_id"
PENDING = "/run/kernel-bypass-sriov/confirm/pending.json"


@pytest.fixture
def files(tmp_path):
    return Files(build(tmp_path, {"run": None, BOOT: "one"}))


def waiting(left=60.0):
    return Waiting("name", time.monotonic() + left, 120.0, Desired())


def test_it_comes_back_as_it_was(files):
    pending, one = Pending(files), waiting()
    pending.write(one)
    assert pending.read() == one


def test_it_is_of_one_boot(files, tmp_path):
    Pending(files).write(waiting())
    Pending(files).note_way_back([])
    build(tmp_path, {BOOT: "two"})
    assert (Pending(files).read(), Pending(files).way_back()) == (None, [])
    Pending(files).check_none()


def test_one_whose_time_is_over_is_in_the_way_too(files):
    Pending(files).write(waiting(-5.2))
    with pytest.raises(InUse) as refused:
        Pending(files).check_none()
    assert refused.value.why == (
        "the host should have gone back to the state before it 5 s ago (kernel-bypass-sriov-confirm.service)"
    )


def test_what_cannot_be_understood_is_refused(files):
    files.write(PENDING, {"boot": "one", "schema": None})
    with pytest.raises(Unreadable) as refused:
        Pending(files).check_none()
    assert str(refused.value) == (
        f"cannot read {PENDING}: it is not of this version of the collection (its schema is None). "
        "Remedy: stop kernel-bypass-sriov-confirm.timer, and remove /run/kernel-bypass-sriov/confirm."
    )


def test_claimed_it_can_no_longer_be_confirmed_and_is_in_nobody_s_way(files):
    Pending(files).write(waiting())
    Pending(files).claim()
    assert Pending(files).read() is None
    Pending(files).check_none()
    assert files.names("/run/kernel-bypass-sriov/confirm") == ["going-back.json"]


def test_what_was_missed_on_the_way_back_is_told(files):
    Pending(files).note_way_back(["This.", "That."])
    assert Pending(files).way_back() == [
        "an earlier run was not confirmed, and the host went back to the state before it, but for: This. That."
    ]
    Pending(files).forget_way_back()
    assert Pending(files).way_back() == []
