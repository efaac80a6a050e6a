# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of VF attributes, word for word, as an operator gets them; those of addresses are in the file beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, NotSupported
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    FRESH,
    PROGRAM,
    SSH,
    desired_pf,
    desired_vfs,
    i350,
    ixgbe,
    pf,
    planned,
    refusals,
    sentences,
    vf,
    x550,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.vf_refusals import FREE, MAC, ON, loaded, one

AWAY = Holder("netns", "its interface enp1s0v0 is in network namespace blue")


def refused_by(driver, why, name):
    return f"{ON}: driver {driver}: {why}. Remedy: leave out {name}."


REFUSALS = [
    pytest.param(
        ixgbe(4),
        [desired_vfs("4", trust=True)],
        InvalidRequest,
        f"vfs[0].vf: 4 names VF 4{ON}: the PF has 4 VFs. Remedy: ask for more (num_vfs: 5), or name VFs 0 to 3.",
        id="a VF that is not there",
    ),
    pytest.param(
        ixgbe(),
        [desired_vfs("0", trust=True)],
        InvalidRequest,
        f"vfs[0].vf: 0 names VF 0{ON}: the PF has 0 VFs. Remedy: ask for more (num_vfs: 1).",
        id="a VF of a PF without VFs",
    ),
    # What the drivers do not take.
    pytest.param(
        one(),
        [desired_vfs(min_tx_rate=100)],
        NotSupported,
        "min_tx_rate: cannot set 100 for VF 0" + refused_by("ixgbe", "it has no least rate", "min_tx_rate"),
        id="ixgbe: a least rate",
    ),
    pytest.param(
        one(),
        [desired_vfs(link_state="enable")],
        NotSupported,
        "link_state: cannot set enable for VF 0" + refused_by("ixgbe", "it takes auto and disable only", "link_state"),
        id="ixgbe: a link that is always up",
    ),
    pytest.param(
        one(),
        [desired_vfs(vlan=5, vlan_proto="802.1ad")],
        NotSupported,
        "vlan_proto: cannot set 802.1ad for VF 0" + refused_by("ixgbe", "it takes 802.1Q only", "vlan_proto"),
        id="ixgbe: 802.1ad",
    ),
    pytest.param(
        one(kind=x550),
        [desired_vfs(query_rss=True)],
        NotSupported,
        "query_rss: cannot set on for VF 0" + refused_by("ixgbe", "X550 and later tell VFs no RSS table", "query_rss"),
        id="X550: query_rss",
    ),
    *(
        pytest.param(
            one(),
            [desired_vfs(max_tx_rate=rate)],
            NotSupported,
            f"max_tx_rate: cannot set {rate} Mbit/s for VF 0{ON}: driver ixgbe takes 11 to 10000, or 0 for no limit. "
            "Remedy: give a rate that it takes.",
            id=f"ixgbe: {rate} Mbit/s",
        )
        for rate in (10, 10001)
    ),
    pytest.param(
        one(carrier=False, up=True),
        [desired_vfs(max_tx_rate=100)],
        NotSupported,
        f"max_tx_rate: cannot set 100 Mbit/s for VF 0{ON}: the PF has no link, and the driver takes rates only while "
        "it has one. Remedy: plug in the cable, and run again.",
        id="ixgbe: a rate without a link",
    ),
    pytest.param(
        one(carrier=False, up=False),
        [desired_vfs(max_tx_rate=100)],
        NotSupported,
        f"max_tx_rate: cannot set 100 Mbit/s for VF 0{ON}: the PF has no link, and the driver takes rates only while "
        "it has one. Remedy: set the PF up first (module pf, up: true).",
        id="ixgbe: a rate while the PF is down",
    ),
    pytest.param(
        one(vf(driver=None, attributes=replace(FRESH, max_tx_rate=100)), carrier=False),
        [desired_vfs(max_tx_rate=0)],
        NotSupported,
        f"max_tx_rate: cannot set 0 Mbit/s for VF 0{ON}: the PF has no link, and the driver takes rates only while "
        "it has one. Remedy: plug in the cable, and run again.",
        id="ixgbe: no rate any more without a link",
    ),
    *(
        pytest.param(
            one(kind=pf),
            [desired_vfs(**{name: value})],
            NotSupported,
            f"{name}: cannot set {shown} for VF 0" + refused_by("igb", why, name),
            id=f"igb: {name}",
        )
        for name, value, shown, why in (
            ("min_tx_rate", 100, "100", "it has no least rate"),
            ("link_state", "disable", "disable", "it leaves a VF's link to the PF's"),
            ("query_rss", True, "on", "it tells VFs no RSS table"),
            ("vlan_proto", "802.1ad", "802.1ad", "it takes 802.1Q only"),
        )
    ),
    pytest.param(
        one(kind=pf),
        [desired_vfs(max_tx_rate=1001)],
        NotSupported,
        f"max_tx_rate: cannot set 1001 Mbit/s for VF 0{ON}: driver igb takes 1 to 1000, or 0 for no limit. "
        "Remedy: give a rate that it takes.",
        id="igb: more than its link has",
    ),
    pytest.param(
        one(kind=i350),
        [desired_vfs(max_tx_rate=100)],
        NotSupported,
        "max_tx_rate: cannot set 100 for VF 0" + refused_by("igb", "only the 82576 limits rates", "max_tx_rate"),
        id="i350: a rate",
    ),
    pytest.param(
        one(vf(driver=None, attributes=replace(FRESH, trust=None)), driver="mystery"),
        [desired_vfs(trust=True)],
        NotSupported,
        "trust: cannot set on for VF 0" + refused_by("mystery", "it does not report it", "trust"),
        id="an unknown driver that does not report it",
    ),
    pytest.param(
        ixgbe(1, vfs=(FREE,), netdevs=()),
        [desired_vfs(trust=True)],
        NotSupported,
        "cannot set the attributes of its VFs on 0000:01:00.0: driver ixgbe has given it no interface in this network "
        "namespace. Remedy: see dmesg for the driver's messages; if the interface was moved to another namespace, "
        "bring it back.",
        id="a PF without interface",
    ),
    # Their own interface.
    pytest.param(
        one(loaded()),
        [desired_vfs(mtu=60)],
        InvalidRequest,
        f"mtu: 60 is not between 68 and 9710 (VF 0){ON}. Remedy: give one that its driver takes.",
        id="an MTU that the VF's driver does not take",
    ),
    pytest.param(
        one(vf()),
        [desired_vfs(mtu=67)],
        InvalidRequest,
        f"mtu: 67 is not between 68 and 65535 (VF 0){ON}. Remedy: give one that its driver takes.",
        id="an MTU that no driver takes",
    ),
    pytest.param(
        one(loaded(), mtu=1500),
        [desired_vfs(mtu=1501)],
        NotSupported,
        f"mtu: cannot set 1501 for VF 0{ON}: driver ixgbe stops a VF with jumbo frames while the PF has an MTU of "
        "1500. Remedy: raise the PF's first: `ip link set dev PF mtu 1501`.",
        id="jumbo frames before the PF's",
    ),
    pytest.param(
        one(vf(driver="vfio-pci")),
        [desired_vfs(mtu=1400)],
        NotSupported,
        f"mtu: cannot set 1400 for VF 0{ON}: its interface is not there: vfio-pci has it. "
        "Remedy: leave out mtu, or give the VF its kernel driver.",
        id="the MTU of a VF that bypasses the kernel",
    ),
    pytest.param(
        one(FREE),
        [desired_vfs(mtu=1400)],
        NotSupported,
        f"mtu: cannot set 1400 for VF 0{ON}: its interface is not there: no driver has it. "
        "Remedy: leave out mtu, or give the VF its kernel driver.",
        id="the MTU of a VF without driver",
    ),
    pytest.param(
        one(vf(netdevs=(), holders=(AWAY,))),
        [desired_vfs(mtu=1400)],
        NotSupported,
        f"mtu: cannot set 1400 for VF 0{ON}: its interface enp1s0v0 is in network namespace blue. "
        "Remedy: leave out mtu, or bring it back.",
        id="the MTU of an interface in another namespace",
    ),
    pytest.param(
        one(vf(netdevs=(), holders=(Holder("unplaced", "its interface is not here"),))),
        [desired_vfs(mtu=1400)],
        NotSupported,
        f"mtu: cannot set 1400 for VF 0{ON}: its interface is not here. Remedy: leave out mtu, or bring it back.",
        id="the MTU of an interface that is nobody knows where",
    ),
    pytest.param(
        one(vf(driver="mlx5_vfio_pci", vfio=True)),
        [desired_vfs(mtu=1400)],
        NotSupported,
        f"mtu: cannot set 1400 for VF 0{ON}: its interface is not there: mlx5_vfio_pci has it. "
        "Remedy: leave out mtu, or give the VF its kernel driver.",
        id="the MTU of a VF with a vfio driver for one device",
    ),
]


