# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Netlink dumps: what is made of the kernel's messages, and that this kernel understands ours."""

from __future__ import annotations

import errno
import socket
import struct

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.netlink import (
    NETLINK_ROUTE,
    NLM_F_DUMP_INTR,
    Changed,
    answers,
    attribute,
    attributes,
    dump,
    first,
    message,
    number,
    text,
)

DONE, ERROR, SOME, RTM_GETLINK = 3, 2, 16, 18
OK = struct.pack("=i", 0)


def read(*datagrams):
    return list(answers(iter(datagrams).__next__))


def test_a_dump_is_read_to_its_end_over_several_datagrams():
    parts = [message(SOME, b"one ") + message(SOME, b"two"), message(SOME, b"three"), message(DONE, OK)]
    parts[0] = parts[0].ljust((len(parts[0]) + 3) & ~3, b"\0")
    assert read(*parts) == [b"one ", b"two", b"three"]


def test_an_acknowledgement_ends_it_too():
    assert read(message(ERROR, OK + b"\0" * 16)) == []


@pytest.mark.parametrize("kind", [ERROR, DONE])
def test_the_kernels_errno_is_handed_on(kind):
    with pytest.raises(KernelRefused) as caught:
        read(message(SOME, b"one "), message(kind, struct.pack("=i", -errno.ENOENT)))
    assert str(caught.value) == "netlink refused a question [ENOENT: No such file or directory]."


def test_a_list_that_changed_meanwhile_is_not_whole():
    with pytest.raises(Changed):
        read(message(SOME, b"one ", NLM_F_DUMP_INTR), message(DONE, OK))


def test_attributes_are_found_behind_what_is_before_them():
    data = b"before.." + attribute(1, b"name\0") + attribute(0x8000 | 5, struct.pack("=I", 7))
    found = attributes(data, 8)
    assert (text(found[1]), number(found[5]), number(found.get(9, b""))) == ("name", 7, None)
    assert attributes(attribute(1, b"x") + b"\1\0\2\0") == {1: b"x"}, "one that is shorter than its head ends them"


def test_this_kernel_lists_its_interfaces():
    names = {text(attributes(body, 16).get(3, b"")) for body in dump(NETLINK_ROUTE, RTM_GETLINK, b"\0" * 16)}
    assert names == {name for _index, name in socket.if_nameindex()}


def test_of_a_long_list_the_first_can_be_had_alone():
    whole = dump(NETLINK_ROUTE, RTM_GETLINK, b"\0" * 16)
    (body,) = first(NETLINK_ROUTE, RTM_GETLINK, b"\0" * 16)
    assert attributes(body, 16)[3] == attributes(whole[0], 16)[3]


def test_this_kernel_refuses_what_it_does_not_know():
    with pytest.raises(KernelRefused):
        dump(NETLINK_ROUTE, 0xFFF, b"\0" * 16)
    with pytest.raises(KernelRefused):
        dump(31, RTM_GETLINK, b"\0" * 16)
