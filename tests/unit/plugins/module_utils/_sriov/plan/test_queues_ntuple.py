# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What feature ntuple is to each driver: a reset of the PF, needed for rules, or nothing at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    SSH,
    desired_pf,
    desired_rules,
    pf,
    refusals,
    rule,
    sentences,
)

ON, OFF = (f"turn ntuple filters of {LABEL} {word}" for word in ("on", "off"))
FLOW = rule(cookie=0, location=None, dst_port=80)
IGNORE_IT = ["mlx5_core", "mlx4_core", "qede", "nfp", "cxgb4"]
NEED_IT = ["ice", "sfc", "hns3", "rvu_nicpf", "bnxt_en"]


def nic(driver, **changes):
    return pf(driver=driver, device="0001", **{"combined_channels": 4, **changes})


def steps(state, *rules, **options):
    found = sentences(state, desired_pf(rules=desired_rules(*rules) if rules else None, **options))
    return [sentence for sentence in found if "flow rule" not in sentence]


@pytest.mark.parametrize("driver", ["ixgbe", "igb", "i40e", "mystery"])
def test_it_takes_the_link_from_whom_the_pf_carries(driver):
    (refused,) = refusals(nic(driver, holders=(SSH,)), desired_pf(ntuple=True))
    assert (refused.what, refused.consent) == ("ntuple: cannot turn ntuple filters on", "link_reset")


@pytest.mark.parametrize("driver", [*IGNORE_IT, *NEED_IT])
def test_it_resets_nothing(driver):
    assert steps(nic(driver, holders=(SSH,)), ntuple=True) == [ON]
    assert steps(nic(driver, ntuple="on", holders=(SSH,)), ntuple=False) == [OFF]


@pytest.mark.parametrize("driver", NEED_IT)
def test_it_is_turned_on_for_rules(driver):
    assert steps(nic(driver), FLOW) == [ON]
    (refused,) = refusals(nic(driver, ntuple="on", rules=(FLOW.at(3),)), desired_pf(ntuple=False))
    assert refused.why.startswith("flow rules would be in force no more")


@pytest.mark.parametrize("driver", IGNORE_IT)
def test_rules_do_without_it(driver):
    """It may be fixed off, as mlx5's without aRFS, or not be there at all, as with nfp."""
    for state in (nic(driver), nic(driver, ntuple="fixed")):
        assert steps(state, FLOW) == []
        assert (
            refusals(replace(state, queues=state.queues._replace(ntuple=None)), desired_pf(rules=desired_rules(FLOW)))
            == []
        )
    assert steps(nic(driver, ntuple="on", rules=(FLOW.at(3),)), ntuple=False) == [OFF]
