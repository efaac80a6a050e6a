# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may take away what: each act with the consent that it needs, under every consent that can be given."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import (
    CONSENTS,
    DESTROY_VFS,
    IN_USE,
    LINK_RESET,
    TAKE_PF,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredVf
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan import guard
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    PROGRAM,
    ROUTE,
    RULE,
    SSH,
    pf,
    pf_device,
    vf,
)

NEVER = "never"
ADDRESSED = Holder("address", "enp1s0 has address 192.0.2.3/24")
PORT = Holder("master", "enp1s0 is a port of bond bond0")
EVERY_LIST = [set(some) for number in range(len(CONSENTS) + 1) for some in itertools.combinations(CONSENTS, number)]
MAC = "02:00:00:00:aa:00"


def of(*holders):
    """A PF with a VF that these hold."""
    return pf(1, vfs=(vf(holders=holders),))


def vfs(state, count):
    return list(guard.num_vfs_changes(state, count, "num_vfs"))


def down(state):
    return list(guard.pf_goes_down(state))


def reset(state):
    return list(guard.pf_resets(state, "channels"))


def driver(device, target="vfio-pci"):
    return list(guard.driver_changes(device, target))


def attributes(member, change=None, mtu=None, of_pf=None, **wanted):
    desired = DesiredVf(VfAttributes(**wanted), mtu)
    written = desired.attributes if change is None else change
    return list(guard.vf_changes(pf(1, vfs=(member,), **(of_pf or {})), member, desired, written))


# A VF as its user has it: what takes something away from there, and what does not.
SET = VfAttributes("02:00:00:00:00:07", 7, 2, "802.1Q", False, True, 100, 1000, "auto", True)
ENABLED = replace(SET, link_state="enable")
CUTS = (
    {"vlan": 8},
    {"vlan": 0},
    {"qos": 3},
    {"vlan_proto": "802.1ad"},
    {"spoofchk": True},
    {"trust": False},
    {"min_tx_rate": 50},
    {"max_tx_rate": 999},
    {"link_state": "disable"},
    {"link_state": "disable", "trust": True},
)
LOOSENINGS = (
    {"vlan": 7, "qos": 2},
    {"spoofchk": False},
    {"trust": True},
    {"min_tx_rate": 200},
    {"max_tx_rate": 2000},
    {"max_tx_rate": 0},
    {"link_state": "enable"},
    {"query_rss": False},
)


def channels(*kept):
    return list(guard.queues_go(pf(), "channels", 2, kept))


