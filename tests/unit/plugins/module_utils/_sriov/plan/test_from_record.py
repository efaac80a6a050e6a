# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record means as a desired state; whole runs are in modules/test_host_as_before.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import NotKnown
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.knowledge.queues import default_table
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import (
    Desired,
    DesiredPf,
    DesiredRss,
    DesiredRules,
    DesiredVfs,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.holders import ADDRESS, Holder
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.mac import ZERO
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import Selector
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.from_record import from_records
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.record import record_of
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    LABEL,
    PF,
    RULE,
    SECOND,
    host_state,
    ixgbe,
    pf,
    rule,
    second,
    vf,
)

MAC = "02:00:00:00:aa:00"
BACK = DesiredPf(PF, place="pfs[0].", allow=frozenset({"in_use"}), as_before=True)
TO_QUEUE = rule(dst_port=81, cookie=1, location=3)
OTHERS = rule(dst_port=82, cookie=1, location=4)


def back(now, record, taken=None, entry=BACK):
    """What is desired of the one PF, and warnings."""
    state = host_state(now)._replace(records={PF: record}, taken={PF: taken} if taken else {})
    found = from_records(state, Desired((entry,)))
    assert found.unknown == []
    return found.desired.pfs[0], list(found.warnings)


def plan(state):
    return plan_host(state, from_records(state, Desired((BACK,))).desired).steps


# What there was, and what there is.
STATES = {
    "nothing has changed": (pf(2), pf(2)),
    "VFs that there were not": (ixgbe(combined_channels=8), ixgbe(2, combined_channels=4, online_cpus=8)),
    "none of two VFs": (pf(2, vfs=(vf(0, attributes=replace(FRESH, mac=MAC, vlan=7)), vf(1))), pf()),
    "other attributes": (
        pf(1, vfs=(vf(attributes=replace(FRESH, mac=MAC)),)),
        pf(1, vfs=(vf(attributes=replace(FRESH, mac="02:00:00:00:aa:01", vlan=5, trust=True)),)),
    ),
    "another driver": (pf(1), pf(1, vfs=(vf(driver="vfio-pci"),))),
    "another owner of the node": (
        pf(1, vfs=(vf(driver="vfio-pci", dev_mode=0o660),)),
        pf(1, vfs=(vf(driver="vfio-pci", dev_mode=0o600),)),
    ),
    "no autoprobe": (pf(), pf(drivers_autoprobe=False)),
    "other channels": (ixgbe(combined_channels=8), ixgbe(combined_channels=4, max_channels=8)),
    "a table": (ixgbe(combined_channels=4), ixgbe(combined_channels=4, table=(3,) * 128)),
    "another table": (ixgbe(combined_channels=4, table=(1, 2) * 64), ixgbe(combined_channels=4, table=(3,) * 128)),
    "no rules": (
        ixgbe(combined_channels=4, ntuple="on", rules=(TO_QUEUE,)),
        ixgbe(combined_channels=4, ntuple="on"),
    ),
    "rules that lead elsewhere": (
        ixgbe(combined_channels=4, ntuple="on", rules=(TO_QUEUE,)),
        ixgbe(combined_channels=4, ntuple="on", rules=(rule(dst_port=81, cookie=2, location=3),)),
    ),
}


@pytest.mark.parametrize(("was", "now"), STATES.values(), ids=STATES)
def test_the_plan_leads_to_what_was(was, now):
    before = host_state(now)._replace(records={PF: record_of(was)})
    steps = plan(before)
    end = after_all(before, steps)
    assert (bool(steps), plan(end)) == (was != now, ())
    # Of VFs not all is known before they are there.
    found, wanted = (record_of(each)._replace(vfs=()) for each in (end.pfs[PF], was))
    assert found._replace(macs=tuple(mac or ZERO for mac in found.macs)) == wanted


def test_what_is_as_it_was_is_not_spoken_of():
    wish, warnings = back(pf(1), record_of(pf(1)))
    plain = BACK._replace(num_vfs=1, drivers_autoprobe=True, as_it_was=True, allow=frozenset({"in_use", "destroy_vfs"}))
    assert (wish, warnings) == (plain, [])


def test_rules_that_were_added_go_and_those_of_others_stay():
    there = {"combined_channels": 4, "ntuple": "on"}
    now = ixgbe(2, rules=(RULE, TO_QUEUE, OTHERS), **there)
    record = record_of(ixgbe(2, **there))._replace(ours=(RULE, TO_QUEUE.at(None)))
    wish, _warnings = back(now, record)
    assert wish.rules == DesiredRules((), (), unwanted=(RULE, TO_QUEUE.at(None)))
    assert [each for each in now.queues.rules.rules if not wish.rules.drops(each)] == [OTHERS]


