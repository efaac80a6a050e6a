# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The RSS table as tables: PF, desired, sentences. No kernel is involved."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    desired_pf,
    ixgbe,
    pf,
    planned,
    sentences,
    x550,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.queues import (
    DEFAULT,
    channels,
    set_channels,
    set_table,
    table,
    with_vfs,
)


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(with_vfs(), table("equal", 4), [], id="equal: as it is"),
        pytest.param(with_vfs(), table("equal", 2), [set_table(64, 64)], id="equal"),
        pytest.param(with_vfs(), table("queues", 1, 3), [set_table(0, 64, 0, 64)], id="queues"),
        pytest.param(with_vfs(), table("queues", 3, 1, 1), [set_table(0, 64, 0, 64)], id="queues in any order"),
        pytest.param(with_vfs(), table("weights", 1, 2), [set_table(42, 86)], id="weights"),
        pytest.param(with_vfs(), table("weights", 1, 1, 1, 0), [set_table(42, 43, 43)], id="a weight of nothing"),
        pytest.param(
            with_vfs(),
            table("weights", 1, 1, 0, 0, 0, 0),
            [set_table(64, 64)],
            id="queues that are not there get nothing",
        ),
        pytest.param(with_vfs(), table("exclude_queues", 3), [set_table(42, 43, 43)], id="exclude_queues"),
        pytest.param(with_vfs(), table("exclude_queues", 0, 1, 2), [set_table(0, 0, 0, 128)], id="all but one"),
        pytest.param(with_vfs(), table("default"), [], id="default: as it is"),
        pytest.param(with_vfs(table=(0,) * 128), table("default"), [DEFAULT], id="default"),
        pytest.param(
            pf(combined_channels=4, table=(0,) * 32 + (1,) * 32 + (2,) * 32 + (3,) * 32),
            table("default"),
            [DEFAULT],
            id="default is the kernel's, and igb's own is another",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16),
            desired_pf(rss=DesiredRss(channels=4, verb="exclude_queues", numbers=(3,))),
            [DEFAULT, set_channels(16, 4), set_table(42, 43, 43)],
            id="the table of the channels that there will be",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16),
            table("equal", 3, num_vfs=1),
            [
                f"set sriov_numvfs of {LABEL} from 0 to 1",
                f"wait until the VF of {LABEL} is there",
                set_table(43, 43, 42),
            ],
            id="the table of the queues that VFs leave",
        ),
    ],
)
def test_the_table_is_that_of_ethtool(state, desired, steps):
    assert sentences(state, desired) == steps


def test_a_table_is_asked_for_to_the_entry():
    """The same queues the same number of times, in another order: `equal` is not `weights`."""
    blocks = tuple(entry // 32 for entry in range(128))
    assert sentences(with_vfs(table=blocks), table("equal", 4)) == [set_table(32, 32, 32, 32)]
    assert sentences(with_vfs(table=blocks), table("weights", 1, 1, 1, 1)) == []


@pytest.mark.parametrize(
    ("state", "desired", "warnings"),
    [
        pytest.param(ixgbe(combined_channels=4), table("equal", 2), [], id="without VFs"),
        pytest.param(with_vfs(), table("equal", 4), [], id="as it is"),
        pytest.param(
            with_vfs(),
            table("equal", 2),
            [
                f"the RSS table of {LABEL} is shared: its 4 VFs spread their frames by the same entries, as far as "
                "they have such queues"
            ],
            id="82599: one table for all",
        ),
        pytest.param(
            x550(4, combined_channels=4),
            table("equal", 2),
            [
                f"ixgbe takes the RSS table of {LABEL} and does not write it to the tables of its pools, which count "
                "beside 4 VFs: look whether frames follow it"
            ],
            id="X550: a table that nobody looks into",
        ),
        pytest.param(pf(2, combined_channels=2), table("equal", 1), [], id="igb: a table of its own"),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16, table=(0, 15) * 64),
            channels(4),
            [f"the RSS table of {LABEL} was set by hand; it names queues that are gone, and is the driver's now"],
            id="a table by hand that cannot come back",
        ),
        pytest.param(
            ixgbe(combined_channels=16, online_cpus=16, table=(0, 15) * 64),
            desired_pf(rss=DesiredRss(channels=4, verb="equal", numbers=(2,))),
            [],
            id="a table by hand that another replaces",
        ),
        pytest.param(
            pf(driver="mystery", combined_channels=8, table=tuple(entry % 4 for entry in range(128))),
            channels(6),
            [
                f"whether the RSS table of {LABEL} was set by hand is not known of driver mystery: it is left to the "
                "driver; if it was, `ethtool -X enp1s0 equal 4` sets it"
            ],
            id="a table that may be the driver's",
        ),
        pytest.param(
            pf(driver="mystery", combined_channels=8, table=tuple(entry % 4 for entry in range(128))),
            desired_pf(rss=DesiredRss(channels=6), ntuple=False),
            [
                f"whether the RSS table of {LABEL} was set by hand is not known of driver mystery: it is left to the "
                "driver; if it was, `ethtool -X enp1s0 equal 4` sets it"
            ],
            id="a table that may be the driver's, without flow rules",
        ),
        pytest.param(
            pf(driver="mystery", combined_channels=8, table=tuple(entry % 4 for entry in range(128))),
            desired_pf(rss=DesiredRss(channels=6, verb="equal", numbers=(2,))),
            [],
            id="a table that may be the driver's, and another is desired",
        ),
    ],
)
def test_what_is_to_be_said_of_a_table_is_said(state, desired, warnings):
    assert list(planned(state, desired).plan.warnings) == warnings


@pytest.mark.parametrize(
    ("state", "least"),
    [
        pytest.param(with_vfs(), 4, id="82599 beside few VFs"),
        pytest.param(ixgbe(combined_channels=40, online_cpus=40), 16, id="82599 without VFs"),
        pytest.param(pf(driver="mystery", combined_channels=6), 6, id="an unknown driver that tells its channels"),
        pytest.param(ixgbe(4, online_cpus=16), 4, id="an ixgbe that does not"),
    ],
)
def test_a_group_that_is_large_enough_is_no_matter(state, least):
    assert sentences(state, desired_pf(rss=DesiredRss(min_queues=least))) == []


def test_min_queues_looks_at_the_channels_that_there_will_be():
    state = ixgbe(combined_channels=4, max_channels=16, online_cpus=16)
    assert sentences(state, desired_pf(rss=DesiredRss(channels=8, min_queues=8))) == [set_channels(4, 8)]
