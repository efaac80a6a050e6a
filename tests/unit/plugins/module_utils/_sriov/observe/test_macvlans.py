# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Macvlans that a card carries in the place of VFs."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.macvlans import carried_macvlans
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module


def macvlan(name="mv0", link="enp1s0", mode="bridge", up=True, kind="macvlan"):
    about = {"info_kind": kind, "info_data": {"mode": mode}}
    return {"ifname": name, "link": link, "flags": ["UP"] if up else [], "linkinfo": about}


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host(hosts.IXGBE, cpus=8))


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        pytest.param(macvlan(), 1, id="a bridge of it"),
        pytest.param(macvlan(mode="passthru"), 0, id="no card carries that"),
        pytest.param(macvlan(up=False), 0, id="it is down"),
        pytest.param(macvlan(link="eth0"), 0, id="of another interface"),
        pytest.param(macvlan(kind="macvtap"), 0, id="of another kind"),
    ],
)
def test_who_is_carried(kernel, entry, number):
    assert carried_macvlans(kernel, [entry], "enp1s0") == 0, "the feature is off"
    kernel.ethtool.set_feature("enp1s0", "l2-fwd-offload", True)
    assert carried_macvlans(kernel, [entry], "enp1s0") == number


def test_they_are_counted_before_vfs_are_created(tmp_path):
    above = {
        "sim/interfaces/mv0": json.dumps({**macvlan(), "ifindex": 77, "mtu": 1500, "address": "02:00:00:00:09:09"})
    }
    kernel = simulate(tmp_path, {**hosts.host(hosts.IXGBE, cpus=8), **above})
    kernel.ethtool.set_feature("enp1s0", "l2-fwd-offload", True)
    result = run_module(host, kernel, check=True, pfs=[{"pf": "enp1s0", "num_vfs": 63}])
    assert (
        "ixgbe gives 63, less one for each macvlan that the card carries (l2-fwd-offload), and there is 1"
        in result["msg"]
    )
