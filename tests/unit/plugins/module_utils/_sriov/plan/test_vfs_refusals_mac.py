# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of addresses for VFs, word for word: two with one, auto without one, InfiniBand, and VFs in use."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    NotSupported,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Address
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    FRESH,
    PF,
    PROGRAM,
    ROUTE,
    SECOND,
    desired_pf,
    desired_vfs,
    host_state,
    ixgbe,
    netdev,
    pf,
    planned,
    refusals,
    second,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.vf_refusals import FREE, MAC, ON, OTHER, loaded, one

GID = "00:00:10:29:fe:80:00:00:00:00:00:00:98:03:9b:03:00:aa:bb:cc"
ONE_OCTET = "the index is one octet of it, 0 to 255. Remedy: give these VFs addresses of your own."
HAS_MAC = vf(1, driver=None, attributes=replace(FRESH, mac=MAC))
IN_USE = "process 4711 (dpdk-testpmd) has /dev/vfio/10 open"


def bnxt(num_vfs):
    free = [vf(index, driver=None) for index in range(num_vfs)]
    return pf(num_vfs, vfs=free, driver="bnxt_en", default_driver="bnxt_en", total_vfs=512)


def infiniband():
    """A PF of mlx5 whose port is InfiniBand: address and permanent address have 20 octets."""
    port = netdev("ib0", mac=GID, perm_mac=GID)
    vfs = (vf(0, driver=None, attributes=None), vf(1, driver=None, attributes=None))
    made = pf(2, vfs=vfs, driver="mlx5_core", default_driver="mlx5_core", netdevs=(port,))
    return replace(made, perm_mac=GID)


REFUSALS = [
    pytest.param(
        ixgbe(2),
        [desired_vfs("all", mac=MAC)],
        InvalidRequest,
        f"mac: {MAC} for VF 0 of enp1s0 ({PF}) and VF 1 of enp1s0 ({PF}): two VFs with one address would share their "
        "frames. Remedy: give each its own, or auto.",
        id="one address for all VFs, as many as there are",
    ),
    pytest.param(
        ixgbe(2),
        [desired_vfs("0", mac="06:0b:01:00:01:00"), desired_vfs("1", mac="auto")],
        InvalidRequest,
        f"mac: 06:0b:01:00:01:00 for VF 0 of enp1s0 ({PF}) and VF 1 of enp1s0 ({PF}): two VFs with one address would "
        "share their frames. Remedy: give each its own, or auto.",
        id="the address that another VF has from the card",
    ),
    pytest.param(
        ixgbe(2, vfs=(FREE, HAS_MAC)),
        [desired_vfs("0", mac=MAC)],
        InvalidRequest,
        f"mac: {MAC} for VF 0{ON}: VF 1 has it too. Remedy: give each function an address of its own.",
        id="the address of a VF that is not named",
    ),
    pytest.param(
        one(),
        [desired_vfs(mac="02:00:00:00:01:00")],
        InvalidRequest,
        f"mac: 02:00:00:00:01:00 for VF 0{ON}: the PF has it too. Remedy: give each function an address of its own.",
        id="the PF's own address",
    ),
    *(
        pytest.param(
            host_state(one(), addresses=(Address(MAC, owner, function), Address(MAC, "another"))),
            [desired_vfs(mac=MAC)],
            InvalidRequest,
            f"mac: {MAC} for VF 0{ON}: {owner} has it too. Remedy: give each function an address of its own.",
            id=f"the address of {owner}",
        )
        for owner, function in (
            ("eth0 (0000:00:03.0)", "0000:00:03.0"),
            ("usb0", None),
            ("VF 3 of enp2s0 (0000:02:00.0)", "0000:02:10.6"),
        )
    ),
    pytest.param(
        replace(one(), perm_mac=None),
        [desired_vfs(mac="auto")],
        InvalidRequest,
        f"mac: auto needs the PF's permanent address{ON}: its driver does not tell one.",
        id="auto without an address to begin with",
    ),
    *(
        pytest.param(
            replace(one(), perm_mac=address),
            [desired_vfs(mac="auto")],
            InvalidRequest,
            f"mac: auto needs the PF's permanent address{ON}: its driver does not tell one.",
            id=f"auto on a PF whose permanent address is {address}",
        )
        for address in ("00:00:00:00:00:00", GID)
    ),
    pytest.param(
        bnxt(300),
        [desired_vfs("all", mac="auto", trust=True)],
        InvalidRequest,
        f"mac: auto has no address for VFs 256-299{ON}: {ONE_OCTET}",
        id="auto for more VFs than an octet can tell apart",
    ),
    pytest.param(
        bnxt(257),
        [desired_vfs("all", mac="auto")],
        InvalidRequest,
        f"mac: auto has no address for VF 256{ON}: {ONE_OCTET}",
        id="auto for one VF more than an octet can tell apart",
    ),
    *(
        pytest.param(
            infiniband(),
            [desired_vfs("all", mac=mac)],
            NotSupported,
            "mac: VFs 0-1 can have none on ib0 (0000:01:00.0): the PF is an InfiniBand port, whose VFs have GUIDs. "
            "Remedy: leave out mac; `ip link set dev PF vf N node_guid …` and port_guid set those.",
            id=f"InfiniBand: {mac}",
        )
        for mac in (MAC, "auto")
    ),
    # In use.
    pytest.param(
        one(vf(driver="igb_uio", holders=(PROGRAM,))),
        [desired_vfs(mac=MAC)],
        InUse,
        f"mac: cannot give VF 0 {MAC}{ON}: it is in use, and its user goes on with the old one: {PROGRAM.text}. "
        "Remedy: release it, or accept that its user loses it: allow: [in_use].",
        id="a new address for a VF that a process holds",
    ),
    pytest.param(
        one(vf(driver="vfio-pci", holders=(BUSY,))),
        [desired_vfs(mac=MAC)],
        InUse,
        f"mac: cannot give VF 0 {MAC}{ON}: it is in use, and its user goes on with the old one: {IN_USE}. "
        "Remedy: end the program first: nothing allows this while it has the device open.",
        id="a new address for a VF that a process has open through vfio",
    ),
    pytest.param(
        one(loaded(holders=(ROUTE,))),
        [desired_vfs(mac=MAC)],
        InUse,
        f"mac: cannot give VF 0 {MAC}{ON}: it is in use, and igbvf takes it only when it is loaded anew: carries a "
        "default route. Remedy: release it, or accept that its user loses it: allow: [in_use].",
        id="a new address for a VF with a default route",
    ),
    pytest.param(
        one(loaded(holders=(ROUTE,), attributes=replace(FRESH, mac=MAC))),
        [desired_vfs(mac=MAC)],
        InUse,
        f"mac: cannot give VF 0 {MAC}{ON}: it is in use, and igbvf takes it only when it is loaded anew: carries a "
        "default route. Remedy: release it, or accept that its user loses it: allow: [in_use].",
        id="an address that only the reload brings",
    ),
]


