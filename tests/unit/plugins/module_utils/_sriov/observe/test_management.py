# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way the operator comes in: the SSH connection, default routes, and what is below their interfaces."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.interfaces import Interfaces
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.processes import Processes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.management import (
    lower_closure,
    management_holders,
    ssh_peer,
    ssh_peers,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.devices import Behaviour
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY
from ansible_collections.kernel_bypass.sriov.tests.unit.support.files import sysfs


def texts(holders):
    return {name: [holder.text for holder in found] for name, found in holders.items()}


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


HEADER = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TABLES = {
    # 203.0.113.2:22 from 198.51.100.7:51000; 203.0.113.2:443 from it; one that listens.
    "proc/net/tcp": HEADER
    + b"   0: 027100CB:0016 076433C6:C738 01 0:0 02:0 0 0 0 7001 4 0\n"
    + b"   1: 027100CB:01BB 076433C6:C739 01 0:0 02:0 0 0 0 7002 4 0\n"
    + b"   2: 00000000:0016 00000000:0000 0A 0:0 00:0 0 0 0 7000 1 0\n",
    # ::ffff:203.0.113.2 from ::ffff:198.51.100.8; 2001:db8::2 from 2001:db8::7.
    "proc/net/tcp6": HEADER
    + b"   0: 0000000000000000FFFF0000027100CB:0016 0000000000000000FFFF0000086433C6:0005 01 0:0 02:0 0 0 0 7003 4 0\n"
    + b"   1: B80D0120000000000000000002000000:0016 B80D0120000000000000000007000000:0006 01 0:0 02:0 0 0 0 7004 4 0\n",
}
LOGINS = {
    **TABLES,
    **hosts.process(81, "sshd-session: root", ["socket:[7001]"]),
    **hosts.process(82, "sshd: root", ["socket:[7003]", "socket:[7004]"]),
    **hosts.process(83, "nginx", ["socket:[7002]"]),
    **hosts.routes(towards={"198.51.100.7": "enp1s0", "198.51.100.8": "eth0", "2001:db8::7": "enp1s0"}),
}
SERVICE = {"proc/self/stat": "100 (python3) S 1 0 0"}


@pytest.mark.skipif(sys.byteorder != "little", reason="addresses are in the order of the machine")
@pytest.mark.parametrize(
    ("own", "asked", "clients"),
    [
        pytest.param(SERVICE, True, {"eth0": {"198.51.100.8"}, "enp1s0": {"198.51.100.7", "2001:db8::7"}}, id="all"),
        pytest.param(SERVICE, False, {}, id="not asked for: the way back after `confirm` must not be refused"),
        pytest.param(hosts.ssh_from("192.0.2.1", "eth0"), True, {"eth0": {"192.0.2.1"}}, id="one's own alone"),
    ],
)
def test_a_run_of_a_service_keeps_everybody_s_connection(tmp_path, own, asked, clients):
    kernel = simulate(tmp_path, {**hosts.host(), **LOGINS, **own})
    kernel.guards_every_session = asked
    found = texts_of_ssh(management_holders(kernel, kernel.link.interfaces()))
    assert found == {
        name: {f"carries the SSH connection from {each}" for each in those} for name, those in clients.items()
    }
    assert {peer.client for peer in ssh_peers(kernel)} == {each for those in clients.values() for each in those}


def texts_of_ssh(holders):
    found = {name: {holder.text for holder in of_it if holder.kind == "ssh"} for name, of_it in holders.items()}
    return {name: those for name, those in found.items() if those}


def test_where_connections_cannot_be_read_each_interface_may_carry_one(tmp_path):
    kernel = simulate(tmp_path, {**hosts.host(), **LOGINS}, Behaviour(unreadable="/proc/net/tcp"))
    kernel.guards_every_session = True
    found = texts_of_ssh(management_holders(kernel, kernel.link.interfaces()))
    assert set(found) == {"lo", "eth0", "enp1s0"}
    assert "may carry an SSH connection: /proc/net/tcp cannot be read" in found["enp1s0"]


def test_everything_below_an_interface_is_found_once(tmp_path):
    tree = sysfs(tmp_path, VLAN_ON_BOND, stacked("br0", "bond0.10", "bond0"))
    assert lower_closure(Interfaces(tree), [], "br0") == ["br0", "bond0", "bond0.10", "enp1s0", "enp2s0"]


def test_our_own_environment_comes_first(tmp_path):
    tree = sysfs(tmp_path, {"proc/self/environ": b"SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22\0"})
    assert ssh_peer(Processes(tree)) == ("192.0.2.1", "192.0.2.2", "5", "22")


def test_the_search_ends_at_init_and_where_proc_ends(tmp_path):
    tree = sysfs(tmp_path, hosts.process(5, "x", parent=4), {"proc/self/stat": "9 (y) S 5 0"})
    assert ssh_peer(Processes(tree)) is None
