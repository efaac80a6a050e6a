# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated ixgbe and igb take and refuse flow rules as ixgbe_ethtool.c and igb_ethtool.c do."""

from __future__ import annotations

import ctypes
import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    WAKE,
    encode_action,
    flow_rule,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.support.ethtool import (
    ETYPE,
    I350,
    IP,
    NAME,
    NTUPLE,
    WEB,
    insert,
    locations,
)

MAC = (0x020000000001, (1 << 48) - 1)

# Flow director: ixgbe_add_ethtool_fdir_entry().


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        pytest.param({NTUPLE: False}, errno.EOPNOTSUPP, id="ntuple off"),
        pytest.param({NTUPLE: True}, 0, id="ntuple on"),
        pytest.param({NTUPLE: False, "hw-tc-offload": True}, 0, id="TC offload is as good"),
    ],
)
def test_rules_need_perfect_filters(host, features, expected):
    kernel = host(ntuple=False)
    for name, on in features.items():
        kernel.ethtool.set_feature(NAME, name, on)
    assert insert(kernel) == expected
    # The first of all checks.
    assert insert(kernel, location=9999) == (expected or errno.EINVAL)


@pytest.mark.parametrize(
    ("num_vfs", "cookie", "expected"),
    [
        pytest.param(0, 31, 0, id="the last ring"),
        pytest.param(0, 32, errno.EINVAL, id="no such ring"),
        pytest.param(4, 3, 0, id="the last ring beside VFs"),
        pytest.param(4, 4, errno.EINVAL, id="no such ring beside VFs"),
        pytest.param(4, encode_action(3, 3), 0, id="the last queue of the last VF"),
        pytest.param(4, encode_action(3, 4), errno.EINVAL, id="no such queue of the VF"),
        pytest.param(4, encode_action(4, 0), errno.EINVAL, id="no such VF"),
        pytest.param(0, encode_action(0, 0), errno.EINVAL, id="no VFs"),
        pytest.param(32, encode_action(0, 2), errno.EINVAL, id="pools of two"),
        pytest.param(4, DROP, 0, id="drop"),
        pytest.param(4, WAKE, errno.EINVAL, id="wake: VF 254 to the driver"),
        pytest.param(4, 1 << 40 | 3, 0, id="bits that nobody reads"),
    ],
)
def test_rules_go_where_there_is_a_queue(host, num_vfs, cookie, expected):
    kernel = host(num_vfs=num_vfs, cpus=32)
    assert insert(kernel, cookie=cookie) == expected
    if not expected:
        assert kernel.ethtool.rules(NAME).rules[0].cookie == cookie


@pytest.mark.parametrize(("location", "expected"), [(0, 0), (2045, 0), (2046, errno.EINVAL), (None, errno.EINVAL)])
def test_rules_have_2046_places(host, location, expected):
    assert insert(host(), location=location) == expected


