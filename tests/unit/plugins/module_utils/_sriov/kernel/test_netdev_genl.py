# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generic netlink's family "netdev": our bytes against pyroute2's, against recorded ones, and against this kernel."""

from __future__ import annotations

import errno
import socket
import struct

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, TookTooLong
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.netdev_genl import (
    XDP_FEATURES,
    NetdevGenl,
    ask_kernel,
    attributes,
    family_id,
    family_request,
    features_request,
    xdp_features,
)
from hypothesis import given
from hypothesis import strategies as st
from pyroute2 import GenericNetlinkSocket
from pyroute2.netlink import NLM_F_REQUEST, ctrlmsg, genlmsg
from pyroute2.netlink.exceptions import NetlinkError

# Recorded from lab VMs (82599 as enp1s0, ifindex 3): the hexadecimal form of what ask_kernel() returned there.
FAMILY_6_12 = (
    "f40000001000000001000000a1010000010200000b0002006e6574646576000006000100150000000800030001000000080004000000000008"
    "000500000000007c000600140001000800010001000000080002000e000000140002000800010005000000080002000e000000140003000800"
    "01000a000000080002000e00000014000400080001000b000000080002000e00000014000500080001000c000000080002000c000000140006"
    "00080001000d000000080002000b00000038000700180001000800020005000000090001006d676d74000000001c0002000800020006000000"
    "0e000100706167652d706f6f6c000000"
)
FEATURES_6_12 = (
    "480000001500000001000000a10100000101000008000100030000000c0003000b000000000000000c00050000000000000000000c000600"
    "00000000000000000800040001000000"
)
NO_DEVICE_6_12 = "300000000200000001000000a1010000edffffff1c00000015000100010000000000000001010000080001000f270000"
NO_FAMILY_6_1 = (
    "340000000200000001000000c0000000feffffff20000000100001000100000000000000030100000b0002006e65746465760000"
)
NOT_ALLOWED = NO_FAMILY_6_1.replace("feffffff", "ffffffff")
NO_ANSWER = struct.pack("=IHHII", 16, 1, 1, 1, 0)  # NLMSG_NOOP: the kernel says nothing to it


class DevGet(genlmsg):
    """What pyroute2 has no class for: struct and attributes of NETDEV_CMD_DEV_GET, by netdev.yaml."""

    nla_map = (
        ("NETDEV_A_DEV_UNSPEC", "none"),
        ("NETDEV_A_DEV_IFINDEX", "uint32"),
        ("NETDEV_A_DEV_PAD", "none"),
        ("NETDEV_A_DEV_XDP_FEATURES", "uint64"),
        ("NETDEV_A_DEV_XDP_ZC_MAX_SEGS", "uint32"),
        ("NETDEV_A_DEV_XDP_RX_METADATA_FEATURES", "uint64"),
        ("NETDEV_A_DEV_XSK_FEATURES", "uint64"),
    )


def encoded(message, kind, **content):
    """A message as pyroute2 builds it; `attrs` are (name, value)."""
    message["header"].update(type=kind, flags=NLM_F_REQUEST, sequence_number=1)
    message["version"] = 1
    for name, value in content.items():
        message[name] = value
    message.encode()
    return bytes(message.data)


def kernel(*answers):
    """A kernel that gives these answers, one after the other, and the requests that it got."""
    waiting, got = [bytes.fromhex(answer) for answer in answers], []

    def ask(request):
        got.append(request)
        return waiting.pop(0)

    return ask, got


def test_the_family_is_asked_for_as_pyroute2_does():
    expected = encoded(ctrlmsg(), 16, cmd=3, attrs=[["CTRL_ATTR_FAMILY_NAME", "netdev"]])
    assert family_request("netdev") == expected


@given(st.integers(17, 65535), st.integers(1, 2**31 - 1))
def test_features_are_asked_for_as_pyroute2_does(family, ifindex):
    expected = encoded(DevGet(), family, cmd=1, attrs=[["NETDEV_A_DEV_IFINDEX", ifindex]])
    assert features_request(family, ifindex) == expected


@given(st.integers(17, 65535))
def test_a_family_that_pyroute2_wrote_is_read(family):
    attrs = [["CTRL_ATTR_FAMILY_NAME", "netdev"], ["CTRL_ATTR_FAMILY_ID", family], ["CTRL_ATTR_VERSION", 1]]
    assert family_id(encoded(ctrlmsg(), 16, cmd=1, attrs=attrs)) == family


