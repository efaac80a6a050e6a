# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a guard refuses it refuses also where one look at the host fails: some of the looks of each."""

from __future__ import annotations

import random
import re

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.guarded import GUARDED, Watch

FIXED = 11  # the seed of the same points
EACH = 6  # points by each seed, of each guard
OF_GUARDS = re.compile(r"read /(proc/(?!sys).*|run/netns.*|sys/class/net/[^/]*)")


@pytest.mark.parametrize("name", GUARDED)
def test_one_errno_takes_no_guard_away(roots, name):
    watch = Watch(name, roots)
    assert watch.result["failed"], watch.result
    every = list(watch.points())
    assert len(every) > 200
    guards = [fault for fault in every if OF_GUARDS.fullmatch(watch.calls[fault.number])]
    assert guards
    fresh = random.SystemRandom().getrandbits(32)
    for seed in (FIXED, fresh):
        for fault in (*random.Random(seed).sample(every, EACH), *random.Random(seed).sample(guards, EACH)):
            assert watch.opened(fault) == "", f"seed {seed}: {fault} at {watch.calls[fault.number]}"
