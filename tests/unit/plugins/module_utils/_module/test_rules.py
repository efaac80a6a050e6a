# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of flow rules to rules, and what is refused of them, word for word."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.rules import desired_rules, without_vfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.faults import Faults
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP, WAKE, FlowRule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import RULE

VF_0 = 4294967296
WEB = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80}
SAME_MASK = (1 << 48) - 1


def rules(*given, **options):
    """What options mean of which nothing is wrong."""
    faults = Faults()
    found = desired_rules(list(given), "", faults, **options)
    assert [str(each) for each in faults.found] == []
    return found


def made(absent=False, **given):
    (rule,) = rules(given, absent=absent).rules
    return rule


def refused(*given, place="", **options):
    """All that is said of options, and the rules that are left."""
    faults = Faults()
    found = desired_rules(list(given), place, faults, **options)
    assert all(each.kind == "invalid" for each in faults.found)
    return [str(each) for each in faults.found], found


@pytest.mark.parametrize(
    ("given", "match"),
    [
        pytest.param({"flow_type": "tcp4", "dst_ip": "192.0.2.1"}, (("dst_ip", 0xC0000201, 0xFFFFFFFF),), id="address"),
        pytest.param(
            {"flow_type": "tcp4", "src_ip": "192.0.2.0/24"}, (("src_ip", 0xC0000200, 0xFFFFFF00),), id="network"
        ),
        pytest.param({"flow_type": "tcp4", "src_ip": "0.0.0.0/0"}, (), id="all addresses"),
        pytest.param(
            {"flow_type": "udp6", "dst_ip": "2001:db8::1"},
            (("dst_ip", 0x20010DB8 << 96 | 1, (1 << 128) - 1),),
            id="IPv6",
        ),
        pytest.param(
            {"flow_type": "tcp6", "src_ip": "2001:db8::/32"},
            (("src_ip", 0x20010DB8 << 96, 0xFFFFFFFF << 96),),
            id="IPv6 network",
        ),
        pytest.param(
            {"flow_type": "ip6", "dst_ip": "::1/128"}, (("dst_ip", 1, (1 << 128) - 1),), id="IPv6 network of one"
        ),
        pytest.param({"flow_type": "ip6", "dst_ip": "::/0"}, (), id="all of IPv6"),
        pytest.param(
            {"flow_type": "ip4", "dst_ip": "192.0.2.31/32"}, (("dst_ip", 0xC000021F, 0xFFFFFFFF),), id="network of one"
        ),
        pytest.param(
            {"flow_type": "udp4", "src_port": 0, "dst_port": 65535},
            (("src_port", 0, 0xFFFF), ("dst_port", 65535, 0xFFFF)),
            id="ports",
        ),
        pytest.param({"flow_type": "tcp4", "vlan": 100}, (("vlan", 100, 0x0FFF),), id="VLAN, whatever its priority"),
        pytest.param({"flow_type": "ip4", "proto": 47}, (("proto", 47, 0xFF),), id="protocol"),
        pytest.param({"flow_type": "ether", "proto": 0x88F7}, (("ether_type", 0x88F7, 0xFFFF),), id="EtherType"),
        pytest.param(
            {"flow_type": "ether", "src_mac": "02:00:00:00:00:0A", "dst_mac": "02:00:00:00:00:01"},
            (("src_mac", 0x02000000000A, SAME_MASK), ("dst_mac", 0x020000000001, SAME_MASK)),
            id="MAC addresses",
        ),
        pytest.param(
            {"flow_type": "tcp4", "dst_mac": "02:00:00:00:00:01"},
            (("dst_mac", 0x020000000001, SAME_MASK),),
            id="MAC address of an IP flow",
        ),
    ],
)
def test_fields(given, match):
    assert made(queue=0, **given) == FlowRule(given["flow_type"], match, 0)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        pytest.param(
            {"flow_type": "udp4", "src_port": 1, "masks": {"src_port": 3}},
            (("src_port", 1, 3),),
            id="every fourth port",
        ),
        pytest.param(
            {"flow_type": "udp4", "src_port": 0, "masks": {"src_port": 1, "dst_port": None}},
            (("src_port", 0, 1),),
            id="even ports",
        ),
        pytest.param(
            {"flow_type": "udp4", "dst_port": 80, "masks": {"dst_port": 0xFFFF}},
            (("dst_port", 80, 0xFFFF),),
            id="the mask that a port has anyway",
        ),
        pytest.param({"flow_type": "udp4", "dst_port": 80, "masks": {}}, (("dst_port", 80, 0xFFFF),), id="no masks"),
        pytest.param(
            {"flow_type": "ip4", "src_ip": "0.0.0.2", "masks": {"src_ip": "0.0.0.3"}},
            (("src_ip", 2, 3),),
            id="the last bits of an address",
        ),
        pytest.param(
            {"flow_type": "ip6", "dst_ip": "::1", "masks": {"dst_ip": "ff00::3"}},
            (("dst_ip", 1, 0xFF << 120 | 3),),
            id="bits of an IPv6 address",
        ),
        pytest.param({"flow_type": "tcp4", "vlan": 100, "masks": {"vlan": 0xFFFF}}, (("vlan", 100, 0xFFFF),), id="tag"),
        pytest.param(
            {"flow_type": "tcp4", "vlan": 0x6000, "masks": {"vlan": 0xE000}}, (("vlan", 0x6000, 0xE000),), id="priority"
        ),
        pytest.param(
            {"flow_type": "tcp4", "vlan": 100, "masks": {"vlan": 0x0FFF}}, (("vlan", 100, 0x0FFF),), id="VLAN id"
        ),
        pytest.param(
            {"flow_type": "ether", "proto": 0x8800, "masks": {"proto": 0xFF00}},
            (("ether_type", 0x8800, 0xFF00),),
            id="part of an EtherType",
        ),
        pytest.param(
            {"flow_type": "ether", "dst_mac": "01:00:00:00:00:00", "masks": {"dst_mac": "01:00:00:00:00:00"}},
            (("dst_mac", 1 << 40, 1 << 40),),
            id="multicast",
        ),
    ],
)
def test_masks_have_a_1_where_a_bit_must_match(given, match):
    assert made(queue=0, **given) == FlowRule(given["flow_type"], match, 0)


