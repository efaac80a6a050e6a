# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each driver takes as attributes of its VFs, and what is refused of it, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import NotSupported
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    LABEL,
    desired_pf,
    desired_vfs,
    i350,
    ixgbe,
    pf,
    planned,
    refusals,
    sentences,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.vf_refusals import ON

NOTHING = VfAttributes()


def nic(driver, attributes=FRESH, **changes):
    """A PF of some driver with one VF that nobody has."""
    kind = ixgbe if driver == "ixgbe" else pf
    members = (vf(driver=None, attributes=attributes),)
    return kind(1, vfs=members, **{"driver": driver, "up": True, "carrier": True, **changes})


def refused(state, **said):
    return refusals(state, desired_pf(vfs=[desired_vfs(**said)]))


def steps(state, **said):
    return sentences(state, desired_pf(vfs=[desired_vfs(**said)]))


NOT_AT_ALL = {
    "i40e": {"min_tx_rate": "it has no least rate", "query_rss": "it tells VFs no RSS table"},
    "ice": {"query_rss": "it tells VFs no RSS table"},
    "mlx5_core": {"query_rss": "it tells VFs no RSS table"},
    "mlx4_core": {"min_tx_rate": "it has no least rate", "trust": "it trusts all VFs alike"},
    "bnxt_en": {"query_rss": "it tells VFs no RSS table"},
    "qede": {"qos": "it gives VLANs no priority"},
    "sfc": {
        "qos": "it gives VLANs no priority",
        "max_tx_rate": "it limits no rates",
        "min_tx_rate": "it has no least rate",
        "trust": "it trusts all VFs alike",
    },
    "cxgb4": {"qos": "it gives VLANs no priority", "spoofchk": "it has no such check"},
    "hns3": {"min_tx_rate": "it has no least rate"},
    "rvu_nicpf": {
        "qos": "it gives VLANs no priority",
        "max_tx_rate": "it limits no rates",
        "link_state": "it leaves a VF's link to the PF's",
    },
    "ionic": {"qos": "it gives VLANs no priority", "min_tx_rate": "it has no least rate"},
    "be2net": {"trust": "it trusts all VFs alike"},
    "bnx2x": {"qos": "it gives VLANs no priority", "max_tx_rate": "it limits no rates"},
    "ena": {"mac": "it has no attributes of VFs", "trust": "it has no attributes of VFs"},
    "idpf": {"spoofchk": "it has no attributes of VFs"},
}
VALUES = {"qos": 3, "min_tx_rate": 100, "max_tx_rate": 100, "link_state": "disable", "mac": "02:00:00:00:00:09"}


@pytest.mark.parametrize(
    ("driver", "name", "why"),
    [
        pytest.param(driver, name, why, id=f"{driver} {name}")
        for driver in NOT_AT_ALL
        for name, why in NOT_AT_ALL[driver].items()
    ],
)
def test_what_a_driver_has_not_or_tells_as_a_constant_is_refused(driver, name, why):
    said = {name: VALUES.get(name, True)}
    if name == "qos":
        said["vlan"] = 7
    attributes = replace(FRESH, spoofchk=False)
    (found,) = refused(nic(driver, attributes), **said)
    assert (type(found), found.why, found.remedy) == (NotSupported, f"driver {driver}: {why}", f"leave out {name}")


@pytest.mark.parametrize(
    "driver",
    [
        "ixgbe",
        "igb",
        "i40e",
        "mlx5_core",
        "qede",
        "sfc",
        "cxgb4",
        "hns3",
        "rvu_nicpf",
        "ionic",
        "be2net",
        "bnx2x",
        "hinic",
    ],
)
def test_drivers_with_one_protocol_of_vlans(driver):
    (found,) = refused(nic(driver), vlan=7, vlan_proto="802.1ad")
    assert found.why == f"driver {driver}: it takes 802.1Q only"


def test_bnxt_does_not_tell_the_protocol_of_a_vlan():
    (found,) = refused(nic("bnxt_en"), vlan=7, vlan_proto="802.1ad")
    assert found.why == "driver bnxt_en: it tells every VLAN as 802.1Q"


@pytest.mark.parametrize("driver", ["ice", "mlx4_core", "nfp", "funeth"])
def test_others_may_know_more(driver):
    assert refused(nic(driver), vlan=7, vlan_proto="802.1ad") == []


# Rates.


@pytest.mark.parametrize("rate", [0, 100])
@pytest.mark.parametrize("speed", [100, 1000, 2500, 5000])
def test_ixgbe_takes_rates_at_exactly_10_gbit_only(speed, rate):
    (found,) = refused(nic("ixgbe", replace(FRESH, max_tx_rate=500), speed=speed), max_tx_rate=rate)
    assert str(found) == (
        f"max_tx_rate: cannot set {rate} Mbit/s for VF 0{ON}: the link of the PF has {speed} Mbit/s, and driver ixgbe "
        "takes rates, 0 too, only while it has exactly 10000. Remedy: leave out max_tx_rate, or bring the link to "
        "10000 Mbit/s."
    )


