# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules: actions, the normal form, the words of ethtool."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    MAX_QUEUE,
    WAKE,
    Destination,
    decode_action,
    encode_action,
    ethtool_words,
    field_bits,
    flow_rule,
    flow_words,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support import flows
from hypothesis import given
from hypothesis import strategies as st

FULL = {bits: (1 << bits) - 1 for bits in (8, 16, 32, 48, 64, 128)}
IP = 0xC0A8FE1E  # 192.168.254.30

# include/uapi/linux/ethtool.h: ETHTOOL_RX_FLOW_SPEC_RING 31:0, _RING_VF 39:32.
ACTIONS = [
    pytest.param(None, 0, 0, "queue 0", id="the PF's first queue"),
    pytest.param(None, 3, 3, "queue 3", id="another queue of the PF"),
    pytest.param(None, MAX_QUEUE, 0xFFFFFFFF, "queue 4294967295", id="the PF's last queue"),
    pytest.param(0, 0, 4294967296, "VF 0 queue 0", id="VF 0, queue 0"),
    pytest.param(0, 1, 4294967297, "VF 0 queue 1", id="VF 0, queue 1"),
    pytest.param(7, 2, 0x800000002, "VF 7 queue 2", id="the example of Intel's README"),
    pytest.param(62, 1, 0x3F00000001, "VF 62 queue 1", id="the last VF of an 82599"),
    pytest.param(254, MAX_QUEUE, 0xFFFFFFFFFF, "VF 254 queue 4294967295", id="the last VF that there can be"),
]


@pytest.mark.parametrize(("vf", "queue", "cookie", "text"), ACTIONS)
def test_an_action_is_a_vf_and_a_queue(vf, queue, cookie, text):
    assert encode_action(vf, queue) == cookie
    assert decode_action(cookie) == Destination("queue" if vf is None else "vf", vf, queue)
    assert str(decode_action(cookie)) == text


@given(st.none() | st.integers(0, 254), flows.numbers(32))
def test_every_action_is_read_as_it_was_made(vf, queue):
    cookie = encode_action(vf, queue)
    assert cookie >> 40 == 0
    assert decode_action(cookie)[1:] == (vf, queue)


@given(flows.numbers(40))
def test_every_readable_action_is_made_as_it_was_read(cookie):
    destination = decode_action(cookie)
    assert encode_action(destination.vf, destination.queue) == cookie


@pytest.mark.parametrize(
    ("vf", "queue", "why"),
    [
        (255, 0, "VF 255 is not between 0 and 254"),
        (-1, 0, "VF -1 is not between 0 and 254"),
        (None, -1, "queue -1 is not between 0 and 4294967295"),
        (3, 1 << 32, "queue 4294967296 is not between 0 and 4294967295"),
    ],
)
def test_what_does_not_fit_an_action_is_refused(vf, queue, why):
    with pytest.raises(ValueError, match=why):
        encode_action(vf, queue)


@pytest.mark.parametrize(
    ("cookie", "kind"), [(-1, "drop"), (DROP, "drop"), (2**64 - 1, "drop"), (-2, "wake"), (WAKE, "wake")]
)
def test_two_actions_lead_nowhere(cookie, kind):
    assert decode_action(cookie) == Destination(kind)


@pytest.mark.parametrize("cookie", [1 << 40, 1 << 63, DROP - 2, (0xFF << 40) | (1 << 32), 1 << 64, -3])
def test_bits_that_no_driver_reads_are_refused(cookie):
    with pytest.raises(ValueError, match="sets bits above the VF's"):
        decode_action(cookie)


@given(st.integers(40, 63), flows.numbers(40))
def test_any_bit_above_the_vfs_is_refused(bit, cookie):
    with pytest.raises(ValueError, match="sets bits above the VF's"):
        decode_action(cookie | 1 << bit)