@pytest.mark.parametrize(
    ("refusals", "needed"),
    [
        pytest.param(vfs(pf(), 4), set(), id="first VFs"),
        pytest.param(vfs(pf(holders=(PROGRAM,)), 4), set(), id="first VFs of a PF that a program uses"),
        pytest.param(vfs(pf(holders=(SSH,)), 4), {LINK_RESET}, id="first VFs of the PF that carries SSH"),
        pytest.param(vfs(pf(holders=(ROUTE,)), 4), {LINK_RESET}, id="first VFs of the PF of a default route"),
        pytest.param(vfs(pf(2), 0), set(), id="no VFs: that names them all"),
        pytest.param(vfs(pf(2), 4), {DESTROY_VFS}, id="more VFs destroy those that are there"),
        pytest.param(vfs(of(PROGRAM), 0), {IN_USE}, id="a VF that a program uses"),
        pytest.param(vfs(of(PROGRAM), 4), {DESTROY_VFS, IN_USE}, id="the same, for more VFs"),
        pytest.param(vfs(of(BUSY), 0), NEVER, id="a VF whose vfio node a program has open"),
        pytest.param(vfs(of(PROGRAM, BUSY), 4), NEVER, id="the same, for more VFs and whoever else uses it"),
        pytest.param(vfs(of(ROUTE), 0), {IN_USE, LINK_RESET}, id="a VF of a default route"),
        pytest.param(vfs(of(SSH), 0), NEVER, id="the VF that carries SSH"),
        pytest.param(vfs(of(PROGRAM, SSH), 4), NEVER, id="the same, whoever else uses it"),
        pytest.param(down(pf()), set(), id="down"),
        pytest.param(down(pf(holders=(PROGRAM,))), {IN_USE}, id="down, in use by a program"),
        pytest.param(down(pf(holders=(ADDRESSED,))), {IN_USE}, id="down, with an address"),
        pytest.param(down(pf(holders=(PORT, ADDRESSED))), {IN_USE}, id="down, as a port of a bond"),
        pytest.param(down(pf(holders=(SSH, ADDRESSED))), NEVER, id="down, with SSH and its address"),
        pytest.param(down(pf(holders=(ROUTE,))), NEVER, id="down, with a default route"),
        pytest.param(down(of(SSH)), NEVER, id="down, with a VF that carries SSH"),
        pytest.param(reset(pf(2)), set(), id="a reset"),
        pytest.param(reset(pf(holders=(SSH,))), {LINK_RESET}, id="a reset under SSH"),
        pytest.param(reset(of(ROUTE)), {LINK_RESET}, id="a reset under a VF's default route"),
        pytest.param(reset(of(PROGRAM)), {IN_USE}, id="a reset under a program"),
        pytest.param(reset(of(BUSY)), NEVER, id="a reset under a vfio program"),
        pytest.param(reset(of(PROGRAM, SSH)), {IN_USE, LINK_RESET}, id="a reset under both"),
        pytest.param(reset(of(PROGRAM, BUSY)), NEVER, id="a reset under two programs"),
        pytest.param(driver(vf()), set(), id="another driver"),
        pytest.param(driver(vf(holders=(PROGRAM,))), {IN_USE}, id="another driver for a device in use"),
        pytest.param(driver(vf(holders=(BUSY,))), NEVER, id="another driver for a device whose vfio node is open"),
        pytest.param(driver(vf(holders=(ROUTE,)), None), {IN_USE}, id="no driver for a default route's device"),
        pytest.param(driver(vf(holders=(SSH,))), NEVER, id="another driver for what carries SSH"),
        pytest.param(driver(pf_device()), {TAKE_PF}, id="the PF itself"),
        pytest.param(driver(pf_device(holders=(ROUTE,))), {TAKE_PF, IN_USE}, id="the PF itself, with a default route"),
        pytest.param(driver(pf_device(driver="vfio-pci"), "igb"), set(), id="the PF back to the kernel"),
        pytest.param(driver(pf_device(num_vfs=2)), NEVER, id="a PF whose VFs live on its driver"),
        pytest.param(attributes(vf(holders=(BUSY,)), trust=True), set(), id="an attribute of a VF in use"),
        *(
            pytest.param(
                attributes(vf(holders=(user,), attributes=SET), **wanted), needed, id=f"{wanted} of {user.kind}"
            )
            for user in (BUSY, PROGRAM, ADDRESSED, ROUTE)
            for wanted, needed in [
                *((wanted, {IN_USE}) for wanted in CUTS),
                *((wanted, set()) for wanted in LOOSENINGS),
            ]
        ),
        *(pytest.param(attributes(vf(attributes=SET), **each), set(), id=f"{each}, free") for each in CUTS),
        *(pytest.param(attributes(vf(holders=(SSH,)), **each), NEVER, id=f"{each} of SSH") for each in CUTS),
        pytest.param(
            attributes(vf(holders=(BUSY,), attributes=None), vlan=0, max_tx_rate=0, spoofchk=False),
            {IN_USE},
            id="a VLAN that the driver does not tell",
        ),
        pytest.param(
            attributes(vf(holders=(BUSY,), attributes=None), max_tx_rate=0, min_tx_rate=0, trust=True, query_rss=False),
            set(),
            id="no limit, where the driver does not tell",
        ),
        pytest.param(
            attributes(vf(holders=(BUSY,), attributes=ENABLED), link_state="auto"), {IN_USE}, id="auto without a link"
        ),
        pytest.param(
            attributes(vf(holders=(BUSY,), attributes=ENABLED), of_pf={"carrier": True}, link_state="auto"),
            set(),
            id="auto with a link",
        ),
        pytest.param(
            attributes(vf(holders=(BUSY,), attributes=SET), mac=MAC, vlan=9), NEVER, id="an address and a VLAN"
        ),
        pytest.param(attributes(vf(), mac=MAC), set(), id="an address of a free VF"),
        pytest.param(attributes(vf(holders=(PROGRAM,)), mac=MAC), {IN_USE}, id="an address of a VF in use"),
        pytest.param(attributes(vf(holders=(BUSY,)), mac=MAC), NEVER, id="an address of a VF whose vfio node is open"),
        pytest.param(
            attributes(vf(holders=(PROGRAM,)), VfAttributes(), mac=MAC), {IN_USE}, id="written already, not yet taken"
        ),
        pytest.param(attributes(vf(holders=(SSH,)), trust=True), NEVER, id="an attribute of the VF that carries SSH"),
        pytest.param(attributes(vf(holders=(SSH,)), mtu=1400), NEVER, id="its MTU"),
        *(
            pytest.param(attributes(vf(holders=(user,)), mtu=1400), {IN_USE}, id=f"an MTU of {user.kind}")
            for user in (PROGRAM, ADDRESSED, PORT, ROUTE)
        ),
        pytest.param(attributes(vf(holders=(ADDRESSED,)), mtu=0), set(), id="the MTU that it has"),
        pytest.param(attributes(vf(), mtu=1400), set(), id="an MTU of a free VF"),
        pytest.param(attributes(vf(driver=None, holders=(BUSY,)), mtu=1400), set(), id="an MTU without interface"),
        pytest.param(attributes(vf(holders=(SSH,)), VfAttributes(), mac=MAC), NEVER, id="its address, written already"),
        pytest.param(attributes(vf(holders=(SSH,)), VfAttributes(), mtu=0), set(), id="nothing of it"),
        pytest.param(channels(), set(), id="fewer channels"),
        pytest.param(channels(RULE), NEVER, id="fewer channels than a rule needs"),
    ],
)
def test_an_act_needs_its_consent_and_no_other(refusals, needed):
    for given in EVERY_LIST:
        faults = Faults(given)
        faults.add(*refusals)
        assert (not faults.found) == (needed != NEVER and needed <= given)
        assert all(each.remedy for each in faults.found)
        assert needed == NEVER or {each.consent for each in faults.found} == needed - given
        assert all(f"allow: [{each.consent}]" in each.remedy for each in faults.found if each.consent), "it is named"
        assert {each.consent for each in faults.allowed} <= given, "what is used is told, and nothing else"


