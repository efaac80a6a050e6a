# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who would be cut off: users of a device, and the way the operator comes in."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import PROCESS, VFIO
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.holders import (
    elsewhere,
    interface_holders,
    open_nodes,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs

TESTPMD = "/usr/bin/dpdk-testpmd -l 0-1 -a 0000:01:10.0"


def texts(holders):
    return {name: [holder.text for holder in found] for name, found in holders.items()}


def test_processes_that_have_a_node_open_are_named(tmp_path):
    opened = ["/dev/null", "/dev/vfio/vfio", "/dev/vfio/12", "/dev/vfio/12", "socket:[7]", "/dev/vfio/devices/vfio0"]
    tree = sysfs(
        tmp_path,
        hosts.process(4711, TESTPMD, opened),
        hosts.process(4712, "reader", ["/dev/uio0"]),
        {"proc/self": DIRECTORY},
    )
    assert texts(open_nodes(Processes(tree))) == {
        "/dev/vfio/12": [f"process 4711 ({TESTPMD}) has /dev/vfio/12 open"],
        "/dev/vfio/devices/vfio0": [f"process 4711 ({TESTPMD}) has /dev/vfio/devices/vfio0 open"],
        "/dev/uio0": ["process 4712 (reader) has /dev/uio0 open"],
    }


def test_a_program_that_has_a_node_of_vfio_is_told_from_others(tmp_path):
    """Who takes a device away waits until it has closed the node."""
    opened = ["/dev/vfio/12", "/dev/vfio/noiommu-0", "/dev/vfio/devices/vfio0", "/dev/uio0", "/dev/infiniband/uverbs0"]
    found = open_nodes(Processes(sysfs(tmp_path, hosts.process(4711, TESTPMD, opened), {"proc/self": DIRECTORY})))
    assert {name: [holder.kind for holder in holders] for name, holders in found.items()} == {
        **{name: [VFIO] for name in opened[:3]},
        **{name: [PROCESS] for name in opened[3:]},
    }


def entry(name="enp1s0v0", **more):
    return {"ifname": name, "addr_info": [], **more}


@pytest.mark.parametrize(
    ("interface", "others", "holders"),
    [
        pytest.param(entry(), [entry("eth0")], [], id="nobody"),
        pytest.param(
            entry(master="bond0", linkinfo={"info_slave_kind": "bond"}),
            [],
            ["enp1s0v0 is a port of bond bond0"],
            id="bond",
        ),
        pytest.param(
            entry(master="br0", linkinfo={"info_slave_kind": "bridge"}),
            [],
            ["enp1s0v0 is a port of bridge br0"],
            id="bridge",
        ),
        pytest.param(entry(master="vrf0"), [], ["enp1s0v0 is a port of master vrf0"], id="a master of unknown kind"),
        pytest.param(
            entry(),
            [entry("enp1s0v0.7", link="enp1s0v0", linkinfo={"info_kind": "vlan"}), entry("veth0", link="veth1")],
            ["vlan enp1s0v0.7 is stacked on enp1s0v0"],
            id="VLAN",
        ),
        pytest.param(
            entry(addr_info=[hosts.address("192.0.2.7"), hosts.address("fd00::7"), hosts.address("fe80::1", "link")]),
            [],
            ["enp1s0v0 has address 192.0.2.7/24", "enp1s0v0 has address fd00::7/64"],
            id="addresses, link-local ones not counted",
        ),
        pytest.param(entry(xdp={"mode": 1, "prog": {"id": 3}}), [], ["enp1s0v0 has an XDP program attached"], id="XDP"),
    ],
)
def test_users_of_an_interface_are_named(interface, others, holders):
    assert [holder.text for holder in interface_holders(interface, [interface, *others])] == holders


def test_an_interface_in_another_namespace_is_found_by_its_device(tmp_path):
    inside = json.dumps([{}, {"ifname": "lo"}, {"ifname": "eth5", "parentdev": "0000:01:10.0"}])
    files = {"run/netns/red": "red", "run/netns/gone": "gone", "sim/netns/run/netns/red": inside}
    kernel = simulate(tmp_path, {**hosts.host(), **files})
    found = elsewhere(kernel).holders
    assert [holder.text for holder in found["0000:01:10.0"]] == ["its interface eth5 is in network namespace red"]
    assert "0000:01:10.2" not in found
