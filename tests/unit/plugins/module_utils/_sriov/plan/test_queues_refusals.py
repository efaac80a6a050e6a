# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every refusal of channels, ntuple feature and RSS table, word for word: the message is what an operator gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InUse,
    InvalidRequest,
    NotSupported,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Rss
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    BUSY,
    LABEL,
    PROGRAM,
    ROUTE,
    RULE,
    SSH,
    desired_pf,
    desired_rules,
    ixgbe,
    mlx4,
    pf,
    planned,
    refusals,
    rule,
    vf,
)

ON = " on enp1s0 (0000:01:00.0): "
BESIDE_4 = "beside 4 VFs (ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2)"
ANOTHER_NIC = (
    "Remedy: reach the host over another NIC, or accept that its link is lost for some seconds: allow: [link_reset]."
)
HELD = vf(driver="vfio-pci", holders=(BUSY,))
USED = vf(driver="igb_uio", holders=(PROGRAM,))


def channels(number, **options):
    return desired_pf(rss=DesiredRss(channels=number), **options)


def table(verb, *numbers):
    return desired_pf(rss=DesiredRss(verb=verb, numbers=numbers))


def least(queues):
    return desired_pf(rss=DesiredRss(min_queues=queues))


def rules(**options):
    return desired_pf(rules=desired_rules(RULE.at(None)), **options)


def frames():
    """A rule that igb's driver has a form for."""
    return desired_pf(rules=desired_rules(rule("ether", cookie=0, ether_type=0x88F7).at(None)))


def with_vfs(num_vfs=4, **changes):
    return ixgbe(num_vfs, online_cpus=16, **{"combined_channels": 4, **changes})


def without_table(state):
    return replace(state, queues=state.queues._replace(rss=Rss(4, ())))