def test_a_device_without_a_driver_may_be_held_by_the_node_of_its_group():
    """Nothing is taken from it: another device of the group is what the program has."""
    assert driver(vf(driver=None, holders=(BUSY,))) == []


@pytest.mark.parametrize(
    "refusals",
    [
        vfs(of(SSH), 0),
        driver(vf(holders=(SSH,))),
        vfs(of(BUSY), 0),
        down(of(SSH)),
        down(pf(holders=(SSH, ADDRESSED))),
    ],
)
def test_what_nothing_allows_is_told_once_and_names_no_consent(refusals):
    (refusal,) = refusals
    assert not refusal.consent and "allow: [" not in refusal.remedy


def test_all_that_is_in_the_way_is_told():
    found = vfs(of(SSH, BUSY, PROGRAM, ROUTE), 4)
    assert [each.consent for each in found] == [DESTROY_VFS, "", "", IN_USE, LINK_RESET]
    assert [each.why.partition(": ")[2] for each in found[1:4]] == [
        SSH.text,
        BUSY.text,
        f"{PROGRAM.text}; VF 0: {ROUTE.text}",
    ]


def test_what_carries_the_operator_is_told_from_what_does_not():
    assert guard.carries_ssh(pf(holders=(SSH,))) and guard.carries_ssh(of(SSH))
    assert not guard.carries_ssh(pf(holders=(ROUTE,))) and not guard.carries_ssh(of(BUSY))