def test_a_protocol_with_a_flow_type_of_its_own_is_that_flow_type():
    """ixgbe gives it back so."""
    assert made(flow_type="ip4", proto=6, dst_ip="192.0.2.1", vf=0) == made(flow_type="tcp4", dst_ip="192.0.2.1", vf=0)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"vf": 0, "queue": 0}, id="VF and queue"),
        pytest.param({"vf": 0}, id="VF"),
        pytest.param({"action": VF_0}, id="action, the encoded number"),
    ],
)
def test_a_vf_and_the_action_give_the_same_rule(given):
    assert made(**WEB, **given) == RULE.at(None)


@pytest.mark.parametrize(
    ("given", "cookie"),
    [
        pytest.param({"vf": 3, "queue": 2}, 0x400000002, id="VF 3 queue 2"),
        pytest.param({"vf": 254}, 255 << 32, id="the last VF that can be named"),
        pytest.param({"queue": 3}, 3, id="queue of the PF"),
        pytest.param({"action": 0}, 0, id="queue 0 of the PF, as a number"),
        pytest.param({"drop": True}, DROP, id="drop"),
        pytest.param({"action": -1}, DROP, id="drop, as ethtool writes it"),
        pytest.param({"action": DROP}, DROP, id="drop, as the kernel does"),
        pytest.param({"action": -2}, WAKE, id="wake, as ethtool writes it"),
    ],
)
def test_destinations(given, cookie):
    assert made(**WEB, **given).cookie == cookie


@pytest.mark.parametrize("absent", [False, True], ids=["present", "absent"])
@pytest.mark.parametrize(
    ("given", "target"),
    [
        pytest.param({"context": 1}, (0, 1), id="context"),
        pytest.param({"context": 1, "queue": 2}, (2, 1), id="a queue that is added to those of its table"),
        pytest.param({"context": 0}, (0, 0), id="the table of the PF"),
        pytest.param({"queue": 0}, (0, None), id="no context"),
    ],
)
def test_an_rss_context_says_where_frames_go(given, target, absent):
    assert made(**WEB, **given, absent=absent).target == target


def test_a_rule_that_shall_go_needs_no_destination():
    assert made(absent=True, **WEB).cookie is None
    assert made(absent=True, **WEB, vf=1).cookie == 2 << 32


def test_rules_keep_their_order_their_locations_and_their_names():
    desired = rules({**WEB, "vf": 0, "location": 7}, {"flow_type": "udp4", "queue": 1}, exclusive=True)
    assert [rule.location for rule in desired.rules] == [7, None]
    assert (desired.names, desired.absent, desired.exclusive) == (("rules[0]", "rules[1]"), False, True)


