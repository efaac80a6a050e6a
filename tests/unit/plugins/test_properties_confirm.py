# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a run with option confirm does is taken back, or was refused before its first write."""

from __future__ import annotations

import contextlib
import random
import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov import back
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.mac import ZERO
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.paths import PENDING
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.faulty import KILL, Killed, faulty, kept_files
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build
from ansible_collections.kernel_bypass.sriov.tests.unit.support import campaign, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from hypothesis import event, given, settings

RUNS = {name: campaign.RUNS[name] for name in ("create", "rebind", "rules", "table")}
EACH = 6  # points by each seed, of each run


def but_for_what_drivers_make_up(pfs, before):
    """An address for a VF that had none stays in the PF. A table is filled in when the PF goes up, and not before."""
    for pf, old in zip(pfs, before):
        if old["rss"] and not old["up"]:
            pf["rss"].update(table=old["rss"]["table"], entries=old["rss"]["entries"])
        for vf, was in zip(pf["vfs"], old["vfs"]):
            if was["attributes"]["mac"] == ZERO:
                vf["attributes"]["mac"] = ZERO
    return pfs


def test_whatever_was_done_is_taken_back(roots):
    @settings(max_examples=max(10, settings().max_examples // 4))
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        root = roots()
        kernel = scenes.start(root, state)
        build(root, {"run/systemd/system": DIRECTORY})
        before, writes = campaign.seen(root), written(kernel)
        done = run_module(host, kernel, **options, confirm=60)
        if done["failed"]:
            event("refused")
            assert written(kernel) == writes
            return
        event("changed" if done["changed"] else "unchanged")
        missed = back.go_back(kernel, Deadline(60), [].append)
        assert missed == ([] if done["changed"] else None)
        assert but_for_what_drivers_make_up(campaign.seen(root), before) == before

    holds()


def points_of(roots, name):
    """A host before a run, the way it looks, and all that may go wrong in it and in the way back from it."""
    start = roots()
    scenes.start(start, RUNS[name].state)
    build(start, {"run/systemd/system": DIRECTORY})
    root = copied(start, roots)
    kernel, calls = faulty(root)
    with kept_files(calls):
        assert not run_module(host, kernel, **RUNS[name].options, confirm=60)["failed"]
    of_run = calls.made()
    kernel, calls = faulty(root)
    with kept_files(calls):
        assert back.go_back(kernel, Deadline(60), [].append) == []
    of_back = calls.made()
    points = [fault for fault in campaign.points(of_back) if can_be(fault, of_back)]
    return start, list(campaign.points(of_run)), points


def can_be(fault, calls):
    """Whoever kills the way back has to look after it himself; and a name is changed, or is not."""
    return fault.errno != KILL and not (fault.after and calls[fault.number].startswith(f"keep {PENDING} as "))


def gone_back(kernel):
    """As main(): what could not be begun is begun again."""
    for _try in range(2):
        with contextlib.suppress(SriovError):
            return back.go_back(kernel, Deadline(60), [].append)
    raise AssertionError("it is not begun")


def copied(start, roots):
    root = roots()
    shutil.copytree(start, root, symlinks=True, dirs_exist_ok=True)
    return root


def some(points):
    """Half of them the same in each run of the tests."""
    fresh = random.SystemRandom().getrandbits(32)
    return [(seed, fault) for seed in (10, fresh) for fault in random.Random(seed).sample(points, EACH)]


@pytest.mark.parametrize("name", RUNS)
def test_wherever_a_run_ends_it_is_taken_back(roots, name):
    start, of_run, of_back = points_of(roots, name)
    wanted = campaign.seen(start)
    for seed, fault in some(of_run):
        root = copied(start, roots)
        kernel, calls = faulty(root, fault)
        with contextlib.suppress(Killed), kept_files(calls):
            run_module(host, kernel, **RUNS[name].options, confirm=60)
        assert not gone_back(behaving(root, Behaviour())), f"seed {seed}: {fault}"
        assert campaign.seen(root) == wanted, f"seed {seed}: {fault}"
    done = copied(start, roots)
    run_module(host, behaving(done, Behaviour()), **RUNS[name].options, confirm=60)
    for seed, fault in some(of_back):
        root = copied(done, roots)
        kernel, calls = faulty(root, fault)
        with kept_files(calls):
            assert gone_back(kernel) == [], f"seed {seed}: {fault}: one fault is healed"
        assert campaign.seen(root) == wanted, f"seed {seed}: {fault}"
