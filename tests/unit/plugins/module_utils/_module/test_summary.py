# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module host in words for people."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.summary import lines, summary


def pf(name="enp1s0", drivers=(), rules=0, rss=4):
    vfs = [{"driver": driver} for driver in drivers]
    return {"name": name, "pci_address": "0000:01:00.0", "vfs": vfs, "rules": [{}] * rules, "rss_queues": rss}


def result(*pfs, steps=0, allowed=()):
    return {"pfs": list(pfs), "steps": [f"step {number}" for number in range(steps)], "allowed": list(allowed)}


FOUR = pf(drivers=("ixgbevf", "vfio-pci", "vfio-pci", "vfio-pci"), rules=2)


@pytest.mark.parametrize(
    ("found", "check", "expected"),
    [
        (result(FOUR, steps=12), False, "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 2 rules, RSS 4; changed 12"),
        (result(FOUR, steps=12), True, "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 2 rules, RSS 4; would change 12"),
        (result(FOUR), False, "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 2 rules, RSS 4; unchanged"),
        (result(FOUR), True, "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 2 rules, RSS 4; unchanged"),
        (result(pf(drivers=(None,), rules=1), steps=1), False, "enp1s0: 1 VF, no driver 1, 1 rule, RSS 4; changed 1"),
        (result(pf(), pf("enp2s0", rss=8)), False, "enp1s0: no VFs, RSS 4; enp2s0: no VFs, RSS 8; unchanged"),
        (result({**pf(name=None, rss=None), "rules": None}), False, "0000:01:00.0: no VFs; unchanged"),
        (result(), False, "unchanged"),
    ],
)
def test_a_host_is_one_line(found, check, expected):
    assert summary(found, check) == expected


def test_the_steps_come_first_and_the_host_last():
    assert lines(result(pf(), steps=2), False) == ["step 0", "step 1", "enp1s0: no VFs, RSS 4; changed 2"]
    assert lines(result(pf()), False) == ["enp1s0: no VFs, RSS 4; unchanged"]


@pytest.mark.parametrize("check", [False, True])
def test_consent_that_was_used_is_told_before_the_steps(check):
    used = ["in_use for enp1s0 (0000:01:00.0): VF 1: it has an address", "link_reset for enp1s0 (0000:01:00.0): SSH"]
    told = lines(result(pf(), steps=1, allowed=used), check)
    assert told[:3] == [f"allowed: {used[0]}", f"allowed: {used[1]}", "step 0"]