@pytest.mark.parametrize(
    ("flow_type", "fields", "expected"),
    [
        pytest.param("tcp4", WEB, 0, id="TCP"),
        pytest.param("udp4", {}, 0, id="all of UDP"),
        pytest.param("sctp4", {"src_port": (1, 0x000F)}, 0, id="any bits of ports"),
        pytest.param("ip4", {"src_ip": (5, 0x000000FF)}, 0, id="any bits of addresses"),
        pytest.param("ip4", {"l4_bytes": (5, 0xFFFF)}, errno.EINVAL, id="ports without a protocol"),
        pytest.param("ip4", {"proto": (47, 0xFF)}, errno.EINVAL, id="a protocol that it does not know"),
        pytest.param("ip4", {"proto": (0, 0xFF)}, errno.EINVAL, id="protocol 0"),
        pytest.param("ip4", {"proto": (6, 0x0F)}, 0, id="the mask of a protocol that it knows is ignored"),
        pytest.param("tcp6", {}, errno.EINVAL, id="IPv6"),
        pytest.param("ether", {"dst_mac": MAC}, errno.EINVAL, id="Ethernet"),
        pytest.param("tcp4", {"dst_mac": MAC}, errno.EINVAL, id="a MAC"),
        pytest.param("esp4", {}, errno.EINVAL, id="IPsec"),
        pytest.param("tcp4", {"vlan": (5, 0x0FFF)}, 0, id="a VLAN"),
        pytest.param("tcp4", {"vlan": (0x2000, 0xE000)}, 0, id="a priority"),
        pytest.param("tcp4", {"vlan": (5, 0xFFFF)}, 0, id="all of the tag"),
        pytest.param("tcp4", {"vlan": (5, 0x00FF)}, errno.EINVAL, id="half a VLAN"),
        pytest.param("tcp4", {"vlan_etype": (5, 0xFFFF)}, 0, id="flex bytes"),
        pytest.param("tcp4", {"vlan_etype": (5, 0x00FF)}, errno.EINVAL, id="one flex byte"),
        pytest.param("tcp4", {"user_def": (2, 0xFF)}, 0, id="a pool"),
        pytest.param("tcp4", {"user_def": (2, 0x0F)}, errno.EINVAL, id="half a pool"),
        pytest.param("tcp4", {"user_def": (1 << 32, 0xFF << 32)}, 0, id="the rest of user-def is ignored"),
        pytest.param("tcp4", {"tos": (8, 0xFF)}, 0, id="tos is ignored"),
    ],
)
def test_rules_match_what_the_hardware_can(host, flow_type, fields, expected):
    assert insert(host(), flow_type, fields) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(("tcp4", WEB), ("tcp4", {**WEB, "dst_port": (81, 0xFFFF)}), 0, id="other values"),
        pytest.param(("tcp4", WEB), ("tcp4", WEB), 0, id="the same again"),
        pytest.param(("tcp4", WEB), ("udp4", WEB), 0, id="another L4 type"),
        pytest.param(("tcp4", WEB), ("tcp4", {"dst_ip": IP}), errno.EINVAL, id="fewer fields"),
        pytest.param(("tcp4", {"dst_ip": IP}), ("ip4", {"dst_ip": IP}), errno.EINVAL, id="no L4 type"),
        pytest.param(("ip4", {"dst_ip": IP}), ("ip4", {"dst_ip": (1, IP[1])}), 0, id="no L4 type twice"),
        pytest.param(("tcp4", {"dst_ip": IP}), ("tcp4", {"dst_ip": (1, 0xFF)}), errno.EINVAL, id="another mask"),
    ],
)
def test_a_port_has_one_mask_until_its_last_rule_goes(host, first, second, expected):
    kernel = host()
    assert insert(kernel, *first, location=0) == 0
    assert insert(kernel, *second, location=1) == expected
    for location in locations(kernel):
        kernel.ethtool.delete_rule(NAME, location)
    assert insert(kernel, *second, location=1) == 0


def test_a_rule_replaces_the_one_at_its_place(host):
    kernel = host()
    assert insert(kernel, cookie=1, location=7) == 0
    assert insert(kernel, "udp4", cookie=2, location=7) == 0
    assert [(rule.flow_type, rule.cookie) for rule in kernel.ethtool.rules(NAME).rules] == [("udp4", 2)]


def raw_rule(kernel, location):
    buffer = bytearray(ctypes.sizeof(simabi.Rxnfc))
    request = simabi.Rxnfc.from_buffer(buffer)
    request.cmd, request.fs.location = simabi.GRXCLSRULE, location
    kernel.ethtool._ioctl(NAME, buffer)
    return simabi.Rxnfc.from_buffer_copy(buffer)


@pytest.mark.parametrize(
    ("flow_type", "fields", "number"),
    [
        pytest.param("tcp4", {"dst_ip": (0xC0A8FE1E, 0xFFFFFF00), "tos": (8, 0xFF)}, simabi.TCP_V4, id="TCP"),
        pytest.param("ip4", {"dst_ip": (0xC0A8FE1E, 0xFFFFFF00)}, simabi.IP_USER, id="IP"),
        pytest.param("ip4", {"dst_ip": (0xC0A8FE1E, 0xFFFFFF00), "proto": (132, 0xFF)}, simabi.SCTP_V4, id="SCTP"),
    ],
)
def test_ixgbe_tells_a_rule_in_its_own_way(host, flow_type, fields, number):
    """With FLOW_EXT though there is no extension, masked, without what it ignored."""
    kernel = host(num_vfs=1)
    assert insert(kernel, flow_type, fields, encode_action(0), 5) == 0
    answer = raw_rule(kernel, 5)
    value, mask = simabi.UserIp4.from_buffer(answer.fs.h_u), simabi.UserIp4.from_buffer(answer.fs.m_u)
    assert (answer.fs.flow_type, answer.data) == (number | simabi.FLOW_EXT, 2046)
    assert (value.ip4dst, mask.ip4dst, value.tos, mask.tos) == (0xC0A8FE00, 0xFFFFFF00, 0, 0)
    assert (value.proto, mask.proto, value.ip_ver) == (0, 0, number == simabi.IP_USER)
    assert bytes(answer.fs.h_ext) == bytes(answer.fs.m_ext) == bytes(20)
    assert answer.fs.ring_cookie == 1 << 32