REFUSALS = [
    pytest.param(
        pf(),
        channels(4),
        NotSupported,
        f"channels: cannot set 4 combined channels{ON}driver igb has no combined channels. Remedy: leave out channels.",
        id="a driver without channels",
    ),
    pytest.param(
        pf(netdevs=()),
        channels(4),
        NotSupported,
        "channels: cannot be set on 0000:01:00.0: driver igb has given it no interface in this network namespace. "
        "Remedy: see dmesg for the driver's messages; if the interface was moved to another namespace, bring it back.",
        id="channels without an interface",
    ),
    *(
        pytest.param(
            pf(combined_channels=4, max_channels=8),
            channels(number),
            InvalidRequest,
            f"channels: cannot set {number} combined channels{ON}the driver has 1 to 8. "
            "Remedy: ask for a number that it has.",
            id=f"{number} channels of 8",
        )
        for number in (0, 9, -1)
    ),
    pytest.param(
        with_vfs(),
        channels(8),
        InvalidRequest,
        f"channels: cannot set 8 combined channels{ON}the driver has 1 to 4 {BESIDE_4}. "
        "Remedy: ask for a number that it has.",
        id="more channels than a pool has",
    ),
    pytest.param(
        with_vfs(),
        channels(3),
        InvalidRequest,
        f"channels: cannot set 3 combined channels{ON}a pool has a power of two of them {BESIDE_4}. "
        "Remedy: ask for a power of two.",
        id="a number of channels that a pool never has",
    ),
    pytest.param(
        ixgbe(combined_channels=16, holders=(SSH, ROUTE)),
        channels(8, allow=["in_use"]),
        InUse,
        f"channels: cannot set 8 combined channels{ON}the PF is reset by it, and carries the SSH connection from "
        f"192.0.2.1 and carries a default route. {ANOTHER_NIC}",
        id="channels of the PF that carries the operator",
    ),
    pytest.param(
        with_vfs(1, vfs=(vf(holders=(SSH,)),)),
        channels(2),
        InUse,
        f"channels: cannot set 2 combined channels{ON}the PF is reset by it, and carries the SSH connection from "
        f"192.0.2.1. {ANOTHER_NIC}",
        id="channels of the PF whose VF carries the operator",
    ),
    pytest.param(
        with_vfs(1, vfs=(USED,)),
        channels(2, allow=["link_reset"]),
        InUse,
        f"channels: cannot set 2 combined channels{ON}the PF and its VFs are reset by it, and programs lose theirs: VF "
        "0: process 4712 (l2fwd) has /dev/uio0 open. Remedy: end them first, or accept that its user loses "
        "it: allow: [in_use].",
        id="channels while a program has a VF open",
    ),
    pytest.param(
        with_vfs(1, vfs=(HELD,)),
        channels(2, allow=["link_reset", "in_use"]),
        InUse,
        f"channels: cannot set 2 combined channels{ON}the PF and its VFs are reset by it, and programs lose theirs: VF "
        "0: process 4711 (dpdk-testpmd) has /dev/vfio/10 open. Remedy: end the program first: nothing allows this "
        "while it has the device open.",
        id="channels while a program has a VF open through vfio",
    ),
    pytest.param(
        pf(combined_channels=8, ntuple="on", rules=(rule(dst_port=9, cookie=5, location=7),)),
        channels(4),
        InUse,
        f"channels: cannot set 4 combined channels{ON}flow rule 7 (tcp4 dst-port 9 to queue 5) needs more. "
        "Remedy: remove the rule first (module flow_rule, state: absent).",
        id="channels that a rule needs",
    ),
    # ntuple
    pytest.param(
        with_vfs(holders=(SSH,)),
        rules(allow=["in_use"]),
        InUse,
        f"rules: cannot turn ntuple filters on{ON}the PF is reset by it, and carries the SSH connection from "
        f"192.0.2.1. {ANOTHER_NIC}",
        id="ntuple of the PF that carries the operator",
    ),
    pytest.param(
        with_vfs(1, vfs=(USED,)),
        rules(allow=["link_reset"]),
        InUse,
        f"rules: cannot turn ntuple filters on{ON}the PF and its VFs are reset by it, and programs lose theirs: VF 0: "
        "process 4712 (l2fwd) has /dev/uio0 open. Remedy: end them first, or accept that its user loses "
        "it: allow: [in_use].",
        id="ntuple while a program has a VF open",
    ),
    pytest.param(
        with_vfs(1, vfs=(HELD,)),
        rules(allow=["link_reset", "in_use"]),
        InUse,
        f"rules: cannot turn ntuple filters on{ON}the PF and its VFs are reset by it, and programs lose theirs: VF 0: "
        "process 4711 (dpdk-testpmd) has /dev/vfio/10 open. Remedy: end the program first: nothing allows this "
        "while it has the device open.",
        id="ntuple while a program has a VF open through vfio",
    ),
    pytest.param(
        pf(combined_channels=8, ntuple="fixed"),
        frames(),
        NotSupported,
        f"rules: this NIC takes no flow rules{ON}driver igb keeps ntuple filters off for it (ethtool -k: [fixed]). "
        "Remedy: leave out rules, or use another NIC.",
        id="a NIC without flow rules",
    ),
    pytest.param(
        pf(),
        frames(),
        NotSupported,
        f"rules: this NIC takes no flow rules{ON}driver igb keeps ntuple filters off for it (ethtool -k: [fixed]). "
        "Remedy: leave out rules, or use another NIC.",
        id="a NIC that does not know the word",
    ),
    pytest.param(
        pf(netdevs=()),
        frames(),
        NotSupported,
        "flow rules cannot be set on 0000:01:00.0: driver igb has given it no interface in this network namespace. "
        "Remedy: see dmesg for the driver's messages; if the interface was moved to another namespace, bring it back.",
        id="rules without an interface",
    ),
    # The table
    pytest.param(
        without_table(pf(combined_channels=4)),
        table("equal", 2),
        NotSupported,
        f"equal: cannot set an RSS table{ON}driver igb has none. Remedy: leave out equal.",
        id="a NIC without a table",
    ),
    *(
        pytest.param(
            with_vfs(),
            table(verb, *numbers),
            InvalidRequest,
            f"{verb}: {', '.join(map(str, numbers)) or 'none'}{ON}the RSS group has 4 queues, 0 to 3, and {why}; "
            f"{BESIDE_4}. Remedy: name queues of the group.",
            id=f"{verb} {numbers}",
        )
        for verb, numbers, why in (
            ("equal", (5,), "queue 4 is not among them"),
            ("equal", (0,), "none is named"),
            ("equal", (-2,), "none is named"),
            ("queues", (1, 4), "queue 4 is not among them"),
            ("queues", (-1,), "queue -1 is not among them"),
            ("queues", (), "none is named"),
            ("weights", (1, 1, 1, 1, 1), "queue 4 is not among them"),
            ("weights", (), "none is named"),
            ("exclude_queues", (7,), "queue 7 is not among them"),
            ("exclude_queues", (), "none is named"),
        )
    ),
    *(
        pytest.param(
            with_vfs(),
            table(verb, *numbers),
            InvalidRequest,
            f"{verb}: {', '.join(map(str, numbers))}{ON}{why}. Remedy: leave a queue to RSS.",
            id=f"{verb} {numbers}",
        )
        for verb, numbers, why in (
            ("weights", (0, 0), "at least one weight must not be zero"),
            ("weights", (1, -1), "a weight is negative"),
            ("weights", (100, 100), "the weights add up to 200, more than the table's 128 entries"),
            ("exclude_queues", (0, 1, 2, 3), "at least one weight must not be zero"),
        )
    ),
    # The size of the group
    pytest.param(
        with_vfs(),
        least(16),
        InvalidRequest,
        f"min_queues: the RSS group has 4 queues, less than 16{ON}ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: "
        "2; without VFs the PF would have 16; online CPUs: 16. "
        "Remedy: ask for fewer VFs, raise the channels, or accept the smaller group.",
        id="a group that VFs have made small",
    ),
    pytest.param(
        with_vfs(40, combined_channels=2),
        least(4),
        InvalidRequest,
        f"min_queues: the RSS group has 2 queues, less than 4{ON}ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: 2; "
        "without VFs the PF would have 16; online CPUs: 16. "
        "Remedy: ask for fewer VFs, raise the channels, or accept the smaller group.",
        id="a group that many VFs have made smaller still",
    ),
    pytest.param(
        ixgbe(combined_channels=40, online_cpus=40),
        least(17),
        InvalidRequest,
        f"min_queues: the RSS group has 16 queues, less than 17{ON}ixgbe: 0 VFs: 16, from 1 VF on: 4, from 32 VFs on: "
        "2; online CPUs: 40. Remedy: raise the channels, or accept the smaller group.",
        id="more than the chip has",
    ),
    pytest.param(
        pf(driver="i40e", device="1572", combined_channels=4),
        least(8),
        InvalidRequest,
        f"min_queues: the RSS group has 4 queues, less than 8{ON}i40e: VFs take nothing from the PF; online CPUs: 8. "
        "Remedy: raise the channels, or accept the smaller group.",
        id="a group that channels have made small",
    ),
    pytest.param(
        mlx4(),
        channels(4),
        NotSupported,
        f"channels: cannot set 4 combined channels{ON}driver mlx4_core has no combined channels: it has 4 for RX "
        "and 4 for TX. Remedy: leave out channels.",
        id="channels for RX and for TX",
    ),
    pytest.param(
        mlx4(),
        least(5),
        InvalidRequest,
        f"min_queues: the RSS group has 4 queues, less than 5{ON}mlx4_core: VFs take nothing from the PF; online "
        "CPUs: 8. Remedy: raise the channels, or accept the smaller group.",
        id="fewer channels for RX",
    ),
    pytest.param(
        pf(driver="mystery"),
        least(2),
        NotSupported,
        f"min_queues: cannot tell the size of the RSS group{ON}driver mystery does not tell its channels, and nothing "
        "else is known of it. Remedy: leave out min_queues.",
        id="a group that nobody knows",
    ),
]


