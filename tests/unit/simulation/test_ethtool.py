# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated drivers themselves: ixgbe and igb answer as their sources say (ixgbe_ethtool.c, igb_ethtool.c)."""

from __future__ import annotations

import ctypes
import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import (
    DROP,
    WAKE,
    encode_action,
    flow_rule,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import abi as simabi
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot

NAME = "enp1s0"
X550 = hosts.Nic("ixgbe", "ixgbevf", "1563", "1565", 63)
I350 = hosts.Nic(device="1521", vf_device="1520")
NUM_VFS = f"/{hosts.DEVICES}/{hosts.IXGBE.address}/sriov_numvfs"
NTUPLE = "rx-ntuple-filter"
IP, PORT, MAC = (0xC0A8FE1E, 0xFFFFFFFF), (80, 0xFFFF), (0x020000000001, (1 << 48) - 1)
WEB = {"dst_ip": IP, "dst_port": PORT}


@pytest.fixture
def host(tmp_path):
    """A kernel with a NIC, VFs and traffic classes; flow rules are possible where they can be."""

    def made(nic=hosts.IXGBE, num_vfs=0, ntuple=True, classes=1, **options):
        classes = {f"sys/class/net/{NAME}/queues/tx-{n}/traffic_class": str(n) for n in range(classes)}
        kernel = simulate(tmp_path, {**hosts.host(nic, **options), **classes})
        if num_vfs:
            kernel.sysfs.write(NUM_VFS, str(num_vfs))
        if ntuple:
            kernel.ethtool.set_feature(NAME, NTUPLE, True)
        return kernel

    return made


def answer(order, *arguments):
    try:
        order(*arguments)
    except KernelRefused as refused:
        return refused.errno
    return 0


def insert(kernel, flow_type="tcp4", fields=None, cookie=0, location=0):
    rule = flow_rule(flow_type, WEB if fields is None else fields, cookie, location)
    return answer(kernel.ethtool.insert_rule, NAME, rule)


def locations(kernel):
    return [rule.location for rule in kernel.ethtool.rules(NAME).rules]


def combined(kernel, count):
    return answer(kernel.ethtool.set_channels, NAME, kernel.ethtool.channels(NAME)._replace(combined=count))


# Queues: ixgbe_lib.c, ixgbe_ethtool.c, igb_main.c. Columns: most channels, channels, rings, table as (entries, queues).

QUEUES = [
    pytest.param(hosts.IXGBE, 0, 8, 1, (8, 8, 8, 128, 8), id="82599"),
    pytest.param(hosts.IXGBE, 0, 32, 1, (32, 32, 16, 128, 16), id="82599: flow director has more than RSS"),
    pytest.param(hosts.IXGBE, 0, 100, 1, (63, 63, 16, 128, 16), id="82599 with many CPUs"),
    pytest.param(hosts.IXGBE, 0, 1, 1, (1, 1, 1, 128, 1), id="82599 with one CPU"),
    pytest.param(hosts.IXGBE, 1, 32, 1, (4, 4, 4, 128, 4), id="82599, one VF"),
    pytest.param(hosts.IXGBE, 31, 32, 1, (4, 4, 4, 128, 4), id="82599, 32 pools"),
    pytest.param(hosts.IXGBE, 32, 32, 1, (2, 2, 2, 128, 2), id="82599, 64 pools"),
    pytest.param(hosts.IXGBE, 63, 32, 1, (2, 2, 2, 128, 2), id="82599, all VFs"),
    pytest.param(hosts.IXGBE, 4, 3, 1, (3, 2, 2, 128, 2), id="82599, a pool of three"),
    pytest.param(hosts.IXGBE, 4, 1, 1, (1, 1, 1, 128, 1), id="82599, VFs and one CPU"),
    pytest.param(hosts.IXGBE, 0, 32, 4, (16, 16, 16, 128, 16), id="82599, traffic classes"),
    pytest.param(hosts.IXGBE, 0, 32, 8, (8, 8, 16, 128, 8), id="82599, all traffic classes"),
    pytest.param(hosts.IXGBE, 4, 32, 4, (1, 1, 4, 128, 1), id="82599, VFs and traffic classes"),
    pytest.param(X550, 0, 100, 1, (63, 63, 63, 512, 63), id="X550"),
    pytest.param(X550, 4, 100, 1, (4, 4, 4, 64, 4), id="X550 with VFs"),
    pytest.param(X550, 32, 100, 1, (2, 2, 2, 64, 2), id="X550, 64 pools"),
]


@pytest.mark.parametrize(("nic", "num_vfs", "cpus", "classes", "expected"), QUEUES)
def test_ixgbe_divides_its_queues(host, nic, num_vfs, cpus, classes, expected):
    most, channels, rings, entries, queues = expected
    ethtool = host(nic, num_vfs, cpus=cpus, classes=classes).ethtool
    answer = ethtool.channels(NAME)
    assert (answer.max_combined, answer.combined, answer.other, answer.rx, answer.tx) == (most, channels, 1, 0, 0)
    rss = ethtool.rss(NAME)
    assert (rss.rings, rss.table) == (rings, tuple(entry % queues for entry in range(entries)))


@pytest.mark.parametrize(
    ("nic", "num_vfs", "cpus", "expected"),
    [
        pytest.param(hosts.IGB, 0, 16, (8, 8, 8), id="82576"),
        pytest.param(hosts.IGB, 0, 2, (8, 2, 2), id="82576 with two CPUs"),
        pytest.param(hosts.IGB, 3, 16, (2, 2, 2), id="82576 with VFs"),
        pytest.param(hosts.IGB, 3, 1, (2, 1, 2), id="82576 with VFs, its table is for pools of two"),
        pytest.param(I350, 0, 16, (8, 8, 8), id="i350"),
        pytest.param(I350, 3, 16, (1, 1, 1), id="i350 with VFs"),
    ],
)
def test_igb_divides_its_queues(host, nic, num_vfs, cpus, expected):
    most, channels, queues = expected
    ethtool = host(nic, num_vfs, cpus=cpus, ntuple=False).ethtool
    answer = ethtool.channels(NAME)
    assert (answer.max_combined, answer.combined, answer.other) == (most, channels, 1)
    # In blocks, as igb_setup_mrqc() fills it; `default` takes turns.
    assert ethtool.rss(NAME).table == tuple(entry * queues // 128 for entry in range(128))


def test_ntuple_leaves_the_channels_as_they_are(host):
    """ixgbe_get_channels() looks at the ATR sample rate, which ntuple does not touch."""
    kernel = host(cpus=32, ntuple=False)
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    assert kernel.ethtool.channels(NAME).combined == 32


def test_a_choice_of_channels_survives_the_first_vf_and_not_the_last(host):
    kernel = host(cpus=32)
    assert combined(kernel, 2) == 0
    kernel.sysfs.write(NUM_VFS, "4")
    assert kernel.ethtool.channels(NAME).combined == 2
    kernel.sysfs.write(NUM_VFS, "0")
    # ixgbe_disable_sriov() resets the limit of RSS only: flow director's, which is what is reported, stays. The
    # table then names rings that do not exist: on the lab's NIC 300 of 400 flows were lost, until `ethtool -L` was used
    # once more.
    assert (kernel.ethtool.channels(NAME).combined, kernel.ethtool.rings(NAME)) == (2, 2)
    assert set(kernel.ethtool.rss(NAME).table) == set(range(16))
    kernel.sysfs.write(NUM_VFS, "4")
    assert kernel.ethtool.channels(NAME).combined == 4


def test_igb_forgets_a_choice_of_channels_with_any_change_of_vfs(host):
    kernel = host(hosts.IGB, cpus=16, ntuple=False)
    assert combined(kernel, 3) == 0
    kernel.sysfs.write(NUM_VFS, "2")
    kernel.sysfs.write(NUM_VFS, "0")
    assert kernel.ethtool.channels(NAME).combined == 8


@pytest.mark.parametrize(
    ("nic", "num_vfs", "count", "expected"),
    [
        (hosts.IXGBE, 0, 32, 0),
        (hosts.IXGBE, 0, 33, errno.EINVAL),
        (hosts.IXGBE, 4, 4, 0),
        (hosts.IXGBE, 4, 5, errno.EINVAL),
        (hosts.IXGBE, 32, 3, errno.EINVAL),
        (hosts.IXGBE, 4, 0, errno.EINVAL),
        (hosts.IGB, 2, 3, errno.EINVAL),
        (hosts.IGB, 2, 1, 0),
    ],
)
def test_channels_have_a_limit(host, nic, num_vfs, count, expected):
    assert combined(host(nic, num_vfs, cpus=32), count) == expected


# ethtool_check_max_channel(): net/ethtool/common.c.


def test_a_table_that_was_set_refuses_fewer_channels_until_it_is_forgotten(host):
    kernel = host(num_vfs=4)
    kernel.ethtool.set_rss(NAME, (0, 1, 2, 2) * 32)
    assert combined(kernel, 2) == errno.EINVAL
    assert combined(kernel, 3) == 0
    assert kernel.ethtool.rss(NAME).table == (0, 1) * 64, "and the driver's table is back"
    assert combined(kernel, 1) == errno.EINVAL, "but it still counts as set"
    kernel.ethtool.set_rss(NAME, None)
    assert combined(kernel, 1) == 0


def test_a_rule_for_a_queue_refuses_fewer_channels_and_one_for_a_vf_does_not(host):
    kernel = host(num_vfs=4)
    for location, cookie in enumerate((encode_action(3, 3), DROP, 1)):
        assert insert(kernel, cookie=cookie, location=location) == 0
    assert combined(kernel, 1) == errno.EINVAL
    assert combined(kernel, 2) == 0
    assert locations(kernel) == [], "and all of them are gone"


def test_the_same_channels_change_nothing(host):
    kernel = host(num_vfs=4)
    assert insert(kernel, location=5) == 0
    kernel.ethtool.set_rss(NAME, (1,) * 128)
    assert combined(kernel, 4) == 0
    assert (locations(kernel), kernel.ethtool.rss(NAME).table) == ([5], (1,) * 128)


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

ETYPE, OTHER_ETYPE = {"ether_type": (0x88F7, 0xFFFF)}, {"ether_type": (0x88CC, 0xFFFF)}
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


# What rules and tables survive.


def link(kernel, *states):
    for state in states:
        kernel.run(["ip", "link", "set", "dev", NAME, *state.split()])


def feature(kernel, *changes):
    for name, on in changes:
        kernel.ethtool.set_feature(NAME, name, on)


EVENTS = {
    "nothing": lambda kernel: None,
    "more VFs": lambda kernel: kernel.sysfs.write(NUM_VFS, "3"),
    "more VFs, by a child process": lambda kernel: kernel.sysfs.write(NUM_VFS, "3", timeout=5),
    "fewer channels": lambda kernel: combined(kernel, 7),
    "up again": lambda kernel: link(kernel, "up"),
    "down": lambda kernel: link(kernel, "down"),
    "down and up": lambda kernel: link(kernel, "down", "up"),
    "another MTU": lambda kernel: link(kernel, "mtu 9000"),
    "the same MTU": lambda kernel: link(kernel, "mtu 1500"),
    "VFs while down": lambda kernel: (link(kernel, "down"), kernel.sysfs.write(NUM_VFS, "3")),
    "ntuple off": lambda kernel: feature(kernel, (NTUPLE, False)),
    "ntuple off and on": lambda kernel: feature(kernel, (NTUPLE, False), (NTUPLE, True)),
    "TC offload too": lambda kernel: feature(kernel, ("hw-tc-offload", True)),
    "rx-all": lambda kernel: feature(kernel, ("rx-all", True)),
    "rx-checksum": lambda kernel: feature(kernel, ("rx-checksum", False)),
    "RSC": lambda kernel: feature(kernel, ("rx-lro", True)),
}
SURVIVES = {
    # event: (rules, table) of ixgbe, of igb
    "nothing": ((True, True), (True, True)),
    "more VFs": ((False, False), (True, False)),
    "more VFs, by a child process": ((False, False), (True, False)),
    "fewer channels": ((False, False), (True, False)),
    "up again": ((True, True), (True, True)),
    "down": ((False, True), (True, True)),
    "down and up": ((False, False), (True, True)),
    "another MTU": ((True, False), (True, True)),
    "the same MTU": ((True, True), (True, True)),
    "VFs while down": ((False, True), (True, False)),
    "ntuple off": ((True, False), (False, True)),
    "ntuple off and on": ((True, False), (False, True)),
    "TC offload too": ((True, True), (True, True)),
    "rx-all": ((True, False), (True, True)),
    "rx-checksum": ((True, True), (True, True)),
    "RSC": ((True, False), (True, True)),
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("nic", [hosts.IXGBE, I350], ids=["82599", "i350"])
def test_rules_and_tables_have_their_lifetime(host, nic, event):
    kernel = host(nic)
    rule = ("tcp4", WEB) if nic == hosts.IXGBE else ("ether", ETYPE)
    assert insert(kernel, *rule, location=9) == 0
    kernel.ethtool.set_rss(NAME, (0,) * 128)
    EVENTS[event](kernel)
    rules, table = SURVIVES[event][0 if nic == hosts.IXGBE else 1]
    assert locations(kernel) == ([9] if rules else [])
    # An i350 with VFs has one queue: what is left of the table looks the same.
    one_queue = nic == I350 and "VFs" in event
    assert one_queue or (kernel.ethtool.rss(NAME).table == (0,) * 128) is table


def test_a_new_table_is_for_the_queues_that_there_are(host):
    kernel = host(num_vfs=4)
    kernel.ethtool.set_rss(NAME, (0,) * 128)
    kernel.sysfs.write(NUM_VFS, "0")
    kernel.sysfs.write(NUM_VFS, "40")
    assert kernel.ethtool.rss(NAME).table == (0, 1) * 64


# The tree.


def without_writes(root):
    return {path: value for path, value in snapshot(root).items() if path != "sim/writes"}


def test_questions_leave_no_trace(tmp_path, host):
    kernel = host(num_vfs=2)
    before = snapshot(tmp_path)
    for question in ("channels", "rings", "rss", "rules", "features", "statistics", "driver_info", "permanent_mac"):
        assert getattr(kernel.ethtool, question)(NAME) is not None
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("nic", [hosts.IXGBE, I350, hosts.Nic("mystery", device="abcd")], ids=lambda nic: nic.driver)
def test_what_is_put_back_is_as_if_it_had_never_been(tmp_path, host, nic):
    kernel = host(nic, ntuple=False)
    kernel.ethtool.set_feature(NAME, "rx-gro-list", True)
    before = without_writes(tmp_path)
    rule = {"ixgbe": ("tcp4", WEB)}.get(nic.driver, ("ether", ETYPE))
    kernel.ethtool.set_feature(NAME, NTUPLE, True)
    combined(kernel, 3)
    kernel.ethtool.set_rss(NAME, (0, 1) * 64)
    insert(kernel, *rule, location=3)
    assert without_writes(tmp_path) != before
    kernel.ethtool.delete_rule(NAME, 3)
    kernel.ethtool.set_rss(NAME, None)
    combined(kernel, 8)
    kernel.ethtool.set_rss(NAME, None)
    kernel.ethtool.set_feature(NAME, NTUPLE, False)
    table = kernel.ethtool.rss(NAME).table
    assert table == tuple(entry % 8 for entry in range(128))
    if nic.driver != "igb":  # whose own table is another
        assert without_writes(tmp_path) == before


def test_orders_are_listed_in_their_place_even_if_they_are_refused(host):
    kernel = host(num_vfs=2, ntuple=False)
    assert insert(kernel) == errno.EOPNOTSUPP
    kernel.sysfs.write(NUM_VFS, "0")
    assert written(kernel) == [
        f"{NUM_VFS} 2",
        "ethtool -N enp1s0 flow-type tcp4 action 0 loc 0",
        f"{NUM_VFS} 0",
    ]


def test_a_test_may_refuse_orders(tmp_path, host):
    kernel = host()
    kernel.ethtool = SimEthtool(tmp_path, refuses={"ethtool -N enp1s0 flow-type udp4": errno.ENOSPC})
    assert (insert(kernel, "udp4"), insert(kernel, "tcp4")) == (errno.ENOSPC, 0)


# The bytes: net/ethtool/ioctl.c.


def ioctl(kernel, structure, extra=0, **members):
    """The answer to a structure with room for so many bytes behind it, or an errno."""
    buffer = bytearray(ctypes.sizeof(structure) + extra)
    request = structure.from_buffer(buffer)
    for name, value in members.items():
        setattr(request, name, value)
    del request
    try:
        kernel.ethtool._ioctl(NAME, buffer)
    except OSError as refused:
        return refused.errno
    return structure.from_buffer_copy(buffer)


@pytest.mark.parametrize(
    ("members", "extra", "expected"),
    [
        pytest.param({"indir_size": 128, "key_size": 40}, 552, 128, id="all of it"),
        pytest.param({"indir_size": 128}, 512, 128, id="without the key"),
        pytest.param({}, 0, 128, id="the sizes"),
        pytest.param({"indir_size": 64}, 256, errno.EINVAL, id="another size"),
        pytest.param({"key_size": 52}, 52, errno.EINVAL, id="another size of the key"),
        pytest.param({"rsvd32": 1}, 0, errno.EINVAL, id="something reserved"),
        pytest.param({"rss_context": 1}, 0, errno.EOPNOTSUPP, id="a context"),
    ],
)
def test_a_table_is_reported_to_those_who_know_its_size(host, members, extra, expected):
    answer = ioctl(host(), simabi.Rxfh, extra, cmd=simabi.GRSSH, **members)
    assert getattr(answer, "indir_size", answer) == expected


@pytest.mark.parametrize(
    ("structure", "members"),
    [
        pytest.param(simabi.Gstrings, {"cmd": simabi.GSTRINGS, "string_set": simabi.SS_FEATURES}, id="strings"),
        pytest.param(simabi.Sized, {"cmd": simabi.GSTATS}, id="statistics"),
        pytest.param(simabi.Rxfh, {"cmd": simabi.GRSSH, "indir_size": 128}, id="table"),
        pytest.param(simabi.Sized, {"cmd": simabi.GFEATURES, "size": 2}, id="features"),
        pytest.param(simabi.SsetInfo, {"cmd": simabi.GSSET_INFO, "sset_mask": 1 << 4}, id="string sets"),
    ],
)
def test_an_answer_without_room_is_an_error_of_the_test(host, structure, members):
    """The kernel would write into somebody else's memory."""
    with pytest.raises(ValueError, match="Buffer size too small"):
        ioctl(host(), structure, **members)


def test_another_number_of_strings_gets_none(host):
    answer = ioctl(host(), simabi.Gstrings, 96, cmd=simabi.GSTRINGS, string_set=simabi.SS_FEATURES, len=3)
    assert answer.len == 0


def test_features_come_in_two_blocks(host):
    kernel = host()
    assert ioctl(kernel, simabi.Sized, 16, cmd=simabi.SFEATURES, size=1) == errno.EINVAL
    assert ioctl(kernel, simabi.Sized, 16, cmd=simabi.GFEATURES, size=1).size == 2


def test_a_buffer_that_is_too_short_for_an_address_is_refused(host):
    assert ioctl(host(), simabi.Sized, 32, cmd=simabi.GPERMADDR, size=5) == 525


def test_a_rule_that_is_not_there_leaves_the_question_as_it_was(host):
    assert ioctl(host(), simabi.Rxnfc, cmd=simabi.GRXCLSRULE) == errno.EINVAL