@pytest.mark.parametrize(
    ("flow_type", "fields", "flow"),
    [
        pytest.param(
            "tcp4",
            {"dst_port": (80, FULL[16]), "dst_ip": (IP, FULL[32])},
            ("tcp4", (("dst_ip", IP, FULL[32]), ("dst_port", 80, FULL[16]))),
            id="fields in the order of ethtool",
        ),
        pytest.param(
            "tcp4",
            {"dst_ip": (IP, 0xFFFFFF00)},
            ("tcp4", (("dst_ip", 0xC0A8FE00, 0xFFFFFF00),)),
            id="values are masked",
        ),
        pytest.param("tcp4", {"dst_ip": (IP, 0)}, ("tcp4", ()), id="an empty mask matches nothing"),
        pytest.param("tcp4", {"dst_port": (0, FULL[16])}, ("tcp4", (("dst_port", 0, FULL[16]),)), id="0 is a value"),
        pytest.param("ip4", {"proto": (6, 0xFF)}, ("tcp4", ()), id="TCP has two names"),
        pytest.param("ip4", {"proto": (17, 0xFF)}, ("udp4", ()), id="UDP too"),
        pytest.param("ip4", {"proto": (132, 0xFF)}, ("sctp4", ()), id="SCTP too"),
        pytest.param("ip6", {"proto": (17, 0xFF)}, ("udp6", ()), id="in IPv6 too"),
        pytest.param("ip4", {"proto": (47, 0xFF)}, ("ip4", (("proto", 47, 0xFF),)), id="GRE has one name"),
        pytest.param("ip4", {"proto": (6, 0x0F)}, ("ip4", (("proto", 6, 0x0F),)), id="some protocols are not TCP"),
        pytest.param("ip4", {"proto": (6, 0)}, ("ip4", ()), id="any protocol is not TCP"),
        pytest.param(
            "ip4",
            {"proto": (6, 0xFF), "l4_bytes": (80, FULL[16])},
            ("ip4", (("proto", 6, 0xFF), ("l4_bytes", 80, FULL[16]))),
            id="tcp4 has no bytes of layer 4",
        ),
        pytest.param(
            "tcp4", {"proto": (17, 0xFF)}, ("tcp4", (("proto", 17, 0xFF),)), id="only ip4 and ip6 change their name"
        ),
    ],
)
def test_a_flow_has_one_form(flow_type, fields, flow):
    assert flow_rule(flow_type, fields).flow == flow


@given(flows.rules(), st.data())
def test_bits_that_do_not_count_do_not_matter(rule, data):
    fields = {}
    for name, value, mask in rule.match:
        fields[name] = (value | data.draw(flows.numbers(128)) & ~mask, mask)
    missing = set(flows.FIELDS[rule.flow_type]) - set(fields) - {"proto"}
    fields.update({name: (data.draw(flows.numbers(8)), 0) for name in sorted(missing)})
    order = data.draw(st.permutations(sorted(fields)))
    again = flow_rule(rule.flow_type, {name: fields[name] for name in order}, rule.cookie, rule.location)
    assert again == rule


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        pytest.param(
            flow_rule("tcp4", {"dst_ip": (IP, FULL[32]), "dst_port": (80, FULL[16])}, 4294967296, 2043),
            "tcp4 dst-ip 192.168.254.30 dst-port 80 action 4294967296 loc 2043",
            id="into VF 0",
        ),
        pytest.param(flow_rule("udp4", {}, DROP), "udp4 action -1", id="drop, without a location"),
        pytest.param(flow_rule("udp4", {}, WAKE, 0), f"udp4 action {WAKE} loc 0", id="location 0"),
        pytest.param(
            flow_rule("tcp4", {"src_ip": (IP, 0xFFFFFF00)}, 1),
            "tcp4 src-ip 192.168.254.0 m 0.0.0.255 action 1",
            id="a prefix",
        ),
        pytest.param(
            flow_rule("tcp4", {"src_port": (0x1200, 0xFF00), "vlan": (5, 0x0FFF), "tos": (0x10, 0xFC)}, 1),
            "tcp4 tos 16 m 0x3 src-port 4608 m 0xff vlan 5 m 0xf000 action 1",
            id="numbers with masks",
        ),
        pytest.param(
            flow_rule("tcp6", {"src_ip": (0x20010DB8 << 96, FULL[32] << 96), "tclass": (1, 0xFF)}, 1),
            "tcp6 src-ip 2001:db8:: m ::ffff:ffff:ffff:ffff:ffff:ffff tclass 1 action 1",
            id="an IPv6 prefix",
        ),
        pytest.param(
            flow_rule("ip4", {"proto": (47, 0xFF), "l4_bytes": (0x50, FULL[16])}, 1),
            "ip4 l4proto 47 l4data 0x50 m 0xffff0000 action 1",
            id="bytes of layer 4",
        ),
        pytest.param(flow_rule("esp4", {"spi": (7, FULL[32])}, 1), "esp4 spi 7 action 1", id="IPsec"),
        pytest.param(
            flow_rule(
                "ether",
                {
                    "dst_mac": (0x020000000001, FULL[48]),
                    "src_mac": (0x020000000000, 0xFFFFFFFFFF00),
                    "ether_type": (0x88F7, FULL[16]),
                },
                1,
            ),
            "ether src 02:00:00:00:00:00 m 00:00:00:00:00:ff dst 02:00:00:00:00:01 proto 0x88f7 action 1",
            id="Ethernet has words of its own",
        ),
        pytest.param(
            flow_rule("tcp4", {"dst_mac": (1, FULL[48]), "vlan_etype": (0x8100, FULL[16]), "user_def": (2, 0xFF)}, 1),
            "tcp4 dst-mac 00:00:00:00:00:01 vlan-etype 0x8100 user-def 0x2 m 0xffffffffffffff00 action 1",
            id="extensions",
        ),
    ],
)
def test_a_rule_has_the_words_of_ethtool(rule, words):
    assert ethtool_words(rule) == words
    assert words.startswith(flow_words(rule))


