# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once are the same as one after the other; and a run in which somebody else changes the host ends
cleanly, whenever he does it."""

from __future__ import annotations

import random
import shutil

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.faulty import faulty
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import behaving
from ansible_collections.kernel_bypass.sriov.tests.unit.support import races, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.campaign import RUNS
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

FIXED = 7  # the seed of the same points
EACH = 1  # point by each seed, of each run and deed
BEGINNINGS = 2  # calls at which the second run begins, by each seed, of each pair


@pytest.mark.parametrize("pair", races.PAIRS.values(), ids=races.PAIRS)
def test_two_runs_at_once_are_as_one_after_the_other(roots, pair):
    tried = races.Pair(*pair, roots)
    fresh = random.SystemRandom().getrandbits(32)
    for seed in (FIXED, fresh):
        for number in (None, *random.Random(seed).sample(range(len(tried.calls)), BEGINNINGS)):
            found = tried.shortcoming(number)
            assert not found, f"seed {seed}, the second begins at call {number}: {found}"


def at(name, deed, seed, roots):
    """Points of a run, and what comes of it where somebody does his deed there: each with three results and a tree."""
    run = RUNS[name]
    start = roots()
    scenes.start(start, run.state)
    clean = shutil.copytree(start, roots(), symlinks=True, dirs_exist_ok=True)
    kernel, calls = faulty(clean)
    assert not run_module(host, kernel, **run.options)["failed"]
    writes = [number for number, call in enumerate(calls.made()) if races.is_write(call)]
    for number in random.Random(seed).sample(writes, min(EACH, len(writes))):
        root = shutil.copytree(start, roots(), symlinks=True, dirs_exist_ok=True)
        kernel, _calls = faulty(root, somebody=(number, getattr(races.Somebody(root), deed)))
        first = run_module(host, kernel, **run.options)
        plain = behaving(root, Behaviour())
        yield number, first, [run_module(host, plain, **run.options) for _again in range(2)], plain


@pytest.mark.parametrize("deed", races.DEEDS)
@pytest.mark.parametrize("name", RUNS)
def test_somebody_changes_the_host_during_a_run(roots, name, deed):
    fresh = random.SystemRandom().getrandbits(32)
    for seed in (FIXED, fresh):
        for number, first, (second, third), kernel in at(name, deed, seed, roots):
            where = f"seed {seed}, at call {number}"
            assert first["failed"] in (True, False), where
            if (name, deed) == ("reload", "binds_a_vf") and second["failed"]:  # a VF for a program has no MTU
                assert second["msg"].startswith("mtu: cannot set 1400 for VF 1"), where
                continue
            assert not second["failed"], (where, second.get("msg"))
            assert (third["failed"], third["changed"]) == (False, False), where
            if deed == "adds_a_rule" and name in ("rebind", "reload"):  # nothing there takes rules from anybody
                assert 7 in {rule.location for rule in kernel.ethtool.rules("enp1s0").rules}, where
            if deed == "binds_a_vf" and name == "rules":
                assert kernel.pci.driver(races.PF.vf(1)) == "vfio-pci", where
