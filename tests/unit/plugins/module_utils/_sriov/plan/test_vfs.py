# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of VFs as a table: PF, desired, sentences. No kernel is involved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    FRESH,
    LABEL,
    PF,
    ROUTE,
    desired_driver,
    desired_pf,
    desired_vfs,
    ixgbe,
    netdev,
    pf,
    planned,
    sentences,
    vf,
)

MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
AUTO_0, AUTO_1 = "06:0b:00:00:01:00", "06:0b:01:00:01:00"
VF_0 = f"0000:01:10.0 (VF 0 of {PF})"
AWAY = Holder("netns", "its interface enp1s0v0 is in network namespace blue")
FREE = vf(driver=None)  # without a driver, and so without an interface
BYPASSED = vf(driver="vfio-pci")
CREATE = [f"set sriov_numvfs of {LABEL} from 0 to 1", f"wait until the VF of {LABEL} is there"]


def one(vf_state, kind=ixgbe, **changes):
    return kind(1, vfs=(vf_state,), **{"carrier": True, **changes})


def changed(**attributes):
    """A VF without a driver, whose attributes are others than those of a new one."""
    return vf(driver=None, attributes=replace(FRESH, **attributes))


def loaded(mac, **changes):
    """A VF whose kernel driver has this address, whatever the PF's driver tells."""
    return vf(netdevs=(netdev("enp1s0v0", mac=mac, mtu=1500),), **changes)


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(one(FREE), [desired_vfs()], [], id="nothing is desired"),
        pytest.param(
            one(FREE),
            [desired_vfs(mac=MAC)],
            [f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)"],
            id="an address",
        ),
        pytest.param(one(changed(mac=MAC)), [desired_vfs(mac=MAC)], [], id="the address that it has"),
        pytest.param(
            ixgbe(2, vfs=(FREE, vf(1, driver=None))),
            [desired_vfs("all", mac="auto")],
            [
                f"set VF 0 of {LABEL}: mac {AUTO_0} (was 00:00:00:00:00:00)",
                f"set VF 1 of {LABEL}: mac {AUTO_1} (was 00:00:00:00:00:00)",
            ],
            id="auto: the PF's permanent address and the index",
        ),
        pytest.param(
            one(FREE),
            [desired_vfs(vlan=100)],
            [f"set VF 0 of {LABEL}: vlan 100 (was 0)"],
            id="a VLAN is written with its priority and protocol",
        ),
        pytest.param(
            one(changed(vlan=100, qos=3)),
            [desired_vfs(qos=5)],
            [f"set VF 0 of {LABEL}: qos 5 (was 3)"],
            id="a priority does not lose its VLAN",
        ),
        pytest.param(
            one(changed(vlan=100, qos=3)),
            [desired_vfs(vlan=0, qos=0)],
            [f"set VF 0 of {LABEL}: vlan 0 (was 100), qos 0 (was 3)"],
            id="no VLAN any more",
        ),
        pytest.param(
            one(FREE),
            [desired_vfs(max_tx_rate=500)],
            [f"set VF 0 of {LABEL}: max_tx_rate 500 (was 0)"],
            id="a rate",
        ),
        pytest.param(
            one(changed(max_tx_rate=500)),
            [desired_vfs(max_tx_rate=0)],
            [f"set VF 0 of {LABEL}: max_tx_rate 0 (was 500)"],
            id="no limit any more",
        ),
        pytest.param(
            one(FREE),
            [desired_vfs(spoofchk=False, trust=True, link_state="disable", query_rss=True)],
            [
                f"set VF 0 of {LABEL}: spoofchk off (was on), trust on (was off), link_state disable (was auto), "
                "query_rss on (was off)"
            ],
            id="switches",
        ),
        pytest.param(
            one(FREE),
            [desired_vfs(spoofchk=True, trust=False, link_state="auto", query_rss=False, vlan=0, max_tx_rate=0)],
            [],
            id="all as it is",
        ),
        pytest.param(
            one(changed(trust=True)),
            [desired_vfs(trust=True, spoofchk=False)],
            [f"set VF 0 of {LABEL}: spoofchk off (was on)"],
            id="only what differs is written",
        ),
        pytest.param(
            ixgbe(3),
            [desired_vfs("1", trust=True), desired_vfs("0,2", spoofchk=False)],
            [
                f"set VF 0 of {LABEL}: spoofchk off (was on)",
                f"set VF 1 of {LABEL}: trust on (was off)",
                f"set VF 2 of {LABEL}: spoofchk off (was on)",
            ],
            id="each VF has its own",
        ),
        pytest.param(
            ixgbe(3),
            [desired_vfs("all", spoofchk=False, trust=True), desired_vfs("1-2", trust=None), desired_vfs("2", vlan=7)],
            [
                f"set VF 0 of {LABEL}: spoofchk off (was on), trust on (was off)",
                f"set VF 1 of {LABEL}: spoofchk off (was on)",
                f"set VF 2 of {LABEL}: vlan 7 (was 0), spoofchk off (was on)",
            ],
            id="all first, exceptions after",
        ),
        pytest.param(
            one(changed(query_rss=None, link_state=None, vlan_proto=None), kind=pf),
            [desired_vfs(query_rss=False, link_state="auto", min_tx_rate=0, vlan_proto="802.1Q")],
            [],
            id="what the driver does not tell is as it starts",
        ),
        pytest.param(ixgbe(), [desired_vfs("all", mac="auto")], [], id="all of no VFs"),
        pytest.param(
            one(BYPASSED, up=False),
            [desired_vfs(mac=MAC)],
            [f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)"],
            id="a PF that is down is no matter",
        ),
    ],
)
def test_what_is_missing_is_written(state, desired, steps):
    assert sentences(state, desired_pf(vfs=desired)) == steps


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(
            one(loaded(OTHER)),
            [desired_vfs(mac=MAC)],
            [
                f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)",
                f"reload igbvf of {VF_0}: it has its MAC address from the time it was loaded, {OTHER}",
            ],
            id="its kernel driver has another",
        ),
        pytest.param(
            one(loaded(OTHER, attributes=replace(FRESH, mac=MAC))),
            [desired_vfs(mac=MAC)],
            [f"reload igbvf of {VF_0}: it has its MAC address from the time it was loaded, {OTHER}"],
            id="the PF's driver has it already, the VF's does not",
        ),
        pytest.param(
            one(loaded(MAC, attributes=replace(FRESH, mac=MAC))),
            [desired_vfs(mac=MAC)],
            [],
            id="its kernel driver has it",
        ),
        pytest.param(
            one(loaded(OTHER)),
            [desired_vfs(trust=True)],
            [f"set VF 0 of {LABEL}: trust on (was off)"],
            id="no reload without an address",
        ),
        pytest.param(
            one(BYPASSED),
            [desired_vfs(mac=MAC)],
            [f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)"],
            id="what bypasses the kernel has no such driver",
        ),
        pytest.param(
            one(vf(netdevs=(), holders=(AWAY,))),
            [desired_vfs(mac=MAC)],
            [
                f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)",
                f"reload igbvf of {VF_0}: it has its MAC address from the time it was loaded",
            ],
            id="what its interface in another namespace has is not known",
        ),
        pytest.param(
            one(vf(netdevs=(), holders=(AWAY,), attributes=replace(FRESH, mac=MAC))),
            [desired_vfs(mac=MAC)],
            [],
            id="an interface in another namespace, and the address that the PF's driver tells",
        ),
    ],
)
def test_a_kernel_driver_is_reloaded_when_it_has_another_address(state, desired, steps):
    assert sentences(state, desired_pf(vfs=desired, allow=["in_use"])) == steps


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(
            one(loaded(OTHER), kind=pf),
            desired_vfs(mtu=9000),
            [f"set the MTU of {VF_0} to 9000 (was 1500)"],
            id="igb asks nothing of the PF's MTU",
        ),
        pytest.param(one(loaded(OTHER)), desired_vfs(mtu=1500), [], id="as it is"),
        pytest.param(
            one(loaded(OTHER), mtu=9000),
            desired_vfs(mtu=9000),
            [f"set the MTU of {VF_0} to 9000 (was 1500)"],
            id="ixgbe: jumbo frames after the PF's",
        ),
        pytest.param(
            one(loaded(OTHER)),
            desired_vfs(mtu=1400, mac=MAC),
            [
                f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)",
                f"reload igbvf of {VF_0}: it has its MAC address from the time it was loaded, {OTHER}",
                f"set the MTU of {VF_0} to 1400 (was 1500)",
            ],
            id="after the reload",
        ),
        pytest.param(
            one(BYPASSED),
            desired_vfs(mtu=1400),
            [f"bind {VF_0} to igbvf (now vfio-pci)", f"set the MTU of {VF_0} to 1400 (was 1500)"],
            id="after the driver that gives the interface",
        ),
    ],
)
def test_the_mtu_is_that_of_the_vf_s_own_interface(state, desired, steps):
    assert sentences(state, desired_pf(vfs=[desired, desired_driver("0", "igbvf")])) == steps


