# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals of single flow rules, word for word: the message is what an operator gets."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest, NotSupported
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP, WAKE, flow_rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    desired_pf,
    desired_rules,
    i350,
    mlx4,
    pf,
    refusals,
    rule,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import ON, RULE_WORDS, to, with_rules

ABLE = (
    "ixgbe, i40e (unproven), bnxt_en (BCM573xx and BCM574xx: by destination MAC only), rvu_nicpf, "
    "qede (to the RSS of the VF)"
)
NAME_ONE = "Remedy: name one of them."
SAME_FIELDS = (
    "driver ixgbe has one mask for all rules of a port: every rule must compare the same fields and bits{}. "
    "Remedy: write all rules with the same fields, or remove the others first (exclusive: true)."
)
L4_HINT = ". ip4 does not look at the L4 protocol, tcp4, udp4 and sctp4 do"


def contexts(answers):
    """A driver of which nothing is known, and what it says of RSS contexts."""
    state = pf(driver="mlx5_core", vendor="15b3", device="1017", combined_channels=4, ntuple="on")
    return replace(state, queues=state.queues._replace(contexts=answers))


REFUSALS = [
    pytest.param(
        with_rules(rule(dst_ip=0xC0A8FE1F, location=5)),
        [to(0)],
        NotSupported,
        f"rules[0]: {RULE_WORDS} has another mask than tcp4 dst-ip 192.168.254.31 to VF 0 queue 0{ON}"
        + SAME_FIELDS.format(""),
        id="another mask than a rule that is there",
    ),
    pytest.param(
        with_rules(),
        [to(0), rule(dst_ip=0xC0A8FE1F, location=None)],
        NotSupported,
        f"rules[0]: {RULE_WORDS} has another mask than tcp4 dst-ip 192.168.254.31 to VF 0 queue 0{ON}"
        + SAME_FIELDS.format(""),
        id="two masks in one request",
    ),
    pytest.param(
        with_rules(),
        [rule("ip4", dst_ip=0xC0A8FE1F, location=None), rule("tcp4", dst_ip=0xC0A8FE1E, location=None)],
        NotSupported,
        "rules[0]: ip4 dst-ip 192.168.254.31 to VF 0 queue 0 has another mask than tcp4 dst-ip 192.168.254.30 to VF 0 "
        f"queue 0{ON}" + SAME_FIELDS.format(L4_HINT),
        id="ip4 beside tcp4",
    ),
    pytest.param(
        with_rules(rule("ip4", dst_ip=0xC0A8FE1F)),
        [rule("udp4", dst_ip=0xC0A8FE1E, location=None)],
        NotSupported,
        "rules[0]: udp4 dst-ip 192.168.254.30 to VF 0 queue 0 has another mask than ip4 dst-ip 192.168.254.31 to VF 0 "
        f"queue 0{ON}" + SAME_FIELDS.format(L4_HINT),
        id="udp4 beside ip4 that is there",
    ),
    pytest.param(
        with_rules(),
        [to(4)],
        InvalidRequest,
        f"rules[0]: cannot send to VF 4 queue 0{ON}the PF has 4 VFs. Remedy: ask for more (num_vfs: 5), or name VFs "
        "0 to 3.",
        id="a VF that is not there",
    ),
    pytest.param(
        with_rules(num_vfs=0),
        [to(0)],
        InvalidRequest,
        f"rules[0]: cannot send to VF 0 queue 0{ON}the PF has 0 VFs. Remedy: ask for more (num_vfs: 1).",
        id="a VF of a PF without VFs",
    ),
    pytest.param(
        with_rules(),
        [to(0, 4)],
        InvalidRequest,
        f"rules[0]: cannot send to VF 0 queue 4{ON}beside 4 VFs each pool has 4 queues, 0 to 3. {NAME_ONE}",
        id="a queue beyond the pool",
    ),
    pytest.param(
        with_rules(num_vfs=32, combined=2),
        [to(31, 2)],
        InvalidRequest,
        f"rules[0]: cannot send to VF 31 queue 2{ON}beside 32 VFs each pool has 2 queues, 0 to 1. {NAME_ONE}",
        id="a queue beyond the smaller pool",
    ),
    pytest.param(
        with_rules(combined=1, cpus=1),
        [to(0, 1)],
        InvalidRequest,
        f"rules[0]: cannot send to VF 0 queue 1{ON}beside 4 VFs each pool has 1 queue, 0 to 0. {NAME_ONE}",
        id="a queue beyond a pool of one",
    ),
    pytest.param(
        with_rules(combined=2, cpus=2),
        [to(1, 1)],
        NotSupported,
        f"rules[0]: cannot send to VF 1 queue 1{ON}it would reach VF 0 queue 3: driver ixgbe counts 2 queues a VF, as "
        "many as the PF uses, and the card has 4 (queue 3 for 5). "
        "Remedy: give the PF 4 channels (ethtool -L; needs as many CPUs online), or send to VF 0.",
        id="an RSS group below the pool: the driver would hit another VF",
    ),
    pytest.param(
        with_rules(num_vfs=40, combined=1, cpus=1),
        [to(2)],
        NotSupported,
        f"rules[0]: cannot send to VF 2 queue 0{ON}it would reach VF 1 queue 0: driver ixgbe counts 1 queues a VF, as "
        "many as the PF uses, and the card has 2 (queue 2 for 4). "
        "Remedy: give the PF 2 channels (ethtool -L; needs as many CPUs online), or send to VF 0.",
        id="an RSS group below the smaller pool",
    ),
    pytest.param(
        with_rules(),
        [to(None, 4)],
        InvalidRequest,
        f"rules[0]: cannot send to queue 4{ON}the PF has 4 queues, 0 to 3. {NAME_ONE}",
        id="a queue that the PF has not",
    ),
    pytest.param(
        mlx4(),
        [to(None, 4)],
        InvalidRequest,
        f"rules[0]: cannot send to queue 4{ON}the PF has 4 queues, 0 to 3. {NAME_ONE}",
        id="a queue that a PF with channels for RX and for TX has not",
    ),
    *(
        pytest.param(
            with_rules(num_vfs=num_vfs, combined=combined),
            [to(None, queue)],
            NotSupported,
            f"rules[0]: cannot send to queue {queue}{ON}beside {num_vfs} VFs it is queue 127 of the card, which driver "
            "ixgbe programs as drop: its frames would be lost. "
            "Remedy: name another queue, or have another number of VFs.",
            id=f"queue {queue} beside {num_vfs} VFs is the card's queue for dropping",
        )
        for num_vfs, combined, queue in ((31, 4, 3), (63, 2, 1))
    ),
    pytest.param(
        i350(4, combined_channels=1, ntuple="on", size=16),
        [rule("ether", vf=0, location=None, ether_type=0x88F7)],
        NotSupported,
        f"rules[0]: cannot send to VF 0 queue 0{ON}driver igb does not steer into VFs: its rules name queues of the PF "
        f"only. Remedy: give the VF an address of its own, or use a NIC whose driver does: {ABLE}.",
        id="igb does not steer into VFs",
    ),
    pytest.param(
        with_rules(driver="ice", device="1592"),
        [to(0)],
        NotSupported,
        f"rules[0]: cannot send to VF 0 queue 0{ON}driver ice does not steer into VFs: ice_add_fdir_ethtool takes no "
        f"VF queue. Remedy: give the VF an address of its own, or use a NIC whose driver does: {ABLE}.",
        id="ice does not steer into VFs",
    ),
    pytest.param(
        with_rules(driver="mystery"),
        [to(0)],
        NotSupported,
        f"rules[0]: cannot send to VF 0 queue 0{ON}driver mystery does not steer into VFs: nothing is known of its "
        f"flow rules. Remedy: give the VF an address of its own, or use a NIC whose driver does: {ABLE}.",
        id="an unknown driver gets no rule for a VF",
    ),
    pytest.param(
        with_rules(),
        [rule("tcp6", dst_port=80, location=None)],
        NotSupported,
        f"rules[0]: flow type tcp6{ON}driver ixgbe takes tcp4, udp4, sctp4, ip4. Remedy: use one of these.",
        id="ixgbe has no IPv6",
    ),
    pytest.param(
        with_rules(),
        [rule("ip4", proto=47, location=None)],
        NotSupported,
        f"rules[0]: cannot match proto{ON}driver ixgbe matches src_ip, dst_ip, src_port, dst_port, vlan, vlan_etype, "
        "user_def. Remedy: leave out proto.",
        id="ixgbe knows three protocols",
    ),
    pytest.param(
        i350(combined_channels=4, ntuple="on", size=16),
        [rule("ether", cookie=0, location=None, vlan=100)],
        NotSupported,
        f"rules[0]: cannot match vlan with mask 0xfff{ON}driver igb takes 0xe000 for it. Remedy: give such a mask "
        "(masks), or leave out the field.",
        id="igb looks at a VLAN's priority only",
    ),
    pytest.param(
        with_rules(),
        [replace(rule(dst_port=80, cookie=0, location=None), context=1)],
        NotSupported,
        f"rules[0]: cannot send to RSS context 1{ON}driver ixgbe has no RSS contexts. Remedy: send to a queue.",
        id="ixgbe has no RSS contexts, also where nobody has asked it",
    ),
    pytest.param(
        contexts({1: errno.EOPNOTSUPP}),
        [replace(rule(dst_port=80, cookie=0, location=None), context=1)],
        NotSupported,
        f"rules[0]: cannot send to RSS context 1{ON}driver mlx5_core has no RSS contexts. Remedy: send to a queue.",
        id="the kernel says that a driver has no RSS contexts",
    ),
    pytest.param(
        contexts({1: 0, 2: errno.ENOENT}),
        [
            replace(rule(dst_port=80, cookie=0, location=None), context=1),
            replace(rule(dst_port=81, cookie=0, location=None), context=2),
        ],
        InvalidRequest,
        f"rules[1]: cannot send to RSS context 2{ON}there is none of this number (ENOENT). Remedy: create it first "
        "(ethtool -X … context new, which says its number), or name one that is there.",
        id="an RSS context that is not there",
    ),
    pytest.param(
        i350(combined_channels=4, ntuple="on", size=16),
        [flow_rule("ether", {"dst_mac": (0x020000000000, 0xFFFFFF000000)}, 0)],
        NotSupported,
        f"rules[0]: cannot match a part of dst_mac{ON}driver igb compares all 48 bits of it or none. Remedy: name one "
        "whole dst_mac, or leave it out.",
        id="igb would leave out a field with a mask",
    ),
    pytest.param(
        with_rules(),
        [flow_rule("tcp4", {"vlan": (0x10, 0x00F0)}, 0)],
        NotSupported,
        f"rules[0]: cannot match vlan with mask 0xf0{ON}driver ixgbe takes 0xfff or 0xe000 or 0xefff or 0x1fff or "
        "0xf000 or 0xffff for it. Remedy: give such a mask (masks), or leave out the field.",
        id="ixgbe compares parts of a VLAN tag as a whole",
    ),
    pytest.param(
        with_rules(flow_rule("udp4", {"vlan": (100, 0xFFFF)}, 1, 7)),
        [rule("udp4", cookie=2, location=None, vlan=101)],
        NotSupported,
        f"rules[0]: udp4 vlan 101 m 0xf000 to queue 2 has another mask than udp4 vlan 100 to queue 1{ON}"
        + SAME_FIELDS.format(
            ". `vlan` alone compares the id of the VLAN; the ethtool program the whole tag, as masks: {vlan: 0xffff} "
            "does"
        ),
        id="the VLAN of the ethtool program",
    ),
    pytest.param(
        with_rules(flow_rule("udp4", {"src_port": (0, 1)}, 1, 7)),
        [flow_rule("udp4", {"src_port": (1, 3)}, 2)],
        NotSupported,
        f"rules[0]: udp4 src-port 1 m 0xfffc to queue 2 has another mask than udp4 src-port 0 m 0xfffe to queue 1{ON}"
        + SAME_FIELDS.format(""),
        id="other bits of the same field",
    ),
    pytest.param(
        i350(combined_channels=4, ntuple="on", size=16),
        [rule("ether", cookie=DROP, location=None, ether_type=0x88F7)],
        NotSupported,
        f"rules[0]: cannot drop{ON}driver igb has no such action. Remedy: drop in the kernel (nft).",
        id="igb does not drop",
    ),
    pytest.param(
        with_rules(),
        [rule(cookie=1 << 40, location=None, dst_port=80)],
        InvalidRequest,
        f"rules[0]: action 1099511627776 leads nowhere{ON}bits 63:40 are set, which no driver reads. "
        "Remedy: give vf and queue, queue, or drop.",
        id="what `ethtool … vf 255` sends: the driver would send it to the PF",
    ),
    pytest.param(
        with_rules(),
        [rule(cookie=WAKE, location=None, dst_port=80)],
        InvalidRequest,
        f"rules[0]: action 18446744073709551614 leads nowhere{ON}it is for wake-on-LAN. "
        "Remedy: give vf and queue, queue, or drop.",
        id="a rule to wake up",
    ),
    pytest.param(
        with_rules(),
        [to(0, location=2046)],
        InvalidRequest,
        f"rules[0]: location 2046 is out of range{ON}the driver has locations 0 to 2045. "
        "Remedy: leave location out, or name one of these.",
        id="a location that is not there",
    ),
    pytest.param(
        with_rules(rule(dst_ip=0xC0A8FE1F, dst_port=80, location=5)),
        [to(0, location=5)],
        InvalidRequest,
        f"rules[0]: location 5 is occupied{ON}by tcp4 dst-ip 192.168.254.31 dst-port 80 to VF 0 queue 0. "
        "Remedy: name another location, remove that rule first, or set exclusive: true.",
        id="a location that another rule has",
    ),
    pytest.param(
        with_rules(*(rule(dst_ip=number, dst_port=80, location=number) for number in range(2)), size=2),
        [to(0)],
        InvalidRequest,
        f"rules[0]: there is no free location{ON}all 2 are taken. Remedy: remove rules that are not needed.",
        id="a full table",
    ),
    pytest.param(
        replace(with_rules(), queues=with_rules().queues._replace(rules=None)),
        [to(0)],
        NotSupported,
        f"rules: cannot tell which there are{ON}driver ixgbe does not list its flow rules. "
        "Remedy: leave out rules, and use ethtool.",
        id="a driver that does not list its rules",
    ),
    pytest.param(
        with_rules(),
        [to(0), rule(vf=7, dst_ip=1, dst_port=80, location=3)],
        InvalidRequest,
        f"rules[1]: cannot send to VF 7 queue 0{ON}the PF has 4 VFs. Remedy: ask for more (num_vfs: 8), or name VFs "
        "0 to 3.",
        id="the rule is named as the options name it",
    ),
]


@pytest.mark.parametrize(("state", "rules", "kind", "message"), REFUSALS)
def test_a_refusal_says_what_why_and_what_to_do(state, rules, kind, message):
    (refused,) = refusals(state, desired_pf(rules=desired_rules(*rules)))
    assert (type(refused), str(refused)) == (kind, message)
