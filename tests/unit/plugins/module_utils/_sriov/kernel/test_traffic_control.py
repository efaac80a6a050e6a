# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters of tc at an interface's door."""

from __future__ import annotations

import struct

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.netlink import attribute
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.traffic_control import TrafficControl

QDISC, FILTER = 38, 46
TCMSG = struct.Struct("=BxxxiIII")
INGRESS, EGRESS = 0xFFFFFFF2, 0xFFFFFFF3


@pytest.mark.parametrize(
    ("qdiscs", "filters", "found"),
    [
        ({}, {}, set()),
        ({3: "mq", 4: "fq_codel"}, {}, set()),
        ({3: "clsact"}, {}, set()),
        ({3: "clsact", 4: "ingress"}, {(3, EGRESS), (4, INGRESS)}, {3, 4}),
        ({3: "clsact", 4: "mq"}, {(3, INGRESS)}, {3}),
    ],
)
def test_a_qdisc_at_the_door_counts_with_its_filters(qdiscs, filters, found):
    def kernel(protocol, kind, payload):
        _family, ifindex, _handle, parent, _info = TCMSG.unpack(payload)
        assert protocol == 0
        if kind == QDISC:
            return [TCMSG.pack(0, i, 0, 0, 0) + attribute(1, name.encode() + b"\0") for i, name in qdiscs.items()]
        assert (kind, qdiscs[ifindex]) in ((FILTER, "clsact"), (FILTER, "ingress"))
        return [payload] if (ifindex, parent) in filters else []

    assert TrafficControl(kernel, kernel).filtered() == found


def test_this_kernel_understands_the_question():
    assert isinstance(TrafficControl().filtered(), set)