@pytest.mark.parametrize(
    ("state", "desired", "steps"),
    [
        pytest.param(
            ixgbe(carrier=True),
            desired_vfs(mac=MAC, spoofchk=True, trust=False, link_state="auto", query_rss=False, vlan=0, max_tx_rate=0),
            [
                *CREATE,
                f"set VF 0 of {LABEL}: mac {MAC}, spoofchk on, trust off, link_state auto, query_rss off",
                f"reload igbvf of {VF_0}: it has its MAC address from the time it was loaded",
            ],
            id="what nobody knows of a new VF is written, and the kernel has bound it before",
        ),
        pytest.param(
            pf(drivers_autoprobe=False),
            desired_vfs(mac=MAC, link_state="auto", query_rss=False, min_tx_rate=0),
            [*CREATE, f"set VF 0 of {LABEL}: mac {MAC}"],
            id="but not what the driver has no word for",
        ),
        pytest.param(
            ixgbe(carrier=True, drivers_autoprobe=False),
            desired_vfs(max_tx_rate=100),
            [
                *CREATE,
                f"wait until {LABEL} has a link: the driver takes rates only then",
                f"set VF 0 of {LABEL}: max_tx_rate 100 (was 0)",
            ],
            id="a rate waits for the link, which the VFs take away",
        ),
        pytest.param(
            pf(driver="i40e", device="1572", drivers_autoprobe=False),
            desired_vfs(max_tx_rate=100),
            [*CREATE, f"set VF 0 of {LABEL}: max_tx_rate 100 (was 0)"],
            id="a driver that takes rates without a link does not wait",
        ),
        pytest.param(
            pf(),
            desired_vfs(mtu=4000),
            [*CREATE, f"set the MTU of {VF_0} to 4000 (was 1500)"],
            id="the MTU of an interface that is still to come",
        ),
    ],
)
def test_a_vf_that_the_plan_creates_gets_its_attributes(state, desired, steps):
    assert sentences(state, desired_pf(vfs=[desired], num_vfs=1)) == steps


