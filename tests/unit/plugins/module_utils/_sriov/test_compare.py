# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a diff shows of a PF: what a desired state speaks of, and what a change may take away besides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.compare import of_pf, spoken_of
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredRss,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Cdev
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_table import (
    weights_table,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    PF,
    RULE,
    SECOND,
    desired_driver,
    desired_pf,
    desired_rules,
    desired_vfs,
    host_state,
    ixgbe,
    netdev,
    pf,
    rule,
    second,
    vf,
)

MAC, AUTO = "02:00:00:00:aa:00", "06:0b:00:00:01:00"
RULE_WORDS = "tcp4 dst-ip 192.168.254.30 dst-port 80 to VF 0 queue 0"
OTHER = rule(dst_ip=1, dst_port=80, location=7)
BY_HAND = weights_table(128, [1, 3])
LOADED = vf(netdevs=(netdev("enp1s0v0", mac=MAC, mtu=9000),))


@pytest.mark.parametrize(
    ("state", "desired", "part"),
    [
        pytest.param(pf(2, combined_channels=2), desired_pf(), {}, id="nothing"),
        pytest.param(
            pf(2, drivers_autoprobe=False),
            desired_pf(num_vfs=4, drivers_autoprobe=True, up=True),
            {"num_vfs": 2, "drivers_autoprobe": False, "up": True},
            id="of the PF",
        ),
        pytest.param(pf(netdevs=()), desired_pf(up=True), {"up": None}, id="a PF without interface"),
        pytest.param(
            pf(2, combined_channels=2),
            desired_pf(min_rss_queues=4),
            {"min_rss_queues": 2},
            id="a group that is too small",
        ),
        pytest.param(
            pf(combined_channels=8), desired_pf(min_rss_queues=4), {"min_rss_queues": 4}, id="a larger group is as good"
        ),
        pytest.param(
            pf(
                1,
                vfs=(
                    vf(netdevs=(netdev("v0", mac=MAC, perm_mac=AUTO),), attributes=replace(FRESH, mac=MAC, trust=True)),
                ),
            ),
            desired_pf(vfs=[desired_vfs("0", mac="auto")]),
            {"vfs": {"0": {"mac": AUTO, "interface_mac": AUTO}}},
            id="what the user of a VF has changed does not count",
        ),
        pytest.param(
            pf(1, vfs=(vf(netdevs=(), orphan=True),)),
            desired_pf(vfs=[desired_driver("0", "igbvf")]),
            {"vfs": {"0": {"driver": "igbvf", "driver_override": None, "interface": "orphan"}}},
            id="a VF that should have an interface",
        ),
        pytest.param(
            pf(1, vfs=(vf(driver="vfio-pci", cdev=Cdev("/dev/vfio/devices/vfio0", 0, 7, 0o660)),)),
            desired_pf(vfs=[desired_driver("0", "vfio-pci", Node(mode=0o660))]),
            {
                "vfs": {
                    "0": {"driver": "vfio-pci", "driver_override": None, "mode": "0600", "cdev": {"mode": "0660"}},
                }
            },
            id="both nodes of a VF",
        ),
        pytest.param(
            pf(3),
            desired_pf(vfs=[desired_vfs("0,2", trust=True, mac="auto")]),
            {
                "vfs": {
                    index: {"mac": FRESH.mac, "trust": False, "interface_mac": "02:00:00:00:01:00"}
                    for index in ("0", "2")
                }
            },
            id="of the VFs that are named, and the address that the kernel's driver has",
        ),
        pytest.param(
            pf(1, vfs=(LOADED,)),
            desired_pf(vfs=[desired_vfs("all", mtu=1500)]),
            {"vfs": {"0": {"mtu": 9000}}},
            id="an MTU",
        ),
        pytest.param(
            pf(1, vfs=(vf(driver="vfio-pci"),)),
            desired_pf(vfs=[desired_vfs(mac=MAC, mtu=1500)]),
            {"vfs": {"0": {"mac": FRESH.mac, "mtu": None}}},
            id="a VF without interface",
        ),
        pytest.param(
            pf(1, vfs=(vf(driver=None, attributes=replace(FRESH, query_rss=None, link_state=None, trust=None)),)),
            desired_pf(vfs=[desired_vfs(query_rss=False, link_state="auto", trust=True)]),
            {"vfs": {"0": {"query_rss": False, "link_state": "auto", "trust": None}}},
            id="what the driver does not tell is as it starts, where that is known",
        ),
        pytest.param(
            pf(1), desired_pf(vfs=[desired_vfs("0-9", trust=True)]), {"vfs": {"0": {"trust": False}}}, id="VFs to come"
        ),
        pytest.param(pf(), desired_pf(vfs=[desired_vfs("all", trust=True)]), {}, id="no VFs"),
        pytest.param(
            pf(2),
            desired_pf(vfs=[desired_vfs("all", trust=True, vlan=7), desired_vfs("1", trust=None, vlan=8)]),
            {"vfs": {"0": {"vlan": 0, "trust": False}, "1": {"vlan": 0}}},
            id="what is taken back is not shown",
        ),
        pytest.param(
            pf(1, vfs=(vf(driver="vfio-pci"),)),
            desired_pf(vfs=[desired_vfs(trust=True), desired_vfs(driver="default", mtu=1400)]),
            {"vfs": {"0": {"trust": False, "mtu": None, "driver": "vfio-pci", "driver_override": None}}},
            id="attributes, MTU and driver of one VF together",
        ),
        pytest.param(
            pf(2, vfs=(vf(driver="vfio-pci"), vf(1, driver_override="x"))),
            desired_pf(
                vfs=[desired_driver("0", "vfio-pci", Node(owner=7, mode=0o660)), desired_driver("1", "default")]
            ),
            {
                "vfs": {
                    "0": {"driver": "vfio-pci", "driver_override": None, "owner": 0, "mode": "0600"},
                    "1": {"driver": "igbvf", "driver_override": "x"},
                }
            },
            id="drivers, and of their nodes what is named",
        ),
        pytest.param(
            ixgbe(4, combined_channels=4),
            desired_pf(rss=DesiredRss(channels=2, min_queues=2)),
            {"channels": 4, "min_queues": 2},
            id="channels and group",
        ),
        pytest.param(
            ixgbe(4, combined_channels=4),
            desired_pf(rss=DesiredRss(verb="queues", numbers=(1,))),
            {"rss_table": "equal 4"},
            id="the table",
        ),
        pytest.param(
            ixgbe(4, combined_channels=4),
            desired_pf(rss=DesiredRss(hash=Hash("aa:bb", "xor", {"udp4": 0xF0}))),
            {"hash_key": None, "hash_function": None, "hash_fields": {"udp4": None}},
            id="a hash that is not told",
        ),
        pytest.param(
            ixgbe(4, combined_channels=4, table=BY_HAND),
            desired_pf(num_vfs=4),
            {"num_vfs": 4, "rss_table": "0*32 1*96"},
            id="a table by hand that a change may lose",
        ),
        pytest.param(
            ixgbe(4, combined_channels=4, table=BY_HAND),
            desired_pf(vfs=[]),
            {},
            id="a table by hand that nothing endangers",
        ),
    ],
)
def test_a_diff_shows_the_part_that_is_desired(state, desired, part):
    assert of_pf(state, desired) == part


