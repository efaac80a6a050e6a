# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the things that were taken is missing, what is owed after a run, and whose they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.unread import PERM_MAC, Unread
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.check_taken import (
    lost_words,
    merged,
    missing,
    same_card,
    still_owed,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    PF,
    desired_pf,
    desired_rules,
    ixgbe,
    netdev,
    pf,
    rule,
    vf,
)

MAC = "02:00:00:00:01:00"
BY_HAND = (0, 1) * 64
QUEUE, TO_VF = rule(dst_port=80, cookie=1, location=3), rule(dst_port=81, vf=1, location=5)
GONE = KeptVf(1, {"vlan": 7})
ALL = Taken(PF, MAC, (QUEUE, TO_VF), BY_HAND, (KeptVf(0, {"trust": True}), GONE), channels=2)


def seen(num_vfs=1, **changes):
    return ixgbe(num_vfs=num_vfs, combined_channels=4, ntuple="on", **changes)


def without(state, **queues):
    return replace(state, queues=state.queues._replace(**queues))


@pytest.mark.parametrize(
    ("kept", "state", "same"),
    [
        (MAC, pf(), True),
        ("02:00:00:00:01:99", pf(), False),
        (None, pf(), None),
        (MAC, replace(pf(), perm_mac=None), None),
        (None, replace(pf(), perm_mac=None), None),
        (None, replace(pf(driver="cxgb4"), perm_mac=None), True),  # it has no port, so it never has one
        ("02:00:00:00:01:07", pf(netdevs=(netdev(), netdev("enp1s0d1", perm_mac="02:00:00:00:01:07"))), True),
        ("02:00:00:00:01:99", replace(pf(), unread=(Unread(PERM_MAC, "EIO"),)), None),
    ],
)
def test_whose_it_is(kept, state, same):
    assert same_card(kept, state) is same


@pytest.mark.parametrize(
    ("state", "left"),
    [
        pytest.param(seen(), ALL, id="nothing is back"),
        pytest.param(seen(rules=(QUEUE, TO_VF)), ALL._replace(rules=()), id="rules"),
        pytest.param(seen(table=BY_HAND), ALL._replace(table=None), id="the table"),
        pytest.param(without(seen(), rules=None, rss=None, channels=None), ALL, id="nothing is seen"),
        pytest.param(
            seen(2, vfs=(vf(attributes=replace(FRESH, trust=True)), vf(1, attributes=replace(FRESH, vlan=7)))),
            ALL._replace(vfs=()),
            id="VFs",
        ),
    ],
)
def test_what_is_missing(state, left):
    assert missing(ALL, state) == left


@pytest.mark.parametrize(
    ("state", "wish", "owed"),
    [
        pytest.param(seen(), {}, ALL._replace(rules=(TO_VF,), table=None, vfs=(GONE,)), id="of a VF to come"),
        pytest.param(seen(2), {}, Taken(PF, MAC, channels=2), id="all is there that shall be"),
        pytest.param(seen(), {"num_vfs": 1}, Taken(PF, MAC), id="a number without it"),
        pytest.param(
            seen(), {"rules": desired_rules(TO_VF, absent=True)}, Taken(PF, MAC, vfs=(GONE,), channels=2), id="no rule"
        ),
        pytest.param(
            without(seen(), rules=None, rss=None), {}, ALL._replace(vfs=(GONE,)), id="rules and table are not seen"
        ),
        pytest.param(
            without(seen(2), rss=None), {"rss": DesiredRss(verb="default")}, Taken(PF, MAC, channels=2), id="another"
        ),
        pytest.param(seen(2, up=False), {}, Taken(PF, MAC, table=BY_HAND, channels=2), id="down it has no table"),
        pytest.param(seen(2), {"rss": DesiredRss(channels=4)}, Taken(PF, MAC), id="channels are asked for"),
    ],
)
def test_what_is_owed_after_a_run_that_has_reached_its_wish(state, wish, owed):
    assert still_owed(ALL, state, desired_pf(**wish)) == owed


def test_two_runs_that_did_not_come_to_their_end():
    other = rule(dst_port=90, cookie=0, location=3)
    new = Taken(PF, None, (other,), None, (KeptVf(1, {"trust": True, "driver": "igbvf"}, "vfio-pci"),))
    both = merged(new, ALL)
    assert (both.perm_mac, both.rules, both.table, both.channels) == (MAC, (other, TO_VF), BY_HAND, 2)
    assert both.vfs[1] == KeptVf(1, {"vlan": 7, "trust": True, "driver": "igbvf"}, "vfio-pci")


def test_one_that_is_on_its_way_back_has_no_other_driver_before_it():
    old, new = KeptVf(0, {"driver": "igbvf", "mtu": 1400}), KeptVf(0, {}, "igbvf")
    assert merged(Taken(PF, MAC, vfs=(new,)), Taken(PF, MAC, vfs=(old,))).vfs == (old,)


def test_what_is_lost_is_what_nobody_has_set_since_then():
    kept = KeptVf(0, {"vlan": 7, "trust": True, "driver": "igbvf"})
    state = pf(1, vfs=(vf(attributes=replace(FRESH, vlan=200)),))
    assert lost_words(state, kept) == {"trust": True}
    assert lost_words(pf(), kept) == {"vlan": 7, "trust": True}, "a VF to come, whose driver the kernel gives it"
    assert lost_words(pf(drivers_autoprobe=False), kept) == kept.said