@pytest.mark.parametrize(
    ("cookie", "context", "text"),
    [
        (4294967296, None, "tcp4 dst-port 80 to VF 0 queue 0"),
        (3, None, "tcp4 dst-port 80 to queue 3"),
        (DROP, None, "tcp4 dst-port 80 drop"),
        (DROP, 5, "tcp4 dst-port 80 drop, RSS context 5"),
        (WAKE, None, "tcp4 dst-port 80 to wake-on-LAN"),
        (1 << 40, None, "tcp4 dst-port 80 to action 1099511627776"),
        (2, 5, "tcp4 dst-port 80 to queue 2 of RSS context 5"),
        (None, None, "tcp4 dst-port 80"),
        (None, 5, "tcp4 dst-port 80, RSS context 5"),
    ],
)
def test_a_rule_is_reported_in_a_sentence(cookie, context, text):
    rule = flow_rule("tcp4", {"dst_port": (80, FULL[16])}, cookie, 5, context)
    assert str(rule) == text


def test_rules_are_compared_without_their_places():
    rule = flow_rule("tcp4", {"dst_port": (80, FULL[16])}, 4294967296, 5)
    assert rule.equals(rule.at(6)) and rule.equals(rule.at(None)) and rule != rule.at(6)
    assert not rule.equals(flow_rule("tcp4", {"dst_port": (80, FULL[16])}, 1, 5))
    assert not rule.equals(flow_rule("tcp4", {"dst_port": (81, FULL[16])}, 4294967296, 5))
    assert not rule.equals(flow_rule("udp4", {"dst_port": (80, FULL[16])}, 4294967296, 5))
    assert not rule.equals(flow_rule("tcp4", {"dst_port": (80, FULL[16])}, 4294967296, 5, context=1))


def test_a_destination_that_cannot_be_read_is_none():
    assert flow_rule("tcp4", {}).destination is None
    assert flow_rule("tcp4", {}, 1 << 40).destination is None
    assert flow_rule("tcp4", {}, 1).destination == Destination("queue", None, 1)


@pytest.mark.parametrize(
    ("flow_type", "name", "bits"),
    [(flow_type, name, bits) for flow_type, fields in flows.FIELDS.items() for name, bits in fields.items()],
)
def test_a_field_has_its_size(flow_type, name, bits):
    assert field_bits(flow_type, name) == bits
