# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Orders to the ethtool of a simulated kernel and what comes of them; NICs, an interface and flow rules for them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import flow_rule

from ..simulation import hosts

NAME = "enp1s0"
I350 = hosts.Nic(device="1521", vf_device="1520")
UNKNOWN = hosts.Nic("mystery", device="abcd")
NUM_VFS = f"/{hosts.DEVICES}/{hosts.IXGBE.address}/sriov_numvfs"
NTUPLE = "rx-ntuple-filter"
IP = (0xC0A8FE1E, 0xFFFFFFFF)
WEB = {"dst_ip": IP, "dst_port": (80, 0xFFFF)}
ETYPE = {"ether_type": (0x88F7, 0xFFFF)}


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


def refusal(order, *arguments):
    """The errno of an order."""
    with pytest.raises(KernelRefused) as caught:
        order(*arguments)
    return caught.value.errno