@given(st.sets(st.sampled_from(XDP_FEATURES)), st.integers(1, 2**31 - 1))
def test_features_that_pyroute2_wrote_are_read(names, ifindex):
    word = sum(1 << XDP_FEATURES.index(name) for name in names)
    attrs = [["NETDEV_A_DEV_IFINDEX", ifindex], ["NETDEV_A_DEV_XDP_FEATURES", word], ["NETDEV_A_DEV_XSK_FEATURES", 3]]
    assert xdp_features(encoded(DevGet(), 21, cmd=1, attrs=attrs)) == names


def test_a_feature_of_the_future_is_named_by_its_bit():
    attrs = [["NETDEV_A_DEV_XDP_FEATURES", 1 << 7 | 1]]
    assert xdp_features(encoded(DevGet(), 21, cmd=1, attrs=attrs)) == {"basic", "bit-7"}


def test_what_kernel_6_12_answered_is_read():
    assert family_id(bytes.fromhex(FAMILY_6_12)) == 21
    assert xdp_features(bytes.fromhex(FEATURES_6_12)) == {"basic", "redirect", "xsk-zerocopy"}


def test_flags_of_an_attribute_are_no_part_of_its_type():
    flagged = FEATURES_6_12.replace("0c000300", "0c000380")  # NLA_F_NESTED
    assert xdp_features(bytes.fromhex(flagged)) == {"basic", "redirect", "xsk-zerocopy"}


def test_the_family_is_looked_up_once():
    ask, got = kernel(FAMILY_6_12, FEATURES_6_12, FEATURES_6_12)
    netdev = NetdevGenl(ask)
    assert netdev.xdp_features(3) == netdev.xdp_features(3) == {"basic", "redirect", "xsk-zerocopy"}
    assert got == [family_request("netdev"), features_request(21, 3), features_request(21, 3)]


def test_a_kernel_without_the_family_cannot_tell():
    ask, got = kernel(NO_FAMILY_6_1)
    netdev = NetdevGenl(ask)
    assert (netdev.xdp_features(3), netdev.xdp_features(4)) == (None, None)
    assert got == [family_request("netdev")]


@pytest.mark.parametrize(
    ("answers", "number"),
    [
        pytest.param([FAMILY_6_12, NO_DEVICE_6_12], errno.ENODEV, id="no such interface"),
        pytest.param([NOT_ALLOWED], errno.EPERM, id="the family may not be asked for"),
        pytest.param([FAMILY_6_12, NOT_ALLOWED], errno.EPERM, id="the features may not be asked for"),
        pytest.param([FAMILY_6_12, NO_FAMILY_6_1], errno.ENOENT, id="the family has gone"),
    ],
)
def test_any_other_refusal_is_an_error(answers, number):
    ask, _got = kernel(*answers)
    with pytest.raises(KernelRefused) as raised:
        NetdevGenl(ask).xdp_features(3)
    assert raised.value.errno == number


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param("", "it has 0 bytes", id="empty"),
        pytest.param(FEATURES_6_12[: 2 * 19], "it has 19 bytes", id="half a header"),
        pytest.param(FEATURES_6_12[: 2 * 34], "attribute 3 has 2 bytes", id="half a number"),
        pytest.param(FAMILY_6_12, "attribute 3 has 4 bytes", id="another family's answer"),
    ],
)
def test_an_answer_cut_short_is_an_error(answer, words):
    with pytest.raises(KernelRefused, match=words):
        xdp_features(bytes.fromhex(answer))


@given(st.binary(max_size=80))
def test_no_answer_makes_the_decoder_fail_in_another_way(answer):
    try:
        found = attributes(answer)
    except KernelRefused:
        return
    assert sum(4 + len(value) for value in found.values()) <= len(answer) - 20


def test_a_kernel_that_says_nothing_is_not_waited_for():
    with pytest.raises(TookTooLong, match="in 0.05 s"):
        ask_kernel(NO_ANSWER, timeout=0.05)


def test_this_kernel_says_the_same_to_pyroute2():
    interfaces = [index for index, _name in socket.if_nameindex()]
    with GenericNetlinkSocket() as channel:
        try:
            channel.bind("netdev", DevGet)
        except NetlinkError as error:
            assert error.code == errno.ENOENT
            expected = [None for _index in interfaces]
        else:
            expected = [asked_by_pyroute2(channel, index) for index in interfaces]
    netdev = NetdevGenl()
    assert [netdev.xdp_features(index) for index in interfaces] == expected


def asked_by_pyroute2(channel, index):
    question = DevGet()
    question.update(cmd=1, version=1, attrs=[["NETDEV_A_DEV_IFINDEX", index]])
    (answer,) = channel.nlm_request(question, msg_type=channel.prid, msg_flags=NLM_F_REQUEST)
    word = answer.get_attr("NETDEV_A_DEV_XDP_FEATURES")
    return {name for bit, name in enumerate(XDP_FEATURES) if word >> bit & 1}