@pytest.mark.parametrize(("state", "desired", "kind", "message"), REFUSALS)
def test_a_refusal_says_what_why_and_what_to_do(state, desired, kind, message):
    (refused,) = refusals(state, desired)
    assert (type(refused), str(refused)) == (kind, message)


def test_programs_are_named_one_by_one():
    other = vf(1, driver="vfio-pci", holders=(BUSY,))
    (refused,) = refusals(with_vfs(2, vfs=(HELD, other)), channels(2))
    assert refused.details()["holders"] == [f"VF 0: {BUSY.text}", f"VF 1: {BUSY.text}"]


def test_all_that_a_reset_would_harm_is_told_each_with_its_consent():
    state = with_vfs(1, vfs=(USED,), holders=(SSH,))
    assert [each.consent for each in refusals(state, channels(2))] == ["link_reset", "in_use"]
    allowed = planned(state, channels(2, allow=["link_reset", "in_use"])).plan.allowed
    assert [each.partition(": ")[0] for each in allowed] == [
        f"{word} for {ON[4:-2]}" for word in ("link_reset", "in_use")
    ]


SOCKET = Holder("xsk", "process 9 (xdpsock) has AF_XDP sockets on queues 0, 3 of enp1s0", queue=3)


@pytest.mark.parametrize("left", [2, 3, 4])
def test_channels_that_an_af_xdp_socket_has_are_not_taken(left):
    """The kernel refuses it (ethtool_set_channels), copy mode or not; the table would have been changed before."""
    state = pf(combined_channels=8, online_cpus=8, holders=(SOCKET,))
    found = [str(error) for error in refusals(state, channels(left))]
    assert found == (
        []
        if left > 3
        else [
            f"channels: cannot set {left} combined channels on {LABEL}: {SOCKET.text}. Remedy: end the program first."
        ]
    )
