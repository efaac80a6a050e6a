# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who would be cut off: users of a device, and the way the operator comes in."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.interfaces import Interfaces
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.holders import (
    elsewhere,
    interface_holders,
    open_nodes,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.management import (
    lower_closure,
    management_holders,
    ssh_peer,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, Link, build

TESTPMD = "/usr/bin/dpdk-testpmd -l 0-1 -a 0000:01:10.0"


def sysfs(tmp_path, *parts):
    return Sysfs(build(tmp_path, {name: value for part in parts for name, value in part.items()}))


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


@pytest.mark.parametrize(
    ("cmdline", "text"),
    [
        (b"a\0b\0", "a b"),
        (b"", "name"),
        (b"x" * 70 + b"\0", "x" * 59 + "…"),
        (b"\xff\0", "\ufffd"),
    ],
)
def test_a_command_line_is_short_and_readable(tmp_path, cmdline, text):
    assert Processes(sysfs(tmp_path, {"proc/7/cmdline": cmdline, "proc/7/comm": "name"})).command("7") == text


def test_a_process_that_has_gone_has_no_name(tmp_path):
    assert Processes(sysfs(tmp_path)).command("7") == "?"


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


def test_namespaces_are_the_named_ones_and_those_that_processes_keep(tmp_path):
    tree = sysfs(
        tmp_path,
        {"proc/self/ns/net": "ours", "run/netns/red": "red", "run/netns/ours": Link("../../proc/self/ns/net")},
        {"hidden": "a namespace without a name"},
        hosts.process(50, "init"),
        hosts.process(51, "in-red", netns="run/netns/red"),
        hosts.process(52, "container", netns="hidden"),
        hosts.process(53, "same-container", netns="hidden"),
    )
    assert Processes(tree).namespaces() == [
        ("/run/netns/red", "red"),
        ("/proc/52/ns/net", "of process 52 (container)"),
    ]


def test_an_interface_in_another_namespace_is_found_by_its_device(tmp_path):
    inside = json.dumps([{}, {"ifname": "lo"}, {"ifname": "eth5", "parentdev": "0000:01:10.0"}])
    files = {"run/netns/red": "red", "run/netns/gone": "gone", "sim/netns/run/netns/red": inside}
    kernel = simulate(tmp_path, {**hosts.host(), **files})
    found = elsewhere(kernel)
    assert [holder.text for holder in found["0000:01:10.0"]] == ["its interface eth5 is in network namespace red"]
    assert "0000:01:10.2" not in found


def stacked(upper, *lowers):
    return {f"sys/class/net/{upper}/lower_{lower}": DIRECTORY for lower in lowers}


BOND = stacked("bond0", "enp1s0", "enp2s0")
VLAN_ON_BOND = {**BOND, **stacked("bond0.10", "bond0")}


@pytest.mark.parametrize(
    ("extra", "holders"),
    [
        pytest.param({}, {"eth0": ["carries a default route"]}, id="nobody at the other end"),
        pytest.param(
            hosts.ssh_from("198.51.100.7", "enp1s0"),
            {"enp1s0": ["carries the SSH connection from 198.51.100.7"]},
            id="SSH behind sudo",
        ),
        pytest.param(
            hosts.ssh_from("2001:db8::7", "enp1s0"),
            {"enp1s0": ["carries the SSH connection from 2001:db8::7"]},
            id="IPv6",
        ),
        pytest.param(
            hosts.ssh_from("fe80::7%enp1s0", None),
            {"enp1s0": ["carries the SSH connection from fe80::7%enp1s0"]},
            id="IPv6 link-local, which no route leads to",
        ),
        pytest.param(
            {**hosts.ssh_from("198.51.100.7", "bond0.10"), **VLAN_ON_BOND},
            {
                "bond0.10": ["carries the SSH connection from 198.51.100.7"],
                **{
                    name: ["carries the SSH connection from 198.51.100.7 (through bond0.10)"]
                    for name in ("bond0", "enp1s0", "enp2s0")
                },
            },
            id="a VLAN on a bond of two ports",
        ),
        pytest.param(
            {**hosts.routes(default6=[{"dst": "default", "dev": "bond0"}]), **BOND},
            {
                "bond0": ["carries a default route"],
                "enp1s0": ["carries a default route (through bond0)"],
                "enp2s0": ["carries a default route (through bond0)"],
            },
            id="a default route over a bond",
        ),
        pytest.param(
            hosts.routes({"dst": "default", "nexthops": [{"dev": "enp1s0"}, {"dev": "enp2s0"}]}),
            {"enp1s0": ["carries a default route"], "enp2s0": ["carries a default route"]},
            id="a default route of two hops",
        ),
    ],
)
def test_interfaces_that_carry_the_operator_are_known(tmp_path, extra, holders):
    kernel = simulate(tmp_path, {**hosts.host(), **extra})
    assert texts(management_holders(kernel, kernel.link.interfaces())) == holders


def test_whatever_may_carry_the_operator_does_when_nothing_tells_which(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **hosts.ssh_from("198.51.100.7", None)})
    found = texts(management_holders(kernel, kernel.link.interfaces()))
    assert found["enp1s0"] == [
        "may carry the SSH connection from 198.51.100.7: no address and no route tells which interface does"
    ]
    assert set(found) == {entry["ifname"] for entry in kernel.link.interfaces()}


def test_the_interface_with_our_address_counts_beside_the_one_that_answers_leave_through(tmp_path):
    """Routing by source address."""
    mine = hosts.interface("enp1s0", 3, hosts.IGB.mac, addresses=["203.0.113.2"])
    kernel = simulate(tmp_path, {**hosts.host(), **mine, **hosts.ssh_from("198.51.100.7", "eth0")})
    found = texts(management_holders(kernel, kernel.link.interfaces()))
    assert found["enp1s0"] == ["carries the SSH connection from 198.51.100.7"]
    assert "carries the SSH connection from 198.51.100.7" in found["eth0"]


def test_every_port_of_open_vswitch_may_carry_what_one_of_its_interfaces_carries(tmp_path):
    ovs = [
        {"ifname": "br-ex", "linkinfo": {"info_kind": "openvswitch"}},
        {"ifname": "enp1s0", "master": "ovs-system", "linkinfo": {"info_slave_kind": "openvswitch"}},
        {"ifname": "enp2s0"},
    ]
    assert lower_closure(Interfaces(sysfs(tmp_path)), ovs, "br-ex") == ["br-ex", "enp1s0"]


def test_everything_below_an_interface_is_found_once(tmp_path):
    tree = sysfs(tmp_path, VLAN_ON_BOND, stacked("br0", "bond0.10", "bond0"))
    assert lower_closure(Interfaces(tree), [], "br0") == ["br0", "bond0", "bond0.10", "enp1s0", "enp2s0"]


def test_our_own_environment_comes_first(tmp_path):
    tree = sysfs(tmp_path, {"proc/self/environ": b"SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22\0"})
    assert ssh_peer(Processes(tree)) == ("192.0.2.1", "192.0.2.2", "5", "22")


def test_the_search_ends_at_init_and_where_proc_ends(tmp_path):
    tree = sysfs(tmp_path, hosts.process(5, "x", parent=4), {"proc/self/stat": "9 (y) S 5 0"})
    assert ssh_peer(Processes(tree)) is None
