# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each order to the driver is refused in turn, whatever the plan: nothing that nobody wanted to lose is lost."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.nics import refusal
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module

TABLE = (0,) * 64 + (3,) * 64
THERE = [
    rule(dst_ip=1, dst_port=80, cookie=1, location=5),
    rule(dst_ip=2, dst_port=80, cookie=2, location=2045),
    rule(dst_ip=3, dst_port=80, vf=1, location=9),
]
FLOW = {"flow_type": "tcp4", "dst_port": 80}
MOVED = [{**FLOW, "dst_ip": "0.0.0.1", "queue": 0}, {**FLOW, "dst_ip": "0.0.0.4", "queue": 1}]
OTHER_FIELDS = [{"flow_type": "tcp4", "dst_port": 80, "queue": 0}, {"flow_type": "tcp4", "dst_port": 81, "queue": 1}]


class Refusing(SimEthtool):
    """The order of this number is refused, and those after it are taken."""

    def __init__(self, root, number):
        super().__init__(root)
        self.left = number

    def _note(self, order):
        super()._note(order)
        self.left -= 1
        if self.left == -1:
            raise refusal(errno.EINVAL)


def start(root, nic, num_vfs):
    kernel = simulate(root, hosts.host(nic, cpus=16))
    if num_vfs:
        kernel.sysfs.write(f"/sys/bus/pci/devices/{nic.address}/sriov_numvfs", str(num_vfs))
    if nic is hosts.IXGBE:
        kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
    places = kernel.ethtool.rules("enp1s0").driver_places
    for each in THERE if num_vfs else THERE[:2]:
        kernel.ethtool.insert_rule("enp1s0", each.at(None) if places else each)
    kernel.ethtool.set_rss("enp1s0", TABLE)
    return kernel


def state(kernel):
    rules = {(each.flow, each.cookie) for each in kernel.ethtool.rules("enp1s0").rules}
    return rules, kernel.ethtool.rss("enp1s0").table


def run(kernel, wanted):
    return run_module(host, kernel, pfs=[{"pf": "enp1s0", **wanted}], allow=["destroy_vfs"])


SFC = hosts.Nic("sfc", "sfc", "0903", "1903", 63)


@pytest.mark.parametrize(
    ("nic", "num_vfs", "wanted"),
    [
        pytest.param(hosts.IXGBE, 4, {"rules": MOVED}, id="rules that change"),
        pytest.param(hosts.IXGBE, 4, {"rules": OTHER_FIELDS, "exclusive_rules": True}, id="rules with another mask"),
        pytest.param(hosts.IXGBE, 4, {"rss": {"queues": [0, 1]}, "rules": MOVED}, id="a table and rules"),
        pytest.param(hosts.IXGBE, 0, {"rss": {"channels": 8, "equal": 2}, "rules": MOVED}, id="channels drop all"),
        pytest.param(hosts.IXGBE, 4, {"num_vfs": 5, "rules": MOVED[:1]}, id="another number of VFs drops all"),
        pytest.param(SFC, 0, {"rules": MOVED, "exclusive_rules": True}, id="a driver that places rules itself"),
    ],
)
def test_what_was_there_is_there_again(tmp_path, nic, num_vfs, wanted):
    """A rule, or the one that was wanted in its place; the table, or the wanted one. The next run reaches the rest."""
    kernel = start(tmp_path / "whole", nic, num_vfs)
    kernel.ethtool = Refusing(tmp_path / "whole", 1000)
    assert not run(kernel, wanted)["failed"]
    orders, (reached, reached_table) = 1000 - kernel.ethtool.left, state(kernel)
    assert orders > 1
    for number in range(orders):
        root = tmp_path / str(number)
        kernel = start(root, nic, num_vfs)
        before, table = state(kernel)
        kernel.ethtool = Refusing(root, number)
        result = run(kernel, wanted)
        left, left_table = state(kernel)
        assert (result["failed"], result["lost"]) == (True, []), result
        gone = {flow for flow, _cookie in before - left}
        assert gone <= {flow for flow, _cookie in left & reached}, (number, result)
        assert left_table in (table, reached_table), (number, result)
    kernel.ethtool = SimEthtool(root)
    assert not run(kernel, wanted)["failed"]
    assert state(kernel) == (reached, reached_table)
