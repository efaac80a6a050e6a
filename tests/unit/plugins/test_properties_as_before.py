# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever runs have done to PFs, `as_before` leads back to the host of before the first of them, or is refused."""

from __future__ import annotations

import contextlib
import os
import random
import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.faulty import Killed, faulty, kept_files
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support import as_before, campaign, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from hypothesis import event, given, settings

RECORD = "var/lib/kernel-bypass-sriov/before.json"
ALLOW = ["link_reset", "in_use"]
BACK = {"pfs": [{"pf": "enp1s0", "as_before": True}], "allow": ["link_reset"]}
RUNS = ("create", "create again", "rebind", "rules", "table")
EACH = 4  # points by each seed, of each run


def test_a_host_is_as_before(roots):
    @settings(max_examples=max(10, settings().max_examples // 2))
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        root = roots()
        kernel = scenes.start(root, state)
        before = campaign.seen(root)
        if run_module(host, kernel, **options)["failed"]:
            event("not provisioned")
            return
        wish = {"pfs": [{"pf": entry["pf"], "as_before": True} for entry in options["pfs"]], "allow": ALLOW}
        was, writes = snapshot(root), written(kernel)
        planned = run_module(host, kernel, True, **wish)
        assert (snapshot(root), written(kernel)) == (was, writes), "check mode writes nothing"
        done = run_module(host, kernel, **wish)
        # What `ethtool -L` has left in ixgbe once VFs have come cannot be read: it shows, and is mended, when they go.
        hidden = any(pf.kind == "82599" and pf.channels for pf in state.pfs)
        compared = ("failed", "diff", "msg", *(() if hidden else ("steps",)))
        assert [done.get(word) for word in compared] == [planned.get(word) for word in compared]
        if done["failed"]:
            event(f"refused: {done['failure']['kind']}")
            assert (snapshot(root), written(kernel)) == (was, writes)
            return
        event(f"{min(len(done['steps']), 6)} steps or more")
        assert as_before.changes(root, before, state.ssh) == ""
        assert not os.path.exists(os.path.join(root, RECORD))
        again = run_module(host, kernel, **wish)
        assert (again["failed"], again["steps"]) == (False, [])

    holds()


def copied(start, roots):
    root = roots()
    shutil.copytree(start, root, symlinks=True, dirs_exist_ok=True)
    return root


def run_and_points(roots, name):
    """A host before and after a run, and all that may go wrong on the way back from it."""
    root = roots()
    scenes.start(root, campaign.RUNS[name].state)
    before = campaign.seen(root)
    assert not run_module(host, behaving(root, Behaviour()), **campaign.RUNS[name].options)["failed"]
    clean = copied(root, roots)
    kernel, calls = faulty(clean)
    with kept_files(calls):
        assert not run_module(host, kernel, **BACK)["failed"]
    assert as_before.changes(clean, before) == ""
    return before, root, list(campaign.points(calls.made()))


def some(points):
    """Half of them the same in each run of the tests."""
    fresh = random.SystemRandom().getrandbits(32)
    return [(seed, fault) for seed in (10, fresh) for fault in random.Random(seed).sample(points, EACH)]


@pytest.mark.parametrize("name", RUNS)
def test_wherever_it_ends_the_next_one_leads_there(roots, name):
    before, start, points = run_and_points(roots, name)
    for seed, fault in some(points):
        root = copied(start, roots)
        kernel, calls = faulty(root, fault)
        with contextlib.suppress(Killed), kept_files(calls):
            run_module(host, kernel, **BACK)
        last = run_module(host, behaving(root, Behaviour()), **BACK)
        assert not last["failed"], f"seed {seed}: {fault}: {last['msg']}"
        assert as_before.changes(root, before) == "", f"seed {seed}: {fault}"
        assert not os.path.exists(os.path.join(root, RECORD)), f"seed {seed}: {fault}"