@pytest.mark.parametrize(("state", "desired", "kind", "message"), REFUSALS)
def test_a_refusal_says_what_why_and_what_to_do(state, desired, kind, message):
    (refused,) = refusals(state, desired_pf(vfs=desired))
    assert (type(refused), str(refused)) == (kind, message)


def test_all_that_cannot_be_had_is_told_at_once():
    state = ixgbe(3, vfs=(FREE, vf(1, driver="vfio-pci", holders=(BUSY,)), vf(2)))
    desired = [
        desired_vfs("0", min_tx_rate=5, vlan=7, vlan_proto="802.1ad", max_tx_rate=3),
        desired_vfs("1", mac=MAC, mtu=1400),
        desired_vfs("2-3", mtu=9000),
    ]
    assert [(each.what, each.consent) for each in refusals(state, desired_pf(vfs=desired))] == [
        ("vfs[0].vf: 2-3 names VF 3", ""),
        ("vlan_proto: cannot set 802.1ad for VF 0", ""),
        ("min_tx_rate: cannot set 5 for VF 0", ""),
        ("max_tx_rate: cannot set 3 Mbit/s for VF 0", ""),
        ("max_tx_rate: cannot set 3 Mbit/s for VF 0", ""),
        (f"mac: cannot give VF 1 {MAC}", ""),
        ("mtu: cannot set 9000 for VF 2", ""),
        ("mtu: cannot set 1400 for VF 1", ""),
    ]