GIVE = "Remedy: give vf and queue, queue, or drop."
CARRY = "Remedy: give one that the action can carry."
BAD_VALUES = [
    ({"vf": 255}, f"rules[0].vf: 255: VF 255 is not between 0 and 254. {CARRY}"),
    ({"vf": -1}, f"rules[0].vf: -1: VF -1 is not between 0 and 254. {CARRY}"),
    ({"vf": 0, "queue": -1}, f"rules[0].queue: -1: queue -1 is not between 0 and 4294967295. {CARRY}"),
    ({"vf": 300, "queue": -1}, f"rules[0].queue: -1: queue -1 is not between 0 and 4294967295. {CARRY}"),
    ({"queue": 1 << 32}, f"rules[0].queue: 4294967296: queue 4294967296 is not between 0 and 4294967295. {CARRY}"),
    (
        {"action": 1 << 40},
        f"rules[0].action: 1099511627776: 1099511627776 sets bits above the VF's (39:32): no driver reads them. {GIVE}",
    ),
    (
        {"action": -3},
        f"rules[0].action: -3: -3 sets bits above the VF's (39:32): no driver reads them. {GIVE}",
    ),
    (
        {"action": 1 << 64},
        "rules[0].action: 18446744073709551616: 18446744073709551616 sets bits above the VF's (39:32): no driver "
        f"reads them. {GIVE}",
    ),
    ({}, "rules[0]: where its frames shall go is not said. Remedy: give vf, queue, drop, action or context."),
    (
        {"drop": False},
        "rules[0]: where its frames shall go is not said. Remedy: give vf, queue, drop, action or context.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.256"},
        "rules[0].dst_ip: '192.0.2.256': it is no IP address or network. Remedy: write it as in \"192.0.2.0/24\".",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.30/24"},
        "rules[0].dst_ip: 192.0.2.30/24 has host bits set: 192.0.2.0/24 is the network, 192.0.2.30 the host. Remedy: "
        "write the one that is meant.",
    ),
    (
        {"vf": 0, "src_ip": "192.0.2.30/0"},
        "rules[0].src_ip: 192.0.2.30/0 has host bits set: 0.0.0.0/0 is the network, 192.0.2.30 the host. Remedy: "
        "write the one that is meant.",
    ),
    (
        {"vf": 0, "flow_type": "tcp6", "dst_ip": "2001:db8::1/64"},
        "rules[0].dst_ip: 2001:db8::1/64 has host bits set: 2001:db8::/64 is the network, 2001:db8::1 the host. "
        "Remedy: write the one that is meant.",
    ),
    (  # a number that IPv4 could hold
        {"vf": 0, "flow_type": "tcp6", "dst_ip": "::1/64"},
        "rules[0].dst_ip: ::1/64 has host bits set: ::/64 is the network, ::1 the host. Remedy: write the one that is "
        "meant.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.0/255.255.255.0"},
        "rules[0].dst_ip: 192.0.2.0/255.255.255.0: mask 255.255.255.0 is the prefix /24. Remedy: write 192.0.2.0/24.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.30/255.255.255.0"},
        "rules[0].dst_ip: 192.0.2.30/255.255.255.0: mask 255.255.255.0 is the prefix /24. Remedy: write 192.0.2.0/24, "
        "or 192.0.2.30 for the host alone.",
    ),
    (
        {"vf": 0, "flow_type": "udp6", "dst_ip": "2001:db8::/ffff:ffff::"},
        "rules[0].dst_ip: 2001:db8::/ffff:ffff::: mask ffff:ffff:: is the prefix /32. Remedy: write 2001:db8::/32.",
    ),
    *(
        (
            {"vf": 0, "dst_ip": f"{address}/{mask}"},
            f"rules[0].dst_ip: {address}/{mask}: {mask} is no prefix. Remedy: write the length of one, as in "
            '"192.0.2.0/24".',
        )
        for address, mask in (("0.0.0.1", "0.0.0.1"), ("192.0.2.0", "0.0.0.255"), ("10.0.0.3", "255.0.0.255"))
    ),
    *(
        (
            {"vf": 0, "dst_ip": text},
            f"rules[0].dst_ip: '{text}': it is no IP address or network. Remedy: write it as in \"192.0.2.0/24\".",
        )
        for text in ("192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/24/24", "192.0.2.0/ffff::", "x%eth0")
    ),
    (
        {"vf": 0, "flow_type": "tcp6", "dst_ip": "fe80::1%eth0"},
        "rules[0].dst_ip: fe80::1%eth0: no packet has the interface behind %. Remedy: leave out what begins with %.",
    ),
    (
        {"vf": 0, "dst_ip": "2001:db8::1"},
        "rules[0].dst_ip: 2001:db8::1: it is IPv6, and flow type tcp4 is not. Remedy: use the other flow type.",
    ),
    (
        {"vf": 0, "flow_type": "ether", "dst_port": None},
        "rules[0].dst_ip: 192.168.254.30: flow type ether has no IP addresses. Remedy: use ip4 or ip6.",
    ),
    (
        {"vf": 0, "flow_type": "ip4"},
        "rules[0].dst_port: 80: flow type ip4 has no ports. Remedy: use tcp4, udp4 or sctp4.",
    ),
    (
        {"vf": 0, "dst_port": 65536},
        "rules[0].dst_port: 65536: it is not between 0 and 65535. Remedy: give 0 to 65535.",
    ),
    ({"vf": 0, "vlan": 4095}, "rules[0].vlan: 4095: it is not between 0 and 4094. Remedy: give 0 to 4094."),
    (
        {"vf": 0, "proto": 6},
        "rules[0].proto: 6: flow type tcp4 says it already. Remedy: use ip4, ip6 or ether.",
    ),
    (
        {"vf": 0, "flow_type": "ip4", "dst_port": None, "proto": 256},
        "rules[0].proto: 256: it is not between 0 and 255. Remedy: give 0 to 255.",
    ),
    (
        {"vf": 0, "src_mac": "02:00:00:00:00:01"},
        "rules[0].src_mac: 02:00:00:00:00:01: flow type tcp4 has none. Remedy: use ether.",
    ),
    (
        {"vf": 0, "dst_mac": "02-00-00-00-00"},
        "rules[0].dst_mac: '02-00-00-00-00': it is no MAC address. "
        'Remedy: write it as in "02:00:00:00:00:01", in quotes.',
    ),
    (
        {"context": -1},
        "rules[0].context: -1: it is not between 0 and 4294967294. Remedy: give the number that it has.",
    ),
    (
        {"context": 0xFFFFFFFF},  # means a new one to the kernel
        "rules[0].context: 4294967295: it is not between 0 and 4294967294. Remedy: give the number that it has.",
    ),
    (
        {"vf": 0, "masks": {"src_port": 3}},
        "rules[0].masks.src_port: without src_port. Remedy: give src_port too, or leave out its mask.",
    ),
    (
        {"vf": 0, "src_port": 5, "masks": {"src_port": 3}},
        "rules[0].src_port: 5: bits outside of its mask 0x3 are set. Remedy: write 0x1, or another mask.",
    ),
    (
        {"vf": 0, "src_port": 0, "masks": {"src_port": 0}},
        "rules[0].masks.src_port: 0: no bit would have to match. Remedy: leave out src_port and its mask.",
    ),
    (
        {"vf": 0, "src_port": 0, "masks": {"src_port": 65536}},
        "rules[0].masks.src_port: 65536: src_port has 16 bits. Remedy: give at most 0xffff.",
    ),
    (
        {"vf": 0, "src_port": 0, "masks": {"src_port": -1}},
        "rules[0].masks.src_port: -1: src_port has 16 bits. Remedy: give at most 0xffff.",
    ),
    (
        {"vf": 0, "vlan": 0x2064, "masks": {"vlan": 0x0FFF}},
        "rules[0].vlan: 8292: bits outside of its mask 0xfff are set. Remedy: write 0x64, or another mask.",
    ),
    (
        {"vf": 0, "vlan": 0x10000, "masks": {"vlan": 0xFFFF}},
        "rules[0].vlan: 65536: it is not between 0 and 65535. Remedy: give 0 to 65535.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.0", "masks": {"dst_ip": "255.255.255.0"}},
        "rules[0].masks.dst_ip: 255.255.255.0: it is the prefix /24. Remedy: write dst_ip: 192.0.2.0/24 without a "
        "mask.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.1", "masks": {"dst_ip": "255.255.255.255"}},
        "rules[0].masks.dst_ip: 255.255.255.255: it is the prefix /32. Remedy: leave out the mask.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.0/24", "masks": {"dst_ip": "0.0.0.3"}},
        "rules[0].masks.dst_ip: 0.0.0.3: 192.0.2.0/24 is a network, which says its mask. Remedy: leave out one of "
        "them.",
    ),
    (
        {"vf": 0, "dst_ip": "192.0.2.1", "masks": {"dst_ip": "0.0.0.3"}},
        "rules[0].dst_ip: 192.0.2.1: bits outside of its mask 0.0.0.3 are set. Remedy: write 0.0.0.1, or another mask.",
    ),
    (
        {"vf": 0, "dst_ip": "0.0.0.1", "masks": {"dst_ip": "0x3"}},
        "rules[0].masks.dst_ip: '0x3': it is no mask in the form of an address. Remedy: write it as in \"0.0.0.3\".",
    ),
    (
        {"vf": 0, "dst_ip": "0.0.0.1", "masks": {"dst_ip": "::3"}},
        "rules[0].masks.dst_ip: ::3: it is a mask of IPv6, and flow type tcp4 is not. Remedy: write it as in "
        '"0.0.0.3".',
    ),
    (
        {"vf": 0, "dst_mac": "02:00:00:00:00:01", "masks": {"dst_mac": "24"}},
        "rules[0].masks.dst_mac: '24': it is no mask. Remedy: write it as in \"ff:ff:ff:00:00:00\", in quotes.",
    ),
    (
        {"vf": 0, "location": -1},
        "rules[0].location: -1: it is not between 0 and 2147483647. Remedy: leave it out, or give a number.",
    ),
    (
        {"vf": 0, "location": 0xFFFFFFFF},
        "rules[0].location: 4294967295: it is not between 0 and 2147483647. Remedy: leave it out, or give a number.",
    ),
]


