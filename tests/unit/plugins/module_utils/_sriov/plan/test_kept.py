# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is desired of VFs that a plan creates again, beside what the user says; see modules/test_pf_recreate.py too."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    LABEL,
    PF,
    desired_pf,
    desired_vfs,
    host_state,
    ixgbe,
    netdev,
    pf,
    planned,
    vf,
)

MAC, OTHER = "02:00:00:00:aa:00", "02:00:00:00:aa:01"
AGAIN = {"num_vfs": 2, "allow": ["destroy_vfs"]}
PLAIN = netdev("enp1s0v0", mac=MAC, mtu=1500, up=False)
SECOND_PORT = netdev("enp1s0v0d1", mac=OTHER, mtu=1500, up=False)
PORTS = (netdev(), netdev("enp1s0d1", mac="02:00:00:00:01:01"))
UNKNOWN = {"driver": "mystery", "default_driver": "mystery", "vendor": "1234", "device": "abcd"}


def kept(member, kind=ixgbe, of_pf=None, **desired):
    """The words for VF 0, and what is told of it."""
    state = kind(1, vfs=(member,), **(of_pf or {}))
    plan = planned(
        host_state(state, drivers=frozenset({"vfio-pci", "igbvf", "igb_uio", "xvfio"})),
        desired_pf(**{**AGAIN, **desired}),
    ).plan
    words = {word: value for entries in plan.kept.values() for entry in entries for word, value in entry.said.items()}
    return words, [text.partition(LABEL)[2].strip() or text for text in plan.warnings if text.startswith("VF 0")]


def unknown(num_vfs=0, **changes):
    return pf(num_vfs, **{**UNKNOWN, **changes})


def of(mac=MAC, **changes):
    return replace(FRESH, mac=mac, **changes)


@pytest.mark.parametrize(
    ("member", "words"),
    [
        pytest.param(vf(netdevs=(PLAIN,)), {}, id="as a new one is"),
        pytest.param(vf(netdevs=(PLAIN,), attributes=of()), {}, id="a random address"),
        pytest.param(
            vf(netdevs=(replace(PLAIN, perm_mac=MAC),), attributes=of()), {"mac": MAC}, id="one that its driver found"
        ),
        pytest.param(
            vf(netdevs=(replace(PLAIN, perm_mac=OTHER),), attributes=of()), {"mac": OTHER}, id="its user's own"
        ),
        pytest.param(vf(netdevs=(PLAIN,), attributes=of(OTHER)), {"mac": OTHER}, id="one for the next time"),
        pytest.param(vf(netdevs=(), attributes=of()), {"mac": MAC}, id="an interface elsewhere"),
        pytest.param(
            vf(netdevs=(PLAIN,), attributes=replace(FRESH, spoofchk=False, trust=True, vlan=7, qos=1)),
            {"vlan": 7, "qos": 1, "spoofchk": False, "trust": True},
            id="attributes",
        ),
        pytest.param(vf(netdevs=(PLAIN,), attributes=None), {}, id="a driver that tells nothing"),
        pytest.param(vf(netdevs=(replace(PLAIN, up=True, mtu=1400),)), {"mtu": 1400, "up": True}, id="its interface"),
        pytest.param(vf(driver="vfio-pci"), {"driver": "vfio-pci"}, id="a node as vfio makes it"),
        pytest.param(
            vf(driver="vfio-pci", dev_group=7, dev_mode=0o660),
            {"driver": "vfio-pci", "owner": 0, "group": 7, "mode": 0o660},
            id="a node that somebody may open",
        ),
        pytest.param(
            vf(driver="vfio-pci", iommu_group=3, dev_node="/dev/vfio/noiommu-3"),
            {"driver": "vfio-pci", "no_iommu": True},
            id="vfio without an IOMMU",
        ),
        pytest.param(vf(driver="xvfio", netdevs=()), {"driver": "xvfio"}, id="a driver that had to be named"),
        pytest.param(vf(driver=None), {"driver": "none"}, id="no driver"),
    ],
)
def test_what_a_vf_had_is_desired(member, words):
    assert kept(member) == (words, [])


