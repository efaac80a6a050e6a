# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a plan that is allowed and surprises, and of which plans nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import MASTER, Holder
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    LABEL,
    desired_pf,
    desired_rules,
    desired_vfs,
    ixgbe,
    planned,
    rule,
    vf,
)

MAC = "02:00:00:00:aa:00"
GIVEN = replace(FRESH, mac=MAC)
DPDK = {"driver": "vfio-pci"}
PORT = Holder(MASTER, "enp1s0 is a port of bond bond0")
REFUSED = (
    "a MAC address and no trust: a program that gives itself another (a bond in DPDK does) is refused by the PF's "
    "driver; trust: true lets it, trust: false says that it is meant so"
)
DROPPED = (
    "no MAC address and spoofchk on: the card drops what a program sends from an address that the PF does not know; "
    "give it one (mac: auto), or spoofchk: false"
)
BONDED = (
    f"{LABEL}: enp1s0 is a port of bond bond0, and its VFs are not: their frames take this port alone, and have no "
    "link while it has none; rules are of this port as well"
)


def told(state, **desired):
    return [text for text in planned(state, desired_pf(**desired)).plan.warnings if not text.startswith("the link of")]


def one(driver=None, attributes=FRESH):
    return ixgbe(1, vfs=(vf(driver=driver, attributes=attributes),), drivers_autoprobe=False)


@pytest.mark.parametrize(
    ("state", "said", "warnings"),
    [
        pytest.param(one(attributes=GIVEN), DPDK, [f"VF 0 of {LABEL} has {REFUSED}"], id="a VF with an address"),
        pytest.param(one("vfio-pci"), {"mac": MAC}, [f"VF 0 of {LABEL} has {REFUSED}"], id="one that gets an address"),
        pytest.param(one(attributes=GIVEN), {**DPDK, "trust": False}, [], id="it is meant so"),
        pytest.param(one(attributes=GIVEN), {**DPDK, "trust": True}, [], id="it may"),
        pytest.param(one(attributes=replace(GIVEN, trust=True)), DPDK, [], id="it might before"),
        pytest.param(one(attributes=replace(GIVEN, trust=None)), DPDK, [], id="whether it may is not known"),
        pytest.param(one("vfio-pci", GIVEN), DPDK, [], id="as it is"),
        pytest.param(one("vfio-pci", GIVEN), {"vlan": 7}, [], id="another change"),
        pytest.param(one(), {"mac": MAC, "driver": "igbvf"}, [], id="a driver of the kernel"),
        pytest.param(one(), DPDK, [f"VF 0 of {LABEL} has {DROPPED}"], id="a VF without an address"),
        pytest.param(one(), {**DPDK, "spoofchk": False}, [], id="it may send from any"),
        pytest.param(one("vfio-pci"), {"vlan": 7}, [], id="it has none, and that stays so"),
        pytest.param(
            one("vfio-pci", replace(FRESH, spoofchk=False)),
            {"spoofchk": True},
            [f"VF 0 of {LABEL} has {DROPPED}"],
            id="spoofchk is turned on",
        ),
        pytest.param(one(attributes=None), DPDK, [], id="a driver that tells nothing"),
    ],
)
def test_vfs_of_programs(state, said, warnings):
    assert told(state, vfs=[desired_vfs(**said)]) == warnings


@pytest.mark.parametrize(
    ("state", "said", "warnings"),
    [
        pytest.param(
            ixgbe(drivers_autoprobe=False), {**DPDK, "mac": "auto"}, [f"VFs 0, 1 and 2 of {LABEL} have {REFUSED}"]
        ),
        pytest.param(ixgbe(drivers_autoprobe=False), DPDK, [f"VFs 0, 1 and 2 of {LABEL} have {DROPPED}"]),
        pytest.param(ixgbe(), DPDK, [], id="their kernel driver makes addresses up first"),
    ],
)
def test_new_vfs_of_programs_in_one_sentence(state, said, warnings):
    assert told(state, num_vfs=3, vfs=[desired_vfs("all", **said)]) == warnings


TO_VF = rule(dst_port=80, dst_ip=0xC0000201)


@pytest.mark.parametrize(
    ("num_vfs", "desired", "warnings"),
    [
        pytest.param(0, {"num_vfs": 1}, [BONDED], id="VFs are created"),
        pytest.param(1, {"rules": desired_rules(TO_VF)}, [BONDED], id="a rule into one comes"),
        pytest.param(1, {"num_vfs": 1}, [], id="they are there"),
        pytest.param(1, {"num_vfs": 0}, [], id="they go"),
    ],
)
def test_vfs_of_a_port_of_a_bond(num_vfs, desired, warnings):
    state = ixgbe(num_vfs, holders=(PORT,), combined_channels=4, ntuple="on")
    assert told(state, **desired) == warnings
