# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back from a plan: what the host was, in the words of a desired state; and plans from which there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.desired import from_desired, to_desired
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.queues import is_set_by_hand
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredPf,
    DesiredRss,
    DesiredRules,
    Node,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import ADDRESS, Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.unread import RULES, Unread
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.way_back import (
    lesser,
    way_back,
    without_undo,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    PF,
    RULE,
    desired_driver,
    desired_pf,
    desired_rules,
    desired_vfs,
    host_state,
    ixgbe,
    pf,
    planned,
    rule,
    vf,
)

MAC = "02:00:00:00:aa:00"
OLD, NEW = replace(FRESH, mac=MAC), "02:00:00:00:aa:01"
OTHER = rule(dst_ip=0xC0A8FE1F, dst_port=81, location=2044)
LABEL = "enp1s0 (0000:01:00.0)"
VF_0 = "VF 0 (0000:01:10.0, igbvf, enp1s0v0)"
THERE = {"num_vfs": 0, "drivers_autoprobe": True}
ONE = {**THERE, "num_vfs": 1}
RULE_1 = rule(cookie=1, dst_ip=0xC0A8FE1E, dst_port=80)
SET = (3, *(1,) * 127)


def back(**words):
    """The one PF."""
    return Desired((DesiredPf(PF, **{"allow": frozenset(CONSENTS), "as_it_was": True, **THERE, **words}),))


def entry(**words):
    return (desired_vfs("0", **words)._replace(name="as it was"),)


def one(**changes):
    return pf(1, vfs=(vf(**changes),), combined_channels=8)


