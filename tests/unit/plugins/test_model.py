# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small host, killed runs and one foreign write: some of it, the whole by tests/bench/model.py.

Half of the cases are the same in each run, half are drawn anew: by a seed that is told where one falls short.
"""

from __future__ import annotations

import random

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import model, model_replay

FIXED = 11  # the seed of the same cases
EACH = 20  # cases by each seed
PATHS = 25  # by each seed, on the simulated kernel
# What was found wrong once, and is right since.
ONCE = {
    "killed after the kernel bound a new VF that had vfio-pci": 3554394,
    "killed after the kernel bound a new VF that had no driver": 3191707,
    "a VF that somebody has bound is made again": 797791,
    "an interface that somebody has taken away": 2742749,
    "the link of a VF whose own driver is asked for": 556907,
    "killed twice, and a rule and a table were still missing": 2046219,
}


def check(number, seed=None):
    seen, found = model.explore(*model.case(number))
    assert not found, f"seed {seed}, case {number}, one of {len(found)} in {seen} states: {found[0]}"


@pytest.mark.parametrize("number", ONCE.values(), ids=ONCE)
def test_what_was_wrong_once(number):
    check(number)


SEEDS = pytest.mark.parametrize("fixed", (True, False), ids=("fixed", "fresh"))


def seed_of(fixed):
    return FIXED if fixed else random.SystemRandom().getrandbits(32)


@SEEDS
def test_whatever_is_killed_the_wish_is_reached_and_nothing_unnamed_is_lost(fixed):
    seed = seed_of(fixed)
    for number in random.Random(seed).sample(range(model.WHOLE), EACH):
        check(number, seed)


@SEEDS
def test_the_model_is_right_about_the_simulated_kernel(roots, fixed):
    seed = seed_of(fixed)
    chance = random.Random(seed)
    for _path in range(PATHS):
        number = chance.randrange(model_replay.CASES)
        found = model_replay.replay(number, chance, roots)
        assert not found, f"seed {seed}, case {number}"
