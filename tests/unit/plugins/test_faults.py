# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call to the kernel goes wrong, or is the last of a run: some of all points, the whole by tests/bench/faults.py.

After half of them a run with another wish comes first, with something that it cannot read.
Half of the points are the same in each run, half are drawn anew: by a seed that is told where one falls short.
"""

from __future__ import annotations

import random

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.campaign import RUNS, Campaign, points, read_faults

FIXED = 10  # the seed of the same points
EACH = 24  # points by each seed, of each run


@pytest.mark.parametrize("name", RUNS)
def test_a_fault_costs_nobody_anything(roots, name):
    campaign = Campaign(name, roots)
    every = list(points(campaign.calls))
    assert len(every) > 200
    fresh = random.SystemRandom().getrandbits(32)
    between = list(read_faults(campaign.calls))
    for seed in (FIXED, fresh):
        chance = random.Random(seed)
        for number, fault in enumerate(chance.sample(every, EACH)):
            other = chance.choice(between) if number % 2 else None
            found = campaign.shortcomings(fault, other)
            assert not found, f"seed {seed}: {campaign.what(fault)}, {other} between"
