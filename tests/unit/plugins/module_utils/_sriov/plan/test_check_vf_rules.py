# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a rule for a VF leads, driver by driver: what is refused, and what is said of what is taken, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, NotSupported
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    desired_pf,
    desired_rules,
    planned,
    refusals,
    rule,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import ON, to, with_rules

BCM57414 = {"driver": "bnxt_en", "vendor": "14e4", "device": "16d7", "driver_places": True}
BCM57508 = {**BCM57414, "device": "1750"}
FLOW = "tcp4 dst-ip 192.168.254.30 dst-port 80"
MAC = 0x020000000001
DOCUMENT = "the kernel's own document on i40e says that such rules move no frames which the VF would not get anyway"


def nic(driver, bound="vfio-pci", **changes):
    """A PF of some driver with four VFs that have another one."""
    members = tuple(vf(index, driver=bound) for index in range(4))
    return with_rules(vfs=members, driver=driver, **{"device": "0001", **changes})


def of(facts, **changes):
    return nic(**{**facts, **changes})


def by_mac(vf_index=0, queue=0, **more):
    made = rule("ether", vf=vf_index, queue=queue, location=None, **more)
    return replace(made, match=(*made.match, ("dst_mac", MAC, (1 << 48) - 1)))


def refused(state, wanted):
    (found,) = refusals(state, desired_pf(rules=desired_rules(wanted)))
    return found


@pytest.mark.parametrize(
    ("driver", "why"),
    [
        pytest.param(
            "hns3",
            "a rule for a VF matches only frames that are the VF's already, and picks their queue",
            id="hns3 moves no frame",
        ),
        pytest.param(
            "cxgb4",
            "it drops the VF of a rule, and the PF's queue of that number gets the frames",
            id="cxgb4 gives them to the PF",
        ),
        pytest.param("mlx5_core", "validate_flow takes queues of the PF only", id="mlx5"),
        pytest.param("mlx4_core", "mlx4_en_set_rxnfc takes queues of the PF only", id="mlx4"),
        pytest.param("ice", "ice_add_fdir_ethtool takes no VF queue", id="ice"),
        pytest.param("nfp", "nfp_net_fs_add takes queues of the PF only", id="nfp"),
        pytest.param("sfc", "efx_ethtool_set_class_rule takes queues of the PF only", id="sfc"),
    ],
)
def test_a_driver_that_sends_to_no_vf_gets_no_such_rule(driver, why):
    found = refused(nic(driver), to(0))
    assert (type(found), found.why) == (NotSupported, f"driver {driver} does not steer into VFs: {why}")


def test_who_steers_into_vfs_is_told_with_how():
    assert refused(nic("hns3"), to(0)).remedy == (
        "give the VF an address of its own, or use a NIC whose driver does: ixgbe, i40e (unproven), bnxt_en (BCM573xx "
        "and BCM574xx: by destination MAC only), rvu_nicpf, qede (to the RSS of the VF)"
    )