@pytest.mark.parametrize("speed", [10000, 0])
def test_ixgbe_at_10_gbit_or_at_what_nobody_knows(speed):
    for rate in (0, 100):
        assert refused(nic("ixgbe", replace(FRESH, max_tx_rate=500), speed=speed), max_tx_rate=rate) == []


def test_a_rate_that_is_as_wanted_needs_no_link():
    assert steps(nic("ixgbe", replace(FRESH, max_tx_rate=500), speed=1000, carrier=False), max_tx_rate=500) == []


@pytest.mark.parametrize(
    ("rate", "why", "remedy"),
    [
        (49, "driver i40e takes 50 or more, or 0 for no limit", "give a rate that it takes"),
        (120, "driver i40e has multiples of 50 only, and it would be 100", "give a multiple of 50"),
        (
            10050,
            "the link of the PF has 10000 Mbit/s, and driver i40e takes no more than that",
            "give at most 10000, or 0 for no limit",
        ),
    ],
)
def test_rates_of_i40e_are_multiples_of_50_within_the_link(rate, why, remedy):
    (found,) = refused(nic("i40e", speed=10000), max_tx_rate=rate)
    assert (found.why, found.remedy) == (why, remedy)
    for fine in (50, 10000):
        assert refused(nic("i40e", speed=10000), max_tx_rate=fine) == []
        assert refused(nic("i40e", carrier=False), max_tx_rate=fine) == []


@pytest.mark.parametrize("driver", ["ice", "be2net", "hinic"])
def test_a_limit_needs_a_link_and_to_take_it_away_does_not(driver):
    limited = replace(FRESH, max_tx_rate=500)
    (found,) = refused(nic(driver, limited, carrier=False), max_tx_rate=600)
    assert found.why == "the PF has no link, and the driver takes rates only while it has one"
    assert refused(nic(driver, limited, carrier=False), max_tx_rate=0) == []
    (found,) = refused(nic(driver, limited, speed=1000), max_tx_rate=1001)
    assert found.remedy == "give at most 1000, or 0 for no limit"


def test_mlx4_limits_vfs_with_a_vlan_only():
    (found,) = refused(nic("mlx4_core"), max_tx_rate=100)
    assert found.why == "driver mlx4_core limits VFs that have a VLAN only"
    assert refused(nic("mlx4_core"), max_tx_rate=100, vlan=7) == []
    assert refused(nic("mlx4_core", replace(FRESH, vlan=7)), max_tx_rate=100) == []


def test_a_limit_that_qede_tells_as_none_is_refused():
    (found,) = refused(nic("qede", speed=25000), max_tx_rate=25000)
    assert str(found) == (
        f"max_tx_rate: cannot set 25000 Mbit/s for VF 0{ON}: driver qede tells 25000 for a VF without a limit, so "
        "nobody can see one of that. Remedy: give 0, which is no limit."
    )
    assert refused(nic("qede", speed=25000), max_tx_rate=10000) == []


@pytest.mark.parametrize("state", [i350(1, vfs=(vf(driver=None),), up=True, carrier=True)], ids=["i350"])
def test_what_has_no_rates_is_told_that_alone(state):
    (found,) = refused(state, max_tx_rate=5000)
    assert found.why == "driver igb: only the 82576 limits rates"


# What a driver takes, and never tells.


def test_a_new_vf_gets_what_sfc_never_tells():
    wanted = desired_pf(num_vfs=1, vfs=[desired_vfs(spoofchk=True)])
    outcome = planned(pf(driver="sfc", up=True, carrier=True), wanted)
    assert [str(step) for step in outcome.plan.steps][-1] == f"set VF 0 of {LABEL}: spoofchk on"
    (pf_after,) = outcome.after.pfs.values()
    assert pf_after.vfs[0].attributes.spoofchk is None, "what will be read"


def test_of_a_vf_that_is_there_nobody_knows_whether_it_has_it():
    plan = planned(nic("sfc", replace(FRESH, spoofchk=None)), desired_pf(vfs=[desired_vfs(spoofchk=True)])).plan
    assert (list(plan.steps), list(plan.warnings)) == (
        [],
        [
            f"spoofchk of VF 0 of {LABEL}: driver sfc does not tell it. VFs get it when this collection creates them; "
            "this one is as it was"
        ],
    )


def test_enic_s_vfs_are_nobody_s_to_create_so_it_is_refused():
    (found,) = refused(nic("enic", NOTHING), mac="02:00:00:00:00:09")
    assert found.why == "driver enic: it takes it and never tells it: set it yourself (ip link set dev PF vf N …)"