def test_an_address_comes_before_the_driver_that_reads_it():
    steps = sentences(one(BYPASSED), desired_pf(vfs=[desired_vfs(mac=MAC, driver="igbvf")]))
    assert steps == [
        f"set VF 0 of {LABEL}: mac {MAC} (was 00:00:00:00:00:00)",
        f"bind {VF_0} to igbvf (now vfio-pci)",
    ]


def test_one_link_set_up_is_waited_for_once():
    state = ixgbe(2, vfs=(FREE, vf(1, driver=None)), up=False)
    steps = sentences(state, desired_pf(vfs=[desired_vfs("all", max_tx_rate=100)], up=True))
    assert steps[:2] == ["set enp1s0 up", f"wait until {LABEL} has a link: the driver takes rates only then"]
    assert [step.split(":")[0] for step in steps[2:]] == ["set VF 0 of enp1s0 (0000", "set VF 1 of enp1s0 (0000"]


@pytest.mark.parametrize(
    ("state", "desired"),
    [
        pytest.param(one(FREE), desired_vfs(mac=MAC), id="free"),
        pytest.param(one(BYPASSED, holders=(ROUTE,)), desired_vfs(mac=MAC), id="a PF with a default route"),
        pytest.param(
            one(loaded(MAC, holders=(BUSY,), attributes=replace(FRESH, mac=MAC))),
            desired_vfs(mac=MAC, trust=True),
            id="in use, with the address that it has",
        ),
        pytest.param(
            one(vf(driver="vfio-pci", holders=(BUSY,))),
            desired_vfs(trust=True, spoofchk=False),
            id="in use, given more",
        ),
        pytest.param(
            ixgbe(2, vfs=(changed(mac=MAC), vf(1, attributes=replace(FRESH, mac=MAC)))),
            desired_vfs("0", trust=True),
            id="two VFs share an address, and nobody asks for one",
        ),
        pytest.param(
            ixgbe(2, vfs=(changed(mac=MAC), vf(1, attributes=replace(FRESH, mac=MAC)))),
            desired_vfs("0", mac=OTHER),
            id="two VFs share an address, and one gets another",
        ),
    ],
)
def test_what_harms_nobody_is_not_refused(state, desired):
    assert sentences(state, desired_pf(vfs=[desired]))


def test_two_vfs_may_swap_their_addresses():
    state = ixgbe(2, vfs=(changed(mac=MAC), vf(1, driver=None, attributes=replace(FRESH, mac=OTHER))))
    steps = sentences(state, desired_pf(vfs=[desired_vfs("0", mac=OTHER), desired_vfs("1", mac=MAC)]))
    assert steps == [
        f"set VF 0 of {LABEL}: mac {OTHER} (was {MAC})",
        f"set VF 1 of {LABEL}: mac {MAC} (was {OTHER})",
    ]


def test_the_prediction_has_the_attributes_the_address_and_the_mtu():
    state = ixgbe(2, vfs=(loaded(OTHER), vf(1, driver="vfio-pci")), mtu=9000)
    after = planned(
        state,
        desired_pf(vfs=[desired_vfs("all", trust=True)]),
    ).after.pfs[PF]
    assert [each.attributes for each in after.vfs] == [replace(FRESH, trust=True)] * 2
    after = planned(state, desired_pf(vfs=[desired_vfs("0", mac=MAC, mtu=9000)])).after.pfs[PF]
    assert (after.vfs[0].attributes, after.vfs[0].netdev.mac, after.vfs[0].netdev.mtu) == (
        replace(FRESH, mac=MAC),
        MAC,
        9000,
    )
    assert after.vfs[1] == state.vfs[1]