def test_one_of_ours_that_was_there_before_comes_back():
    there = {"combined_channels": 4, "ntuple": "on"}
    record = record_of(ixgbe(rules=(TO_QUEUE,), **there))._replace(ours=(TO_QUEUE.at(9),))
    wish, _warnings = back(ixgbe(rules=(), **there), record)
    assert wish.rules == DesiredRules((TO_QUEUE,), ("flow rule 3 as it was",))


@pytest.mark.parametrize(
    ("rules", "ours", "off"), [((), (), False), ((RULE,), (RULE,), False), ((OTHERS,), (), None), ((RULE,), (), False)]
)
def test_ntuple_goes_off_where_no_rule_of_others_stays(rules, ours, off):
    """One into a VF that goes does not stay."""
    record = record_of(ixgbe(combined_channels=4))._replace(ours=ours)
    assert back(ixgbe(2, combined_channels=4, ntuple="on", rules=rules), record)[0].ntuple is off


def test_fewer_cpus_have_fewer_channels_and_no_table_of_more():
    record = record_of(ixgbe(combined_channels=16))._replace(own_table=default_table(128, 16))
    now = ixgbe(combined_channels=2, max_channels=4, table=(1,) * 128, online_cpus=4)
    wish, warnings = back(now, record)
    assert warnings == [f"{LABEL} had 16 combined channels, and has 4 at most now: they are left as they are"]
    assert wish.rss.channels is None


def test_a_table_of_the_driver_s_own_that_a_run_took_for_another_of_such_comes_back():
    """igb has blocks of queues beside VFs; the kernel's default is another, and nobody can tell who has set it."""
    blocks = tuple(entry * 2 // 128 for entry in range(128))
    was = pf(1, combined_channels=2, table=blocks)
    record = record_of(was)._replace(own_table=blocks)
    assert (record.table, record.own_table) == (None, blocks)
    wish, _warnings = back(pf(1, combined_channels=2, table=(0, 1) * 64), record)
    assert wish.rss == DesiredRss(verb="table", numbers=blocks)


def test_who_uses_a_pf_keeps_it_up():
    record = record_of(pf())._replace(up=False)
    assert back(pf(), record)[0].up is False
    used = pf(holders=(Holder(ADDRESS, "enp1s0 has address 192.0.2.3/24"),))
    wish, warnings = back(used, record)
    assert (wish.up, warnings) == (
        None,
        [f"{LABEL} was down before this collection set it up, and stays up: enp1s0 has address 192.0.2.3/24"],
    )


def test_what_an_earlier_run_owes_to_vfs_is_not_wanted_any_more():
    """All that they had is said: what is not said would be put back."""
    taken = Taken(PF, "02:00:00:00:01:00", vfs=(KeptVf(0, {"vlan": 100, "trust": True}),))
    had = replace(FRESH, mac=MAC)
    wish, _warnings = back(pf(1, vfs=(vf(attributes=had),)), record_of(pf(1, vfs=(vf(attributes=had),))), taken)
    assert wish.vfs == (DesiredVfs(Selector(((0, 0),)), {**had.words(), "driver": "igbvf", "up": True}, "as it was"),)


def test_a_vf_that_had_no_address_keeps_the_one_that_it_got():
    was, now = pf(1), pf(1, vfs=(vf(attributes=replace(FRESH, mac=MAC)),))
    wish, warnings = back(now, record_of(was))
    assert warnings == [f"VFs of {LABEL} had no address, and keep the one that they have: 0"]
    assert wish.vfs == ()


def test_a_record_of_an_earlier_version_says_of_vfs_their_addresses_alone():
    had = pf(2, vfs=(vf(0, attributes=replace(FRESH, mac=MAC)), vf(1)))
    wish, _warnings = back(pf(), record_of(had)._replace(vfs=()))
    assert [dict(each.said) for each in wish.vfs if each.said] == [{"mac": MAC}]
    assert wish.num_vfs == 2


def test_pfs_without_the_word_are_as_they_were_asked_for():
    state = host_state(pf(), second())._replace(records={PF: record_of(pf(1)), SECOND: record_of(second(1))})
    plain = DesiredPf(PF, num_vfs=3)
    found = from_records(state, Desired((plain,)))
    assert (found.desired, found.warnings) == (Desired((plain,)), ())


def test_which_card_it_is_has_to_be_known():
    state = host_state(replace(pf(), perm_mac=None))._replace(records={PF: record_of(pf())})
    found = from_records(state, Desired((BACK,)))
    (error,) = found.unknown
    assert (found.desired.pfs, type(error), error.what) == ((), NotKnown, "pfs[0].as_before: cannot tell what it was")
