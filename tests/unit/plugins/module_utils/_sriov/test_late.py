# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services that a run had stopped when it was ended."""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Files
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.units import StoppedUnits
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.late import start_stopped
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import build
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.units import service

APP, OTHER = "dpdk-app.service", "other.service"


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, {**hosts.host(), **service(APP, 4711, "dpdk-app", [])})


def started(kernel, *noted):
    """What is said of a run that was ended, and which units are noted after it."""
    units, failure = StoppedUnits(Files(kernel.root)), TookTooLong("the run did not end", why="it was at: a step")
    failure.changed = False
    units.write(noted)
    start_stopped(kernel, failure)
    return failure, units.read()


def test_nothing_is_said_where_none_was_stopped(kernel):
    failure, noted = started(kernel)
    assert (failure.done, failure.lost, failure.changed, failure.why, noted) == ([], [], False, "it was at: a step", ())


def test_one_that_it_had_not_stopped_yet_is_left(kernel):
    failure, noted = started(kernel, APP)
    assert (failure.done, failure.lost, failure.changed, noted) == ([], [], False, ())


def test_one_that_does_not_come_up_is_still_owed(kernel):
    build(kernel.root, service(OTHER, 9, "other", [], fails=True))
    kernel.units.stop(APP)
    kernel.units.stop(OTHER)
    failure, noted = started(kernel, APP, OTHER)
    assert failure.why == (f"it was at: a step; {OTHER} is not started again: it was asked to, and is not up yet")
    assert (failure.done, failure.lost) == ([f"start unit {APP} again"], [f"systemctl start {OTHER}"])
    assert (failure.changed, noted) == (True, (OTHER,))


def test_systemd_that_does_not_answer_is_not_waited_for(kernel):
    kernel.units.now = lambda _unit: time.sleep(60)
    begun = time.monotonic()
    failure, noted = started(kernel, APP)
    assert time.monotonic() - begun < 2
    assert (failure.lost, noted) == ([f"systemctl start {APP}"], (APP,))
    assert failure.why == f"it was at: a step; {APP} is not started again: systemd did not answer in 0.75 s"


def test_a_note_that_cannot_be_read_is_told(kernel):
    build(kernel.root, {"run/kernel-bypass-sriov/units.json": "no JSON"})
    failure = TookTooLong("the run did not end", why="it was at: a step")
    start_stopped(kernel, failure)
    assert "; what it had stopped is not known: cannot read /run/kernel-bypass-sriov/units.json" in failure.why


def test_a_note_that_cannot_be_written_hides_no_start(kernel, monkeypatch):
    def refuse(*_given):
        raise KernelRefused("cannot write it")

    kernel.units.stop(APP)
    StoppedUnits(Files(kernel.root)).write((APP,))
    monkeypatch.setattr(StoppedUnits, "write", refuse)
    failure = TookTooLong("the run did not end", why="it was at: a step")
    start_stopped(kernel, failure)
    assert (failure.done, failure.lost, failure.changed) == ([f"start unit {APP} again"], [], True)
    assert failure.why.endswith("; which units are owed a start could not be noted (cannot write it)")