def test_ixgbe_keeps_one_byte_of_user_def(host):
    kernel = host()
    assert insert(kernel, fields={"user_def": (0x800000002, (1 << 64) - 1)}) == 0
    assert kernel.ethtool.rules(NAME).rules[0].match == (("user_def", 2, 0xFF),)


# igb: igb_add_ethtool_nfc_entry(), igb_add_filter().

OTHER_ETYPE = {"ether_type": (0x88CC, 0xFFFF)}
PRIORITY = {"vlan": (0x2000, 0xE000)}


def test_an_82576_has_no_rules(host):
    assert insert(host(hosts.IGB), "ether", ETYPE) == errno.EOPNOTSUPP


@pytest.mark.parametrize(
    ("flow_type", "fields", "cookie", "location", "expected"),
    [
        pytest.param("ether", ETYPE, 1, 15, 0, id="an EtherType"),
        pytest.param("ether", {"dst_mac": MAC, "src_mac": MAC}, 1, 0, 0, id="MACs"),
        pytest.param("ether", PRIORITY, 1, 0, 0, id="a VLAN priority"),
        pytest.param("ether", {"vlan": (5, 0x0FFF)}, 1, 0, errno.EINVAL, id="a VLAN"),
        pytest.param("ether", {}, 1, 0, errno.EINVAL, id="nothing"),
        pytest.param("ether", {"dst_mac": (1, 0xFF)}, 1, 0, errno.EINVAL, id="nothing whole"),
        pytest.param("ether", ETYPE, 1, 16, errno.EINVAL, id="no such place"),
        pytest.param("ether", ETYPE, 8, 0, errno.EINVAL, id="no such queue"),
        pytest.param("ether", ETYPE, DROP, 0, errno.EINVAL, id="drop"),
        pytest.param("ether", ETYPE, encode_action(0), 0, errno.EINVAL, id="a VF"),
        pytest.param("tcp4", WEB, 1, 0, errno.EINVAL, id="TCP"),
    ],
)
def test_an_i350_takes_rules_for_ethernet(host, flow_type, fields, cookie, location, expected):
    kernel = host(I350, cpus=16)
    assert insert(kernel, flow_type, fields, cookie, location) == expected
    if not expected:
        assert kernel.ethtool.rules(NAME).rules == (flow_rule(flow_type, fields, cookie, location),)
        assert kernel.ethtool.rules(NAME).size == 16


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param((ETYPE, 1), (ETYPE, 1), errno.EEXIST, id="the same"),
        pytest.param((ETYPE, 1), (ETYPE, 2), errno.EEXIST, id="the same flow to another queue"),
        pytest.param((ETYPE, 1), (OTHER_ETYPE, 1), 0, id="another flow"),
        pytest.param((PRIORITY, 1), ({**PRIORITY, **ETYPE}, 2), errno.EEXIST, id="a priority for two queues"),
        pytest.param((PRIORITY, 1), ({**PRIORITY, **ETYPE}, 1), 0, id="a priority in two rules"),
    ],
)
def test_an_i350_knows_duplicates(host, first, second, expected):
    kernel = host(I350)
    assert insert(kernel, "ether", *first, location=0) == 0
    assert insert(kernel, "ether", *second, location=1) == expected


def test_an_i350_has_three_filters_for_ethertypes(host):
    kernel = host(I350)
    rows = [insert(kernel, "ether", {"ether_type": (0x9000 + n, 0xFFFF)}, 1, n) for n in range(4)]
    assert rows == [0, 0, 0, errno.EINVAL]


def test_an_i350_takes_rules_with_ntuple_off_and_frees_them_when_it_goes_off(host):
    """It looks at hw_features, not at features."""
    kernel = host(I350, ntuple=False)
    assert insert(kernel, "ether", ETYPE) == 0
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    assert locations(kernel) == [0]
    kernel.ethtool.set_feature(NAME, NTUPLE, False)
    assert locations(kernel) == []
