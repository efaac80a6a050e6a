# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The columns of all drivers hang together: a slip in one file is found here, and not by a user."""

from __future__ import annotations

from dataclasses import fields

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.flow_spec import FLOW_TYPES
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.driver import (
    BY_MAC,
    LINK_AWAY,
    NO_CHANGE,
    PF_RESET,
    QUEUE,
    VF_RSS,
    Steering,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.index import all_drivers
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.vf_support import A_LIMIT, ANY_RATE
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import ETHTOOL_WORDS

ATTRIBUTES = {field.name for field in fields(VfAttributes)}
DRIVERS = [
    pytest.param(each, id=f"{driver.name} {each.chip}".strip())
    for driver in all_drivers()
    for each in (driver, *{chip.chip: chip for chip in driver.chips.values()}.values())
]


@pytest.mark.parametrize("driver", DRIVERS)
def test_attributes_are_those_of_the_model(driver):
    support = driver.vf_support
    for names in (support.refuses, support.values, support.absent, support.untold, support.starts):
        assert set(names) <= ATTRIBUTES
    assert not set(support.untold) & set(support.refuses), "what it takes it does not refuse"
    assert support.rates is None or support.rates.needs_link in ("", A_LIMIT, ANY_RATE)
    assert all(reason for reason in support.refuses.values())


@pytest.mark.parametrize("driver", DRIVERS)
def test_rules_are_of_fields_and_flow_types_that_there_are(driver):
    steering = driver.steering
    assert set(steering.flow_types or ()) <= set(FLOW_TYPES)
    for names in (steering.fields or (), steering.masks, steering.whole):
        assert set(names) <= set(ETHTOOL_WORDS)
    assert steering.to_vf in (None, QUEUE, VF_RSS, BY_MAC)
    assert steering.to_vf is None or steering.flow_types, "where rules lead was read, and which there are"
    assert steering == Steering() or steering.vf or steering.no_vf != Steering().no_vf, "why not is said"
    assert steering.masks_told or "src_port" in steering.whole, "else nobody knows the masks"


@pytest.mark.parametrize("driver", DRIVERS)
def test_how_it_comes_to_vfs_is_said(driver):
    assert driver.vf_change in (None, NO_CHANGE, LINK_AWAY, PF_RESET)
    assert driver.creates_vfs or driver.how_else
    assert bool(driver.verbs) == driver.bifurcated and (driver.dpdk or not driver.bifurcated)
    assert list(driver.vf_queues[:1]) in ([], [min(driver.vf_queues, default=0)], [max(driver.vf_queues, default=0)])


def test_who_steers_into_vfs_and_how():
    """Not hns3 and cxgb4, although their drivers take such rules."""
    found = {driver.name: driver.steering.to_vf for driver in all_drivers() if driver.steering.vf}
    chips = {driver.name: chip.steering.to_vf for driver in all_drivers() for chip in driver.chips.values()}
    assert found == {"ixgbe": QUEUE, "i40e": QUEUE, "rvu_nicpf": QUEUE, "qede": VF_RSS}
    assert (chips["bnxt_en"], chips["igb"]) == (BY_MAC, None)
    assert [driver.name for driver in all_drivers() if driver.steering.unproven] == ["i40e"]


def test_whose_reset_comes_with_ntuple():
    """All others that are known leave the link alone; of those of which nothing is known the worst is assumed."""
    known = [driver for driver in all_drivers() if driver.steering != Steering()]
    assert {driver.name for driver in known if driver.ntuple_resets} == {"ixgbe", "igb", "i40e", "fsl_enetc"}


def test_who_drops_rules_or_refuses_vfs_beside_xdp():
    assert {driver.name for driver in all_drivers() if driver.reopens} == {"ixgbe"}
    assert {driver.name for driver in all_drivers() if driver.xdp_excludes_vfs} == {"ixgbe"}
    closed = {driver.name for driver in all_drivers() if driver.vf_change == LINK_AWAY}
    assert closed == {"ixgbe", "igb", "be2net", "qlcnic"}