@pytest.mark.parametrize(
    ("desired", "rules"),
    [
        pytest.param(desired_pf(), None, id="no word about rules"),
        pytest.param(desired_pf(rules=desired_rules(RULE.at(None))), [RULE_WORDS], id="a rule, wherever"),
        pytest.param(desired_pf(rules=desired_rules(RULE.at(7))), [f"2045: {RULE_WORDS}"], id="a rule and where it is"),
        pytest.param(desired_pf(rules=desired_rules(rule(dst_port=9))), [], id="a rule that is not there"),
        pytest.param(
            desired_pf(rules=desired_rules(RULE.at(None), exclusive=True)),
            sorted([str(OTHER), RULE_WORDS]),
            id="exclusive: all rules",
        ),
        pytest.param(
            desired_pf(rules=desired_rules(RULE.at(None), absent=True)), [RULE_WORDS], id="a rule that shall go"
        ),
        pytest.param(
            desired_pf(rules=desired_rules(OTHER, leftover=(RULE,))),
            sorted([f"7: {OTHER}", f"2045: {RULE_WORDS}"]),
            id="a rule that is left over",
        ),
        pytest.param(
            desired_pf(rules=desired_rules(RULE.at(None)), rss=DesiredRss(channels=2)),
            sorted([str(OTHER), RULE_WORDS]),
            id="all rules where the channels may change",
        ),
    ],
)
def test_rules_that_are_named(desired, rules):
    state = ixgbe(4, combined_channels=4, rules=(OTHER, RULE))
    assert of_pf(state, desired).get("rules") == rules


def test_rules_are_shown_where_a_change_may_lose_them():
    state = ixgbe(4, combined_channels=4, rules=(RULE,))
    assert of_pf(state, desired_pf(num_vfs=4)) == {"num_vfs": 4, "rules": [RULE_WORDS]}
    assert of_pf(ixgbe(4, combined_channels=4), desired_pf(num_vfs=4)) == {"num_vfs": 4}


def test_a_host_is_shown_pf_by_pf():
    state = host_state(pf(2), second(1))
    desired = Desired((desired_pf(num_vfs=2), desired_pf(SECOND, vfs=[desired_vfs(trust=True)])))
    assert spoken_of(state, desired) == {PF: {"num_vfs": 2}, SECOND: {"vfs": {"0": {"trust": False}}}}
