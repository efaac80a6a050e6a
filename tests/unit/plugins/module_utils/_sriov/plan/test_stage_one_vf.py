# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sentences about so many VFs, where there is one."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.vfs import wait_for_vfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.vfs import count_of_vfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import WaitForVfs
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    desired_pf,
    ixgbe,
    pf,
    planned,
    refusals,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.queues import table, with_vfs


@pytest.mark.parametrize(("number", "words"), [(0, "0 VFs"), (1, "1 VF"), (2, "2 VFs")])
def test_a_number_of_vfs(number, words):
    assert count_of_vfs(number) == words


@pytest.mark.parametrize(
    ("number", "step", "late"),
    [
        (1, f"wait until the VF of {LABEL} is there", f"the VF did not appear on {LABEL}"),
        (3, f"wait until all 3 VFs of {LABEL} are there", f"not all 3 VFs appeared on {LABEL}"),
    ],
)
def test_they_are_waited_for(tmp_path, number, step, late):
    wait = WaitForVfs(PF, LABEL, number)
    assert str(wait) == step
    with pytest.raises(TookTooLong) as failed:
        wait_for_vfs(wait, simulate(tmp_path, hosts.host()), 0.1)
    assert str(failed.value).startswith(f"{late}: waited 0.1 s")


@pytest.mark.parametrize(
    ("state", "desired", "what"),
    [
        (pf(total_vfs=0), desired_pf(num_vfs=1), "cannot create 1 VF"),
        (pf(answers=False), desired_pf(num_vfs=2), "cannot create 2 VFs"),
        (pf(2), desired_pf(num_vfs=1), "num_vfs: cannot go from 2 to 1 VF"),
        (
            ixgbe(),
            desired_pf(num_vfs=1, min_rss_queues=8),
            "min_rss_queues: 1 VF leaves the PF an RSS group of 4, less than 8",
        ),
        (
            ixgbe(),
            desired_pf(num_vfs=2, min_rss_queues=8),
            "min_rss_queues: 2 VFs leave the PF an RSS group of 4, less than 8",
        ),
    ],
)
def test_what_is_refused(state, desired, what):
    assert [each.what for each in refusals(state, desired)] == [what]


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "its VF spreads its frames by the same entries, as far as it has such queues")]
    + [(4, "its 4 VFs spread their frames by the same entries, as far as they have such queues")],
)
def test_whose_table_it_is(number, words):
    (warning,) = planned(with_vfs(number), table("equal", 2)).plan.warnings
    assert warning == f"the RSS table of {LABEL} is shared: {words}"