@pytest.mark.parametrize(
    ("state", "wanted", "kind", "message"),
    [
        pytest.param(
            nic("qede"),
            to(0, 1),
            NotSupported,
            f"rules[0]: cannot send to VF 0 queue 1{ON}driver qede ignores the queue of a VF: the VF's own RSS spreads "
            "the frames. Remedy: leave out queue.",
            id="qede: a queue",
        ),
        pytest.param(
            of(BCM57414),
            to(0),
            NotSupported,
            f"rules[0]: cannot send to VF 0 queue 0{ON}driver bnxt_en sends nothing to a VF but frames of one "
            "destination MAC. Remedy: write it as flow_type ether with dst_mac alone, or give the VF an address of its "
            "own.",
            id="bnxt before P5: a flow",
        ),
        pytest.param(
            of(BCM57414),
            by_mac(ether_type=0x800),
            NotSupported,
            f"rules[0]: cannot send to VF 0 queue 0{ON}driver bnxt_en sends nothing to a VF but frames of one "
            "destination MAC. Remedy: write it as flow_type ether with dst_mac alone, or give the VF an address of its "
            "own.",
            id="bnxt before P5: what it would ignore",
        ),
        pytest.param(
            of(BCM57414),
            by_mac(queue=2),
            NotSupported,
            f"rules[0]: cannot send to VF 0 queue 2{ON}driver bnxt_en ignores the queue of a VF: the VF spreads the "
            "frames itself. Remedy: leave out queue.",
            id="bnxt before P5: a queue",
        ),
        pytest.param(
            nic("rvu_nicpf", bound=None),
            to(0),
            NotSupported,
            f"rules[0]: cannot send to VF 0 queue 0{ON}driver rvu_nicpf takes no rule for a VF that has no driver: it "
            "has no queues yet. Remedy: give the VF a driver (driver: default).",
            id="octeontx2: a VF without driver",
        ),
        pytest.param(
            nic("i40e"),
            to(0, 16),
            InvalidRequest,
            f"rules[0]: cannot send to VF 0 queue 16{ON}driver i40e gives a VF 16 queues at most. "
            "Remedy: name a queue from 0 to 15.",
            id="i40e: a queue that no VF has",
        ),
    ],
)
def test_a_rule_that_would_lead_elsewhere_is_refused(state, wanted, kind, message):
    found = refused(state, wanted)
    assert (type(found), str(found)) == (kind, message)


def test_bnxt_from_p5_on_has_no_rules_for_vfs():
    found = refused(of(BCM57508), by_mac())
    assert found.why.startswith("driver bnxt_en does not steer into VFs: bnxt_add_ntuple_cls_rule takes none")


@pytest.mark.parametrize(
    ("state", "wanted", "warnings"),
    [
        pytest.param(
            nic("i40e"),
            to(0, 3),
            [
                f"whether {LABEL} gives a VF the frames of {FLOW} to VF 0 queue 3 is unproven: {DOCUMENT}",
            ],
            id="i40e: nobody has shown it",
        ),
        pytest.param(
            nic("i40e"),
            to(0, 4),
            [
                f"whether {LABEL} gives a VF the frames of {FLOW} to VF 0 queue 4 is unproven: {DOCUMENT}",
                f"i40e gives a VF 4 queues unless its driver asks for more: it may refuse {FLOW} to VF 0 queue 4",
            ],
            id="i40e: a queue that the VF has only if it has asked for it",
        ),
        pytest.param(
            nic("qede"),
            to(1),
            [
                f"driver qede of {LABEL} ignores the queue of a VF: the VF's own RSS spreads the frames ({FLOW} to "
                "VF 1 queue 0)"
            ],
            id="qede: the VF's RSS",
        ),
        pytest.param(
            of(BCM57414),
            by_mac(3),
            [
                f"driver bnxt_en of {LABEL} ignores the queue of a VF: the VF spreads the frames itself (ether dst "
                "02:00:00:00:00:01 to VF 3 queue 0)"
            ],
            id="bnxt before P5: the whole VF",
        ),
        pytest.param(nic("rvu_nicpf"), to(0), [], id="octeontx2 redirects"),
        pytest.param(
            nic("rvu_nicpf"),
            to(0, 5),
            [
                f"rvu_nicpf does not look whether a VF has the queue of a rule: frames of {FLOW} to VF 0 queue 5 are "
                "lost where it has not"
            ],
            id="octeontx2: a queue that may not be there",
        ),
        pytest.param(nic("ixgbe", device="10fb"), to(0, 1), [], id="ixgbe: the queue of the VF"),
    ],
)
def test_where_the_frames_of_a_rule_end_is_said(state, wanted, warnings):
    plan = planned(state, desired_pf(rules=desired_rules(wanted))).plan
    assert list(plan.warnings) == warnings
    assert len(plan.steps) == 1


def test_many_rules_are_told_at_once():
    plan = planned(nic("qede"), desired_pf(rules=desired_rules(to(1), rule(dst_ip=1, dst_port=2, location=None)))).plan
    assert [warning.rpartition(" (")[2] for warning in plan.warnings] == [f"{FLOW} to VF 1 queue 0 and 1 more)"]
