# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our requests for flow rules against those of the ethtool binary: the same rule, the same bytes.

These tests fail without gcc or ethtool, on purpose: nothing else shows that the bytes are right for rules that no
driver at hand takes.
"""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel import ethtool_abi as abi
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.ethtool import Ethtool, rule_request
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    encode_action,
    ethtool_words,
    flow_rule,
    flow_words,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support import flows
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool_binary import EthtoolBinary
from hypothesis import given, settings
from hypothesis import strategies as st

DEVICE = "eth9"  # the recorder answers before the kernel looks for it


@pytest.fixture(scope="session")
def ethtool(tmp_path_factory):
    return EthtoolBinary(tmp_path_factory.mktemp("ethtool"))


def counted(request):
    """The part of a struct ethtool_rxnfc that the kernel reads with SRXCLSRLINS and SRXCLSRLDEL: cmd, fs, rss_context.

    ethtool leaves the rest as its stack was (rxclass_rule_ins() sets three members of an uninitialised structure):
    flow_type and data, which belong to other commands, and the padding at the end.
    """
    return bytes(request[:4]), bytes(request[abi.RXNFC.head.size : abi.RXNFC.locs_offset])


def sent(ethtool, words):
    said = ethtool("-N", DEVICE, "flow-type", *words.split())
    assert (said.status, said.error) == (0, ""), words
    return said.last(abi.SRXCLSRLINS)


def test_a_rule_is_sent_as_ethtool_sends_it(ethtool):
    @settings(max_examples=320)
    @given(flows.rules())
    def same(rule):
        assert counted(rule_request(rule)) == counted(sent(ethtool, ethtool_words(rule))), ethtool_words(rule)

    same()


def test_vf_and_queue_are_sent_as_ethtools_words_for_them(ethtool):
    @settings(max_examples=60)
    @given(flows.rules(cookies=st.none()), st.integers(0, 254), flows.queues)
    def same(flow, vf, queue):
        rule = flow_rule(flow.flow_type, {n: (v, m) for n, v, m in flow.match}, encode_action(vf, queue), flow.location)
        words = f"{flow_words(flow)} vf {vf} queue {queue} loc {flow.location}"
        assert counted(rule_request(rule)) == counted(sent(ethtool, words)), words

    same()


def test_a_rule_of_an_rss_context_is_sent_as_ethtool_sends_it(ethtool):
    """Such rules are never made here, but one that was found is put back as it was."""

    @settings(max_examples=30)
    @given(flows.rules(cookies=flows.queues), st.integers(0, 100))
    def same(flow, context):
        fields = {n: (v, m) for n, v, m in flow.match}
        rule = flow_rule(flow.flow_type, fields, flow.cookie, flow.location, context)
        words = f"{flow_words(flow)} context {context} action {flow.cookie} loc {flow.location}"
        assert counted(rule_request(rule)) == counted(sent(ethtool, words)), words

    same()


FULL32, FULL16 = 0xFFFFFFFF, 0xFFFF
FLOW80 = {"dst_ip": (0xC0A8FE1E, FULL32), "dst_port": (80, FULL16)}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        pytest.param(
            "tcp4 dst-ip 192.168.254.30 dst-port 80 action 4294967296 loc 2043",
            flow_rule("tcp4", FLOW80, 4294967296, 2043),
            id="into VF 0",
        ),
        pytest.param(
            "tcp4 dst-ip 192.168.254.30 dst-port 80 action 0x800000002 loc 0",
            flow_rule("tcp4", FLOW80, encode_action(7, 2), 0),
            id="the action in hexadecimal",
        ),
        pytest.param("udp4 action -1 loc 1", flow_rule("udp4", {}, DROP, 1), id="drop"),
        pytest.param(
            "udp4 src-ip 10.0.0.0 m 0.0.0.255 queue 3 loc 1",
            flow_rule("udp4", {"src_ip": (0x0A000000, 0xFFFFFF00)}, 3, 1),
            id="a prefix: ethtool's mask has the bits that do not count",
        ),
        pytest.param(
            "tcp4 vlan 5 m 0xf000 action 1 loc 1",
            flow_rule("tcp4", {"vlan": (5, 0x0FFF)}, 1, 1),
            id="a VLAN without its priority",
        ),
        pytest.param(
            "tcp4 vlan 100 action 1 loc 1",
            flow_rule("tcp4", {"vlan": (100, FULL16)}, 1, 1),
            id="a VLAN without a mask: its priority too",
        ),
        pytest.param(
            "udp4 src-port 1 m 0xfffc dst-port 4789 action 1 loc 1",
            flow_rule("udp4", {"src_port": (1, 3), "dst_port": (4789, FULL16)}, 1, 1),
            id="every fourth port: ethtool's mask has the bits that do not count",
        ),
        pytest.param(
            "ether src 02:00:00:00:00:01 proto 0x800 action 1 loc 1",
            flow_rule("ether", {"src_mac": (0x020000000001, (1 << 48) - 1), "ether_type": (0x800, FULL16)}, 1, 1),
            id="Ethernet",
        ),
        pytest.param(
            "ip4 l4proto 47 action 1 loc 1", flow_rule("ip4", {"proto": (47, 0xFF)}, 1, 1), id="an IP protocol"
        ),
        pytest.param(
            "tcp6 dst-ip 2001:db8::1 action 1 loc 1",
            flow_rule("tcp6", {"dst_ip": (0x20010DB8 << 96 | 1, (1 << 128) - 1)}, 1, 1),
            id="IPv6",
        ),
    ],
)
def test_what_operators_write_is_what_our_rules_mean(ethtool, words, rule):
    assert counted(sent(ethtool, words)) == counted(rule_request(rule))


def test_vf_255_would_wrap_round_to_the_pf_and_is_refused_here(ethtool):
    """The reason for our own check: ethtool takes it, and sets bit 40, which no driver reads."""
    request = abi.RXNFC.unpack(sent(ethtool, "tcp4 dst-port 80 vf 255 queue 0 loc 1"))
    assert request.fs.ring_cookie == 1 << 40
    with pytest.raises(ValueError, match="VF 255 is not between 0 and 254"):
        encode_action(255)


class Caught(Ethtool):
    """Keeps what goes to the kernel."""

    def __init__(self):
        self.requests = []

    def _ioctl(self, name, buffer):
        self.requests.append(bytes(buffer))


@pytest.mark.parametrize("location", [0, 2045, 2**31 - 1])
def test_a_rule_is_deleted_as_ethtool_deletes_it(ethtool, location):
    said = ethtool("-N", DEVICE, "delete", str(location))
    assert said.status == 0, said.error
    ours = Caught()
    ours.delete_rule(DEVICE, location)
    theirs = abi.RXNFC.unpack(said.last(abi.SRXCLSRLDEL))
    # Only the location counts; ethtool leaves the rest as its stack was.
    assert (theirs.cmd, theirs.fs.location) == (abi.SRXCLSRLDEL, location)
    assert abi.RXNFC.unpack(ours.requests[-1]) == abi.Rxnfc(
        abi.SRXCLSRLDEL, fs=abi.RawSpec(0, bytes(52), bytes(20), bytes(52), bytes(20), 0, location)
    )