# The host, what is desired of it, and the way back: but for num_vfs and drivers_autoprobe what any step changes.
WAYS = {
    "VFs that there were not": (
        pf(combined_channels=8),
        desired_pf(num_vfs=2, vfs=[desired_driver("0", "vfio-pci")]),
        back(rss=DesiredRss(channels=8)),
    ),
    "whether the kernel binds them": (pf(), desired_pf(num_vfs=1, drivers_autoprobe=False), back()),
    "a PF that was down": (pf(up=False), desired_pf(num_vfs=1, up=True), back(up=False)),
    "an attribute, and those that are written with it": (
        one(attributes=replace(OLD, vlan=7, qos=2)),
        desired_pf(vfs=[desired_vfs("0", vlan=9)]),
        back(**ONE, vfs=entry(vlan=7, qos=2, vlan_proto="802.1Q")),
    ),
    "a driver and what it gave": (
        one(),
        desired_pf(vfs=[desired_driver("0", "vfio-pci")]),
        back(**ONE, vfs=entry(driver="igbvf", up=True)),
    ),
    "no driver": (
        one(driver=None),
        desired_pf(vfs=[desired_driver("0", "vfio-pci")]),
        back(**ONE, vfs=entry(driver="none")),
    ),
    "who may open the node": (
        one(driver="vfio-pci"),
        desired_pf(vfs=[desired_driver("0", "vfio-pci", Node(None, 7, 0o660))]),
        back(**ONE, vfs=entry(driver="vfio-pci", owner=0, group=0, mode=0o600)),
    ),
    "a rule, and those of others": (
        ixgbe(rules=(OTHER,), ntuple="on", combined_channels=8),
        desired_pf(rules=desired_rules(rule(cookie=1, dst_ip=0xC0A8FE1E, dst_port=80))),
        back(rules=DesiredRules(exclusive=True, spared=(OTHER,))),
    ),
    "a rule in the place of another": (
        ixgbe(rules=(RULE_1,), ntuple="on", combined_channels=8),
        desired_pf(rules=desired_rules(rule(cookie=2, dst_ip=0xC0A8FE1E, dst_port=80))),
        back(rules=DesiredRules((RULE_1,), ("rules[0]",), exclusive=True)),
    ),
    "ntuple filters, and the table that they reset": (
        ixgbe(combined_channels=8),
        desired_pf(rules=desired_rules(rule(vf=None, cookie=1, dst_port=80))),
        back(ntuple=False, rules=DesiredRules((), (), exclusive=True)),
    ),
    "a table that somebody has set, entry by entry": (
        pf(combined_channels=8, table=SET),
        desired_pf(rss=DesiredRss(verb="equal", numbers=(2,))),
        back(rss=DesiredRss(verb="table", numbers=SET)),
    ),
    "a table that nobody had set": (
        pf(combined_channels=8),
        desired_pf(rss=DesiredRss(verb="equal", numbers=(2,))),
        back(rss=DesiredRss(verb="table", numbers=(*range(8),) * 16)),
    ),
    "channels": (
        pf(combined_channels=8),
        desired_pf(rss=DesiredRss(channels=2)),
        back(rss=DesiredRss(channels=8)),
    ),
    "nothing": (pf(), desired_pf(num_vfs=0), Desired()),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_back_is_what_the_host_was(name):
    before, desired, expected = WAYS[name]
    before = host_state(before)
    plan = planned(before, desired).plan
    assert way_back(before, plan) == expected
    assert without_undo(before, plan) == []


def told(vf):
    """An address that its driver made up may be another one."""
    return replace(vf.attributes, mac=None) if vf.attributes.mac != MAC else vf.attributes


@pytest.mark.parametrize("name", WAYS)
def test_the_way_back_is_planned_as_any_other(name):
    before, desired, _expected = WAYS[name]
    before = host_state(before)
    plan, after = planned(before, desired)
    ways = way_back(before, plan).pfs
    there = planned(after, *ways).after if ways else after
    assert there.pfs[PF].num_vfs == before.pfs[PF].num_vfs
    assert [each.driver for each in there.pfs[PF].vfs] == [each.driver for each in before.pfs[PF].vfs]
    assert [told(each) for each in there.pfs[PF].vfs] == [told(each) for each in before.pfs[PF].vfs]
    assert there.pfs[PF].queues.rules == before.pfs[PF].queues.rules
    hand = is_set_by_hand(before.pfs[PF])
    assert is_set_by_hand(there.pfs[PF]) == hand
    assert not hand or there.pfs[PF].queues.rss == before.pfs[PF].queues.rss


@pytest.mark.parametrize("name", WAYS)
def test_it_is_kept_as_json(name):
    before, desired, expected = WAYS[name]
    before = host_state(before)
    assert to_desired(from_desired(way_back(before, planned(before, desired).plan))) == expected


# The host, what is desired, and all that is in the way.
NO_WAY = {
    "VFs that go": (
        pf(2),
        desired_pf(num_vfs=0),
        [
            f"confirm: there is no way back on {LABEL}: VFs would be destroyed that come back as new devices only: "
            "VF 0 (0000:01:10.0, igbvf, enp1s0v0), VF 1 (0000:01:10.2, igbvf, enp1s0v1). Remedy: leave out confirm."
        ],
    ),
    "a VF that is taken from its user": (
        one(holders=(Holder(ADDRESS, "enp1s0v0 has address 192.0.2.3/24"),)),
        desired_pf(vfs=[desired_driver("0", "vfio-pci")], allow=["in_use"]),
        [
            f"confirm: there is no way back on {LABEL}: {VF_0} would be taken from who uses it, and would not be given "
            "back: enp1s0v0 has address 192.0.2.3/24. Remedy: release it, or leave out confirm."
        ],
    ),
    "an address that was none": (
        one(),
        desired_pf(vfs=[desired_vfs("0", mac=NEW)]),
        [
            f"confirm: there is no way back on {LABEL}: what mac of {VF_0} is now cannot be set again. "
            "Remedy: leave out confirm."
        ],
    ),
    "two rules for one flow, one of which goes": (
        ixgbe(rules=(RULE_1, replace(RULE_1, cookie=2, location=5)), ntuple="on", combined_channels=8),
        desired_pf(rules=desired_rules(exclusive=True)),
        [
            f"confirm: there is no way back on {LABEL}: flow rules 2045 and 5 are for one flow: tcp4 dst-ip "
            "192.168.254.30 dst-port 80 to queue 1. Remedy: remove all but one of them, or leave out confirm."
        ],
    ),
    "what could not be read": (
        replace(one(), unread=(Unread(RULES, "the flow rules of enp1s0 cannot be read [ENOMEM]"),)),
        desired_pf(vfs=[desired_vfs("0", trust=True)]),
        [
            f"confirm: there is no way back on {LABEL}: what it is now is not known: the flow rules of enp1s0 cannot "
            "be read [ENOMEM]. Remedy: run it again, and see dmesg; or leave out confirm."
        ],
    ),
}


@pytest.mark.parametrize("name", NO_WAY)
def test_what_has_no_way_back(name):
    before, desired, expected = NO_WAY[name]
    before = host_state(before)
    assert list(map(str, without_undo(before, planned(before, desired).plan))) == expected


def test_less_and_less_where_something_is_in_the_way():
    rss = DesiredRss(channels=8, verb="default")
    rules = desired_rules(RULE)
    full = desired_pf(
        num_vfs=0, drivers_autoprobe=True, up=False, ntuple=False, rss=rss, rules=rules, vfs=entry(driver="none")
    )
    still = {"rss": rss, "rules": rules, "ntuple": False}
    assert lesser(full) == [
        full._replace(up=None),
        desired_pf(**still),
        desired_pf(rss=DesiredRss(verb="default"), rules=rules),
    ]
