# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ip` as JSON: what iproute2 6.1 prints, its empty objects and empty answers included."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.link import Link
from ansible_collections.kernel_bypass.sriov.tests.unit.support.commands import Answers

# `ip -j -d address show`, iproute2 6.1.0
ADDRESSES = """[{},{"ifindex":4,"ifname":"enp1s0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1500,
"qdisc":"mq","operstate":"UP","group":"default","txqlen":1000,"link_type":"ether","address":"02:fc:00:00:00:01",
"broadcast":"ff:ff:ff:ff:ff:ff","permaddr":"02:fc:00:00:00:99","promiscuity":0,"altnames":["enx02fc00000099"],
"parentbus":"pci","parentdev":"0000:01:00.0","addr_info":[{"family":"inet","local":"192.0.2.2","prefixlen":24,
"broadcast":"192.0.2.255","scope":"global","label":"enp1s0","valid_life_time":4294967295}]},{}]
"""
ROUTES4 = """[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","protocol":"dhcp","metric":100,"flags":[]},
{"dst":"default","metric":200,"flags":[],"nexthops":[{"gateway":"192.0.2.1","dev":"enp1s0","weight":1,"flags":[]},
{"gateway":"198.51.100.1","dev":"enp2s0","weight":1,"flags":[]}]}]"""
ROUTES6 = """[{"dst":"default","gateway":"fd00::1","dev":"eth1","metric":1024,"flags":[],"pref":"medium"}]"""


def test_empty_objects_are_dropped():
    link = Link(Answers(address=(0, ADDRESSES, "")))
    assert [(entry["ifname"], entry["permaddr"], entry["altnames"]) for entry in link.interfaces()] == [
        ("enp1s0", "02:fc:00:00:00:99", ["enx02fc00000099"])
    ]


def test_an_empty_answer_is_an_empty_list():
    assert Link(Answers(address=(0, "", ""))).interfaces() == []
    assert Link(Answers(route=(0, "", ""))).default_route_interfaces() == set()


def test_default_routes_are_of_both_families_and_of_every_hop():
    run = Answers(**{"-4": (0, ROUTES4, ""), "-6": (0, ROUTES6, "")})
    assert Link(run).default_route_interfaces() == {"eth0", "enp1s0", "enp2s0", "eth1"}
    assert run.calls == ["ip -j -4 route show table all default", "ip -j -6 route show table all default"]


def test_a_route_without_interface_is_no_interface():
    blackhole = '[{"type":"blackhole","dst":"default","flags":[]}]'
    assert Link(Answers(route=(0, blackhole, ""))).default_route_interfaces() == set()


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        pytest.param((0, '[{"dst":"203.0.113.9","gateway":"192.0.2.1","dev":"eth0"}]', ""), "eth0", id="a route"),
        pytest.param((2, "", "RTNETLINK answers: Network is unreachable\n"), None, id="no route"),
        pytest.param((0, "", ""), None, id="no answer"),
    ],
)
def test_the_interface_towards_an_address(answer, name):
    run = Answers(route=answer)
    assert Link(run).interface_towards("203.0.113.9", "192.0.2.10") == name
    assert run.calls == ["ip -j route get 203.0.113.9 from 192.0.2.10"]


def test_an_interface_is_set_up_and_down():
    run = Answers(link_set=(0, "", ""))
    Link(run).set_up("enp1s0", True)
    Link(run).set_up("enp1s0", False)
    assert run.calls == ["ip link set dev enp1s0 up", "ip link set dev enp1s0 down"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param((1, "", 'Cannot find device "enp1s0"\n'), 'Cannot find device "enp1s0"', id="it says why"),
        pytest.param((127, "", ""), "exit status 127", id="it says nothing"),
    ],
)
def test_a_command_that_fails_is_named(answer, why):
    with pytest.raises(KernelRefused) as refused:
        Link(Answers(link_set=answer)).set_up("enp1s0", True)
    assert str(refused.value) == f"`ip link set dev enp1s0 up` failed: {why}."