@pytest.mark.parametrize(
    ("member", "said", "words"),
    [
        pytest.param(vf(driver="vfio-pci", dev_mode=0o660), {"driver": "default"}, {}, id="another driver"),
        pytest.param(
            vf(driver="vfio-pci", dev_mode=0o660),
            {"driver": "vfio-pci", "mode": 0o600},
            {"owner": 0, "group": 0},
            id="another mode",
        ),
        pytest.param(
            vf(netdevs=(replace(PLAIN, up=True, mtu=1400),)), {"driver": "vfio-pci"}, {}, id="no interface any more"
        ),
        pytest.param(
            vf(netdevs=(replace(PLAIN, up=True, mtu=1400),)),
            {"driver": "default", "mtu": 1300},
            {"up": True},
            id="another MTU",
        ),
        pytest.param(
            vf(netdevs=(PLAIN,), attributes=of(OTHER, trust=True)), {"mac": MAC, "trust": False}, {}, id="attributes"
        ),
        pytest.param(
            vf(netdevs=(PLAIN,), attributes=of(OTHER, vlan=7, qos=3)),
            {"mac": MAC, "vlan": 0},
            {},
            id="no VLAN, and so no priority",
        ),
        pytest.param(
            vf(netdevs=(PLAIN,), attributes=of(OTHER, vlan=7, qos=3)),
            {"mac": MAC, "vlan": 8},
            {"qos": 3},
            id="another VLAN",
        ),
    ],
)
def test_what_is_said_is_not_kept(member, said, words):
    assert kept(member, vfs=[desired_vfs(**said)])[0] == words


def test_of_a_driver_that_is_not_known_no_start_is_assumed():
    """Writing what it has by itself does no harm."""
    member = vf(netdevs=(PLAIN,), attributes=VfAttributes(spoofchk=True, trust=False, vlan=0))
    assert kept(member, unknown) == ({"spoofchk": True}, [])


def test_nothing_is_kept_where_nothing_is_created_again():
    member = vf(driver="vfio-pci", attributes=of(trust=True))
    assert kept(member, num_vfs=1) == kept(member, num_vfs=0) == ({}, [])


@pytest.mark.parametrize(
    ("perm_mac", "words"), [pytest.param(MAC, {"mac": MAC}, id="given"), pytest.param("", {}, id="made up")]
)
def test_of_a_vf_with_two_ports_one_has_the_address(perm_mac, words):
    ports = (SECOND_PORT, replace(PLAIN, perm_mac=perm_mac))
    assert kept(vf(netdevs=ports, attributes=of())) == (words, [])


def test_what_its_ports_had_is_told():
    """Which of the new ones would get it?"""
    ports = (replace(PLAIN, up=True, mtu=1400), replace(SECOND_PORT, up=True))
    assert kept(vf(netdevs=ports)) == (
        {},
        [
            "does not get back mtu 1400: enp1s0v0 is not its only interface",
            "does not get back up on: enp1s0v0 is not its only interface",
            "does not get back up on: enp1s0v0d1 is not its only interface",
        ],
    )


def test_without_an_interface_that_is_meant_attributes_are_told_and_the_rest_is_kept():
    member = vf(netdevs=(replace(PLAIN, up=True, mtu=1400),), attributes=of(OTHER, trust=True))
    state = unknown(1, vfs=(member,), netdevs=PORTS)
    plan = planned(host_state(state, drivers=frozenset()), desired_pf(**AGAIN)).plan
    why = "its interfaces are enp1s0, enp1s0d1"
    had = (f"mac {OTHER}", "spoofchk on", "trust on", "mtu 1400")
    assert [entry.said for entry in plan.kept[PF]] == [{"up": True}]
    not_known, *lost = plan.warnings
    assert not_known.startswith(f"what 2 VFs take of the queues of {PF} is not known of driver mystery")
    assert lost == [f"VF 0 of {PF} does not get back {words}: {why}" for words in had]
    named = replace(state, device=replace(state.device, port="enp1s0d1"))
    plan = planned(host_state(named, drivers=frozenset()), desired_pf(**AGAIN)).plan
    assert [entry.said for entry in plan.kept[PF]] == [
        {"mac": OTHER, "spoofchk": True, "trust": True, "mtu": 1400, "up": True}
    ]
    assert len(plan.warnings) == 1


@pytest.mark.parametrize("driver", ["cxgb4", "pci-pf-stub"])
def test_a_pf_without_a_port_is_not_in_the_way_of_a_link(driver):
    member = vf(netdevs=(replace(PLAIN, up=True),), attributes=None)
    assert kept(member, unknown, {"driver": driver, "default_driver": driver, "netdevs": ()}) == ({"up": True}, [])