def test_what_is_refused_of_many_vfs_for_one_reason_is_told_once():
    """Only what differs for a VF is told apart: VF 2 has no interface, VF 5 is not asked for a rate."""
    members = [vf(index, driver=None if index == 2 else "igbvf") for index in range(6)]
    desired = [desired_vfs("all", link_state="enable", mtu=1400), desired_vfs("0-4", min_tx_rate=5)]
    assert [each.what for each in refusals(ixgbe(6, vfs=tuple(members)), desired_pf(vfs=desired))] == [
        "min_tx_rate: cannot set 5 for VFs 0-4",
        "link_state: cannot set enable for VFs 0-5",
        "mtu: cannot set 1400 for VF 2",
    ]
    far_apart = [desired_vfs("0,2-4", min_tx_rate=5)]
    (refused,) = refusals(ixgbe(6), desired_pf(vfs=far_apart))
    assert str(refused) == (
        f"min_tx_rate: cannot set 5 for VFs 0,2-4{ON}: driver ixgbe: it has no least rate. "
        "Remedy: leave out min_tx_rate."
    )


@pytest.mark.parametrize(
    "desired", [desired_vfs(trust=True), desired_vfs(mac=MAC), desired_vfs(mtu=1400)], ids=["trust", "mac", "mtu"]
)
def test_the_vf_that_carries_the_operator_is_not_changed_whatever_is_accepted(desired):
    (refused,) = refusals(one(loaded(holders=(SSH,))), desired_pf(vfs=[desired], allow=CONSENTS))
    assert str(refused) == (
        f"vfs: cannot change VF 0{ON}: it carries the SSH connection from 192.0.2.1. "
        "Remedy: reach the host over another NIC."
    )


def test_the_vf_that_carries_the_operator_may_be_as_it_is_desired():
    assert sentences(one(loaded(holders=(SSH,))), desired_pf(vfs=[desired_vfs(trust=False, mtu=1500)])) == []


CHANGES = "it is in use, and what its user sends and receives would change"
OR_ACCEPT = "Remedy: release it, or accept that for its user: allow: [in_use]."


@pytest.mark.parametrize(
    ("said", "names"),
    [({"vlan": 7}, "vlan"), ({"vlan": 7, "qos": 3, "spoofchk": True, "max_tx_rate": 100}, "vlan, qos, max_tx_rate")],
)
@pytest.mark.parametrize("holder", [BUSY, PROGRAM, AWAY])
def test_what_the_user_of_a_vf_sends_is_changed_only_if_that_is_allowed(holder, said, names):
    state, wanted = one(vf(driver="vfio-pci", holders=(holder,))), desired_vfs(**said)
    (refusal,) = refusals(state, desired_pf(vfs=[wanted], allow={*CONSENTS} - {"in_use"}))
    assert str(refusal) == f"{names}: cannot change for VF 0{ON}: {CHANGES}: {holder.text}. {OR_ACCEPT}"
    plan = planned(state, desired_pf(vfs=[wanted], allow=["in_use"])).plan
    assert list(plan.allowed) == [f"in_use for VF 0 of enp1s0 (0000:01:00.0): {CHANGES}: {holder.text}"]
    assert len(plan.steps) == 1


def test_what_the_user_of_a_vf_has_already_needs_no_consent():
    attributes = replace(FRESH, vlan=7, qos=3)
    state = one(vf(driver="vfio-pci", holders=(BUSY,), attributes=attributes))
    assert sentences(state, desired_pf(vfs=[desired_vfs(vlan=7, qos=3, spoofchk=True)])) == []
    assert len(sentences(state, desired_pf(vfs=[desired_vfs(vlan=7, spoofchk=False, trust=True)]))) == 1