@pytest.mark.parametrize(("given", "message"), BAD_VALUES, ids=[str(given) for given, _message in BAD_VALUES])
def test_a_value_that_no_kernel_takes_is_refused(given, message):
    told, found = refused({**WEB, **given})
    assert (told, found.rules) == ([message], ())


@pytest.mark.parametrize("absent", [False, True], ids=["present", "absent"])
@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(
            {**WEB, "vf": 1},
            "rules[1]: the same flow as rules[0]: rules[0]: tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0; "
            "rules[1]: tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 1 queue 0. Remedy: name each flow once.",
            id="one flow to two places",
        ),
        pytest.param(
            {**WEB, "dst_port": 81, "vf": 1, "location": 7},
            "rules[1]: location 7 is also that of rules[0]. Remedy: name each location once.",
            id="two rules at one place",
        ),
    ],
)
def test_two_rules_that_contradict_each_other_are_refused(second, message, absent):
    told, _found = refused({**WEB, "vf": 0, "location": 7}, second, absent=absent)
    assert told == [message]


def test_all_that_is_wrong_with_rules_is_told_and_the_others_are_left():
    several = {**WEB, "dst_ip": "a", "dst_port": -1, "location": -1, "vf": 300}
    told, found = refused({**WEB, "vf": 0, "location": 7}, several, {**WEB, "vf": 1}, {**WEB}, place="pfs[1].")
    assert told == [
        "pfs[1].rules[1].dst_ip: 'a': it is no IP address or network. Remedy: write it as in \"192.0.2.0/24\".",
        "pfs[1].rules[1].dst_port: -1: it is not between 0 and 65535. Remedy: give 0 to 65535.",
        "pfs[1].rules[1].location: -1: it is not between 0 and 2147483647. Remedy: leave it out, or give a number.",
        f"pfs[1].rules[1].vf: 300: VF 300 is not between 0 and 254. {CARRY}",
        "pfs[1].rules[3]: where its frames shall go is not said. Remedy: give vf, queue, drop, action or context.",
        "pfs[1].rules[2]: the same flow as pfs[1].rules[0]: pfs[1].rules[0]: tcp4 dst-ip 192.168.254.30 dst-port 80 to "
        "VF 0 queue 0; pfs[1].rules[2]: tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 1 queue 0. "
        "Remedy: name each flow once.",
    ]
    assert found.names == ("pfs[1].rules[0]", "pfs[1].rules[2]")
    assert [rule.location for rule in found.rules] == [7, None]


def test_rules_into_vfs_that_shall_not_be_are_left_over():
    given = ({**WEB, "vf": 0}, {"flow_type": "udp4", "queue": 1}, {"flow_type": "sctp4", "action": 3 << 32})
    given += ({"flow_type": "ip4", "drop": True},)
    before = rules(*given, exclusive=True)
    found = without_vfs(before)
    assert [each.flow_type for each in found.leftover] == ["tcp4", "sctp4"]
    assert (found.rules, found.names) == (before.rules[1::2], ("rules[1]", "rules[3]"))
    assert found.exclusive and without_vfs(found).rules == found.rules
    assert all(found.drops(rule.at(5)) for rule in found.leftover)
