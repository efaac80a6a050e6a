# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interfaces of other network namespaces: what is made of the kernel's messages, and a look into real ones."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.namespaces import (
    MOST,
    Links,
    Namespaces,
    parse_links,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.netlink import attribute


def told(name, ifindex=9, type_of_link=1, **said):
    """RTM_NEWLINK: IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO with its kind, IFLA_LINK_NETNSID, IFLA_PARENT_DEV_NAME."""
    body = struct.pack("=BxHiII", 0, type_of_link, ifindex, 0, 0) + attribute(3, name.encode() + b"\0")
    for kind, word in ((5, "link"), (37, "netnsid")):
        body += attribute(kind, struct.pack("=I", said[word])) if word in said else b""
    for kind, word in ((1, "address"), (54, "permaddr")):
        body += attribute(kind, bytes.fromhex(said[word])) if word in said else b""
    names = b"".join(attribute(53, name.encode() + b"\0") for name in said.get("altnames", ()))
    body += attribute(0x8000 | 52, names) if names else b""
    if "kind" in said:
        body += attribute(0x8000 | 18, attribute(1, said["kind"].encode() + b"\0"))
    return body + (attribute(56, said["parentdev"].encode() + b"\0") if "parentdev" in said else b"")


@pytest.mark.parametrize(
    ("message", "ours", "link"),
    [
        (told("lo", 1, 772), 0, {"ifname": "lo", "ifindex": 1, "loopback": True}),
        (
            told("net1", altnames=["enp1s0v1", "vf1"]),
            0,
            {"ifname": "net1", "ifindex": 9, "altnames": ["enp1s0v1", "vf1"]},
        ),
        (
            told("net1", address="020000000001", permaddr="020000000002"),
            0,
            {"ifname": "net1", "ifindex": 9, "address": "02:00:00:00:00:01", "permaddr": "02:00:00:00:00:02"},
        ),
        (told("net1", parentdev="0000:01:10.0"), 0, {"ifname": "net1", "ifindex": 9, "parentdev": "0000:01:10.0"}),
        (
            told("mv0", link=12, netnsid=0, kind="macvlan"),
            0,
            {"ifname": "mv0", "ifindex": 9, "kind": "macvlan", "lower": 12},
        ),
        (told("mv0", link=12, netnsid=1, kind="macvlan"), 0, {"ifname": "mv0", "ifindex": 9, "kind": "macvlan"}),
        (told("mv0", link=12, netnsid=0, kind="macvlan"), None, {"ifname": "mv0", "ifindex": 9, "kind": "macvlan"}),
        (told("eth0.7", link=12, kind="vlan"), 0, {"ifname": "eth0.7", "ifindex": 9, "kind": "vlan"}),
        (told("ip6tnl0", link=0, netnsid=0, kind="ip6tnl"), 0, {"ifname": "ip6tnl0", "ifindex": 9, "kind": "ip6tnl"}),
    ],
    ids=[
        "loopback",
        "with other names",
        "with its addresses",
        "of a device",
        "on ours",
        "on a third's",
        "ours is not known there",
        "on one of its own",
        "on none",
    ],
)
def test_what_an_interface_is_stacked_on_is_told_where_that_is_ours(message, ours, link):
    assert parse_links([message], ours) == [link]


def test_a_namespace_that_has_gone_has_no_interfaces_and_no_error(tmp_path):
    assert Namespaces().links([]) == {}
    assert Namespaces().links([f"{tmp_path}/gone"]) == {f"{tmp_path}/gone": Links([], "")}


def test_what_is_no_namespace_is_an_error(tmp_path):
    (found,) = Namespaces().links([str(tmp_path)]).values()
    assert (found.links, bool(found.error)) == ([], True)


@contextlib.contextmanager
def another_namespace():
    """A process that keeps one; skipped where this user may make none."""
    unshare = shutil.which("unshare")
    if os.geteuid() != 0 or unshare is None:
        pytest.skip("needs root and unshare")
    wait = [unshare, "--net", sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdout.readline() != b"\n":
            pytest.skip("no network namespace can be made here")
        yield f"/proc/{process.pid}/ns/net"
        process.communicate(b"\n")


def test_a_real_namespace_is_looked_into_and_left(tmp_path):
    ours = Path("/proc/self/ns/net").readlink()
    with another_namespace() as path:
        found = Namespaces().links([path, "/proc/self/ns/net"])
    assert [link["ifname"] for link in found[path].links][:1] == ["lo"]
    assert {link["ifname"] for link in found["/proc/self/ns/net"].links} == {n for _i, n in socket.if_nameindex()}
    assert Path("/proc/self/ns/net").readlink() == ours


def test_names_that_others_have_chosen_are_shown_so_that_they_do_nothing():
    (link,) = parse_links([told("a\x1b[2J'\"", altnames=["b\n"])], 0)
    assert (link["ifname"], link["altnames"]) == ("a\\x1b[2J'\"", ["b\\n"])


def test_of_very_many_namespaces_some_are_not_looked_at_and_that_is_told(tmp_path):
    paths = [f"{tmp_path}/{number}" for number in range(MOST + 2)]
    found = Namespaces().links(paths)
    assert [found[path].error for path in paths[MOST - 1 :]] == ["", *[f"no more than {MOST} are looked at"] * 2]


def test_when_the_time_is_over_the_rest_is_not_looked_at():
    found = Namespaces().links(["/proc/self/ns/net", "/proc/1/ns/net"], timeout=0.0)
    assert {bool(each.error) for each in found.values()} == {True}
