# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model as JSON for people."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import (
    desired,
    flow,
    holders,
    host,
    unread,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model import queues as of_queues
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.plain import natural, plain
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector

NETDEV = host.Netdev("enp1s0", 3, "02:00:00:00:01:00", up=True, carrier=True, mtu=1500)
RULE = flow.flow_rule("tcp4", {"dst_port": (80, 0xFFFF)}, flow.encode_action(1, 2))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (NETDEV, {"name": "enp1s0", "mac": "02:00:00:00:01:00", "up": True, "mtu": 1500}),
        (RULE, "tcp4 dst-port 80 to VF 1 queue 2"),
        (RULE.at(5), "5: tcp4 dst-port 80 to VF 1 queue 2"),
        (replace(RULE, context=1), "tcp4 dst-port 80 to VF 1 queue 2 of RSS context 1"),
        (parse_selector("0-3,7"), "0-3,7"),
        (
            holders.Holder("vfio", "process 4711 (dpdk) has /dev/vfio/2 open"),
            "vfio: process (dpdk) has /dev/vfio/2 open",
        ),
        (holders.Holder("xsk", "x", "enp1s0", 3), "xsk, port enp1s0, queue 3: x"),
        (holders.Holder("vfio", "x", unit="a.service"), "vfio, unit a.service: x"),
        (holders.Holder("vfio", "x", unit="a.service", transient=True), "vfio, transient unit a.service: x"),
        (
            holders.SshPeer("198.51.100.7", "192.0.2.2", "51000", "22"),
            {"client": "198.51.100.7", "server": "192.0.2.2", "server_port": "22"},
        ),
        (of_queues.Rss(2, (0, 1, 0, 1), "6d:5a"), {"rings": 2, "table": "4 entries: equal 2", "key": "6d:5a"}),
        (of_queues.Queues(hash_fields={"udp4": 0x30}), {"hash_fields": {"udp4": "sd"}}),
        (desired.Node(mode=0o660), {"mode": "0660"}),
        (
            host.Cdev("/dev/vfio/devices/vfio0", 0, 0, 0o600),
            {"path": "/dev/vfio/devices/vfio0", "owner": 0, "group": 0, "mode": "0600"},
        ),
        (
            desired.DesiredVfs(parse_selector("all"), {"mac": "auto", "vlan": None}, "vfs[0]"),
            {"vf": "all", "mac": "auto", "vlan": None},
        ),
        (VfAttributes(vlan=0), {"vlan": 0}),
        (unread.Unread("rules", "EIO"), {"part": "rules", "why": "EIO"}),
        (frozenset(("b", "a")), ["a", "b"]),
    ],
)
def test_values_are_as_people_write_them(value, wanted):
    assert plain(value) == wanted


def test_vfs_and_interfaces_have_their_names():
    vf = host.Device("0000:01:10.0", vf=7, netdevs=(NETDEV,))
    found = plain(host.Pf(host.Device("0000:01:00.0"), 8, 1, True, vfs=(vf,)))
    assert found["vfs"]["7"]["netdevs"]["enp1s0"]["mtu"] == 1500


def test_programs_of_one_name_are_one():
    program = [holders.Holder("process", f"process {number} (l2fwd) has /dev/uio0 open") for number in (3, 4)]
    assert plain(host.Device("x", holders=tuple(program)))["holders"] == ["process: process (l2fwd) has /dev/uio0 open"]


def test_two_comes_before_ten():
    keys = ["enp1s0", "10", "9", "0000:0a:00.0", "0000:01:00.0", ""]
    assert list(natural(dict.fromkeys(keys))) == ["9", "10", "", "0000:01:00.0", "0000:0a:00.0", "enp1s0"]


def every(record, **fields):
    """Each combination of values of a record's fields."""
    return [record(**dict(zip(fields, values))) for values in itertools.product(*fields.values())]


DIFFERENT = {
    "rules": every(
        flow.FlowRule,
        flow_type=("tcp4", "udp4"),
        match=((), (("dst_port", 80, 0xFFFF),), (("dst_port", 80, 0xFF),)),
        cookie=(None, 0, 1, flow.encode_action(0), flow.encode_action(1, 1), flow.DROP, flow.WAKE, 1 << 40),
        location=(None, 0, 5),
        context=(None, 0, 1),
    ),
    "holders": every(
        holders.Holder,
        kind=("vfio", "xsk"),
        text=("x", "y"),
        port=("", "enp1s0"),
        queue=(None, 0, 3),
        unit=("", "a.service"),
        transient=(False, True),
    ),
}


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_in_any_field_is_another_text(values):
    """A saved plan is compared by these."""
    assert len({plain(value) for value in values}) == len(values)
