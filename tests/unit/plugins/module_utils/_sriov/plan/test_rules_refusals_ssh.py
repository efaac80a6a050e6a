# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Flow rules that would cut the operator's SSH connection are refused, word for word; others are taken."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InUse
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import DROP
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import SshPeer
from ansible_collections.kernel_bypass.sriov.tests.unit.support.drivers import LENIENT
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    SSH,
    desired_pf,
    desired_rules,
    host_state,
    planned,
    rule,
    sentences,
    vf,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.rules import with_rules

PEER = SshPeer("192.0.2.1", "203.0.113.2", "50022", "22")
PEER_6 = SshPeer("2001:db8::1%enp1s0", "2001:db8::2", "50022", "22")
SERVER, CLIENT = 0xCB007102, 0xC0000201
CUT = (
    "would cut the SSH connection from 192.0.2.1 on enp1s0 (0000:01:00.0): the frames of the connection match it, and "
)


def over_ssh(*rules, peer=PEER, on_vf=False, **changes):
    """The operator comes over the PF, or over its VF 1."""
    vfs = (vf(0), vf(1, holders=(SSH,) if on_vf else ()), vf(2), vf(3))
    return host_state(with_rules(*rules, vfs=vfs, holders=() if on_vf else (SSH,), **changes), ssh=peer)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(rule(dst_port=22, location=None), id="all of SSH"),
        pytest.param(rule(dst_ip=SERVER, location=None), id="all to our address"),
        pytest.param(rule(src_ip=CLIENT, location=None), id="all from the operator"),
        pytest.param(rule(src_port=50022, dst_port=22, location=None), id="the very connection"),
        pytest.param(rule(cookie=DROP, dst_port=22, location=None), id="dropped"),
        pytest.param(rule(vlan=7, location=None), id="a VLAN that may be it"),
        pytest.param(rule("ip4", dst_ip=SERVER, location=None), id="by IP address"),
        pytest.param(rule(location=None), id="all of TCP"),
        pytest.param(rule("ip4", location=None), id="all of IPv4"),
        pytest.param(rule(cookie=DROP, location=None), id="all of TCP dropped"),
    ],
)
@pytest.mark.parametrize("on_vf", [False, True], ids=["over the PF", "over a VF"])
def test_a_rule_that_would_take_the_operator_s_frames_away_is_refused(wanted, on_vf):
    with pytest.raises(InUse) as refused:
        planned(over_ssh(on_vf=on_vf), desired_pf(rules=desired_rules(wanted), allow=["in_use", "link_reset"]))
    assert str(refused.value) == (
        f"rules[0]: {wanted} {CUT}would not reach the kernel any more. "
        "Remedy: match less, or reach the host over another NIC."
    )
    assert refused.value.details()["holders"] == ["the SSH connection from 192.0.2.1"]


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        pytest.param(over_ssh(), rule(dst_port=80, location=None), id="another port"),
        pytest.param(over_ssh(), rule(src_ip=CLIENT + 1, dst_port=22, location=None), id="another client"),
        pytest.param(over_ssh(), rule("udp4", dst_port=22, location=None), id="another protocol"),
        pytest.param(over_ssh(), rule("udp4", location=None), id="all of another protocol"),
        pytest.param(over_ssh(), rule(cookie=1, dst_port=22, location=None), id="to a queue that the kernel has"),
        pytest.param(over_ssh(peer=PEER_6), rule(dst_port=22, location=None), id="IPv4, and SSH comes by IPv6"),
        pytest.param(
            host_state(with_rules(), ssh=PEER), rule(dst_port=22, location=None), id="SSH comes over another NIC"
        ),
        pytest.param(
            over_ssh(driver=LENIENT.name, device="9999"),
            rule("ip4", proto=47, location=None),
            id="an IP protocol that is not TCP",
        ),
    ],
)
@pytest.mark.usefixtures("lenient")
def test_a_rule_that_leaves_the_operator_alone_is_taken(state, wanted):
    assert sentences(state, desired_pf(rules=desired_rules(wanted)))[-1].startswith("add flow rule")


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(rule("tcp6", dst_port=22, location=None), id="of SSH"),
        pytest.param(rule("tcp6", location=None), id="all of TCP"),
        pytest.param(rule("ip6", cookie=DROP, location=None), id="all of IPv6"),
        pytest.param(rule("ether", location=None), id="all there is"),
        pytest.param(rule("ether", ether_type=0x86DD, location=None), id="a kind of frames"),
    ],
)
@pytest.mark.usefixtures("lenient")
def test_a_connection_by_ipv6_is_found(wanted):
    state = over_ssh(peer=PEER_6, driver=LENIENT.name, device="9999")
    with pytest.raises(InUse):
        planned(state, desired_pf(rules=desired_rules(wanted)))


def test_rules_that_shall_go_are_not_checked():
    """Whatever they are: they may be there, and nobody is cut off by their end."""
    strange = rule("tcp6", cookie=1 << 41, dst_port=22, location=4)
    assert sentences(over_ssh(strange), desired_pf(rules=desired_rules(strange, absent=True))) != []