@pytest.mark.parametrize(("state", "desired", "kind", "message"), REFUSALS)
def test_a_refusal_says_what_why_and_what_to_do(state, desired, kind, message):
    (refused,) = refusals(state, desired_pf(vfs=desired))
    assert (type(refused), str(refused)) == (kind, message)


def test_a_vf_in_use_gets_another_address_where_that_is_allowed_and_it_is_told():
    plan = planned(
        one(vf(driver="igb_uio", holders=(PROGRAM,))), desired_pf(vfs=[desired_vfs(mac=MAC)], allow=["in_use"])
    ).plan
    assert [str(step) for step in plan.steps] == [f"set VF 0 of{ON[3:]}: mac {MAC} (was 00:00:00:00:00:00)"]
    assert list(plan.allowed) == [
        f"in_use for VF 0 of{ON[3:]}: it is in use, and its user goes on with the old one: {PROGRAM.text}"
    ]


def test_holders_are_named_one_by_one():
    (refused,) = refusals(one(vf(driver="vfio-pci", holders=(BUSY, ROUTE))), desired_pf(vfs=[desired_vfs(mac=MAC)]))
    assert refused.details()["holders"] == [BUSY.text, ROUTE.text]


def test_vfs_of_two_pfs_with_one_address_are_refused():
    state = host_state(ixgbe(1), second(1))
    (refused,) = refusals(state, *(desired_pf(address, vfs=[desired_vfs(mac=MAC)]) for address in (PF, SECOND)))
    assert str(refused) == (
        f"mac: {MAC} for VF 0 of enp1s0 ({PF}) and VF 0 of enp1s1 ({SECOND}): two VFs with one address would share "
        "their frames. Remedy: give each its own, or auto."
    )


def test_the_address_of_another_pf_s_vf_of_the_same_plan_is_taken():
    """Unless that one gets another, or goes."""
    has_it = vf(0, driver=None, physfn=SECOND, netdevs=(), attributes=replace(FRESH, mac=MAC))
    state = host_state(one(), second(1, vfs=(has_it,)))
    ours = desired_pf(vfs=[desired_vfs(mac=MAC)])
    (refused,) = refusals(state, ours, desired_pf(SECOND, vfs=[desired_vfs(trust=True)]))
    assert str(refused) == (
        f"mac: {MAC} for VF 0{ON}: VF 0 of enp1s1 ({SECOND}) has it too. Remedy: give each function an address of its "
        "own."
    )
    assert not refusals(state, ours, desired_pf(SECOND, vfs=[desired_vfs(mac=OTHER)]))
    assert not refusals(state, ours, desired_pf(SECOND, num_vfs=0, allow=CONSENTS))
