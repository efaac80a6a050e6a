# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan takes away for a while, and what an unfinished run has promised: tables, without any kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Taken
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.unread import (
    CHANNELS,
    RSS,
    RULES,
    Unread,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.taken import (
    promised,
    promised_vfs,
    what_is_taken,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    FRESH,
    LABEL,
    PF,
    PROGRAM,
    SSH,
    desired_driver,
    desired_pf,
    desired_rules,
    desired_vfs,
    host_state,
    ixgbe,
    pf,
    planned,
    refusals,
    rule,
    sentences,
    vf,
)

MAC = "02:00:00:00:01:00"
BY_HAND = (0, 1) * 64
QUEUE, DROP = rule(dst_port=80, cookie=1, location=3), rule(dst_port=81, cookie=2**64 - 1, location=5)
CONSENT = ("destroy_vfs", "in_use", "link_reset")


def taken_by(pf_state, **options):
    plan = planned(pf_state, desired_pf(allow=CONSENT, **options)).plan
    return [each._replace(steps=()) for each in what_is_taken(host_state(pf_state), plan)]


def after_loss(pf_state, *missing, table=None, perm_mac=MAC):
    return host_state(pf_state)._replace(taken={PF: Taken(PF, perm_mac, missing, table)})


def busy(num_vfs=0, **changes):
    return ixgbe(num_vfs=num_vfs, combined_channels=4, online_cpus=4, ntuple="on", rules=(QUEUE, DROP), **changes)


@pytest.mark.parametrize(
    ("before", "options", "taken"),
    [
        pytest.param(busy(), {}, [], id="nothing is desired"),
        pytest.param(busy(), {"num_vfs": 2}, [Taken(PF, MAC, (QUEUE, DROP))], id="rules that VFs to come cost"),
        pytest.param(
            busy(table=BY_HAND),
            {"num_vfs": 2},
            [Taken(PF, MAC, (QUEUE, DROP), BY_HAND)],
            id="and a table of somebody's",
        ),
        pytest.param(pf(combined_channels=4, online_cpus=4), {"num_vfs": 2}, [], id="a driver that drops nothing"),
    ],
)
def test_what_is_there_before_and_after_and_not_between_is_taken(before, options, taken):
    assert taken_by(before, **options) == taken


def test_the_steps_are_told_too():
    plan = planned(busy(), desired_pf(num_vfs=1)).plan
    (found,) = what_is_taken(host_state(busy()), plan)
    assert found.steps == tuple(map(str, plan.steps))


def test_a_vf_that_is_loaded_anew_keeps_what_it_had():
    loaded = replace(vf(0).netdevs[0], mac="02:00:00:00:00:09", mtu=1400)
    (found,) = taken_by(pf(1, vfs=(vf(netdevs=(loaded,)),)), vfs=[desired_vfs("0", mac="02:00:00:00:00:01")])
    assert found.vfs == (KeptVf(0, {"driver": "igbvf", "mtu": 1400, "up": True}),)


def test_one_that_gets_another_driver_is_between_two_for_a_while():
    (found,) = taken_by(pf(1), vfs=[desired_driver("0", "vfio-pci")])
    assert found.vfs == (KeptVf(0, {"driver": "igbvf", "up": True}, "vfio-pci"),)
    (found,) = taken_by(pf(1, vfs=(vf(driver=None),)), vfs=[desired_driver("0", "vfio-pci")])
    assert found.vfs == (KeptVf(0, {"driver": "none"}, "vfio-pci"),)
    (found,) = taken_by(pf(1, vfs=(vf(driver="vfio-pci", dev_mode=0o660),)), vfs=[desired_driver("0", "default")])
    assert found.vfs == (KeptVf(0, {"driver": "vfio-pci", "owner": 0, "group": 0, "mode": 0o660}, "igbvf"),)


def test_of_one_whose_driver_is_taken_away_nothing_is_kept():
    assert taken_by(pf(1), vfs=[desired_driver("0", "none")]) == []


BETWEEN = KeptVf(0, {"mac": "02:00:00:00:00:01", "driver": "igbvf", "mtu": 1400}, "vfio-pci")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        pytest.param(vf(driver=None, driver_override="vfio-pci"), BETWEEN.said, id="it has none"),
        pytest.param(vf(), BETWEEN.said, id="it has its own"),
        pytest.param(vf(driver="vfio-pci"), {"mac": BETWEEN.said["mac"]}, id="it has the other"),
        pytest.param(
            vf(driver="vfio-pci", driver_override="vfio-pci"),
            {"mac": BETWEEN.said["mac"], "driver": "vfio-pci"},
            id="and its name is left",
        ),
        pytest.param(
            vf(driver=None, driver_override="pci-stub"), {"mac": BETWEEN.said["mac"]}, id="somebody has named a third"
        ),
    ],
)
def test_a_vf_that_a_killed_run_left_between_two_drivers(member, words):
    state = pf(1, vfs=(member,))
    (entry,) = promised_vfs(Taken(PF, MAC, vfs=(BETWEEN,)), state, state, desired_pf())
    assert entry.said == words


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param({}, {"vlan": 7, "qos": 2, "trust": True}, id="as a new one"),
        pytest.param({"vlan": 200}, {"trust": True}, id="somebody has set its VLAN since then"),
        pytest.param({"vlan": 7, "qos": 2}, {"vlan": 7, "qos": 2, "trust": True}, id="it is back already"),
    ],
)
def test_a_value_that_somebody_has_set_since_then_stays(told, words):
    state = pf(1, vfs=(vf(attributes=replace(FRESH, **told)),))
    missing = Taken(PF, MAC, vfs=(KeptVf(0, {"vlan": 7, "qos": 2, "trust": True}),))
    (entry,) = promised_vfs(missing, state, state, desired_pf())
    assert entry.said == words


def test_an_address_that_somebody_has_set_since_then_stays():
    given = (vf(driver="vfio-pci", attributes=replace(FRESH, mac="02:00:00:00:00:99")),)
    state = pf(1, vfs=given)
    missing = Taken(PF, MAC, vfs=(KeptVf(0, {"mac": "02:00:00:00:00:01"}),))
    assert promised_vfs(missing, state, state, desired_pf()) == ()


def test_the_mtu_that_somebody_has_set_since_then_stays():
    state = pf(1, vfs=(vf(netdevs=(replace(vf(0).netdevs[0], mtu=1300),)),))
    missing = Taken(PF, MAC, vfs=(KeptVf(0, {"mtu": 1400, "up": True}),))
    (entry,) = promised_vfs(missing, state, state, desired_pf())
    assert entry.said == {"up": True}


def by_hand(num_vfs=2, combined=2, **changes):
    return ixgbe(num_vfs=num_vfs, combined_channels=combined, max_channels=4, online_cpus=8, **changes)


def test_channels_that_somebody_has_set_are_noted_where_they_go_for_a_while():
    wish = {"num_vfs": 3, "rss": DesiredRss(channels=2)}
    (found,) = taken_by(by_hand(), **wish)
    assert found.channels == 2
    assert [each.channels for each in taken_by(by_hand(combined=4), num_vfs=3)] == [None], "the driver's own"


def test_they_are_set_again_where_the_link_may_go():
    lost = host_state(by_hand(combined=4))._replace(taken={PF: Taken(PF, MAC, channels=2)})
    assert sentences(lost, desired_pf())[-1] == f"set the combined channels of {LABEL} from 4 to 2"
    assert sentences(lost, desired_pf(rss=DesiredRss(channels=4))) == []
    ssh = host_state(by_hand(combined=4, holders=(SSH,)))._replace(taken=lost.taken)
    assert sentences(ssh, desired_pf()) == []
    (warning,) = planned(ssh, desired_pf()).plan.warnings
    assert "2 combined channels" in warning and "carries the SSH connection" in warning
    others = host_state(by_hand(combined=1))._replace(taken=lost.taken)
    assert sentences(others, desired_pf()) == [], "somebody has set others"


@pytest.mark.parametrize("part", [RULES, RSS, CHANNELS])
def test_what_cannot_be_seen_missing_is_refused(part):
    state = replace(busy(1), unread=(Unread(part, "the driver did not tell"),))
    taken = {RULES: {"rules": (QUEUE,)}, RSS: {"table": BY_HAND}, CHANNELS: {"channels": 2}}[part]
    for wish in (desired_pf(), desired_pf(drivers_autoprobe=False)):
        (refusal,) = refusals(host_state(state)._replace(taken={PF: Taken(PF, MAC, **taken)}), wish)
        assert refusal.kind == "not_known" and "cannot be put back" in refusal.what
    assert not refusals(host_state(state), desired_pf(drivers_autoprobe=False)), "nothing is missing"


def test_where_the_card_is_not_known_nothing_is_put_back_and_it_is_told():
    for state, kept in ((replace(busy(1), perm_mac=None), MAC), (busy(1), None)):
        lost = host_state(state)._replace(taken={PF: Taken(PF, kept, (rule(dst_port=90, cookie=0, location=9),))})
        plan = planned(lost, desired_pf()).plan
        assert not plan.steps and "is not put back: whether it is still that card" in plan.warnings[0]


def test_vfs_that_are_created_again_have_what_they_had():
    member = vf(driver="vfio-pci", attributes=replace(FRESH, mac="02:00:00:00:00:01", vlan=7, trust=True))
    (found,) = taken_by(pf(1, vfs=(member,)), num_vfs=2)
    assert found.vfs == (KeptVf(0, {"mac": "02:00:00:00:00:01", "vlan": 7, "trust": True, "driver": "vfio-pci"}),)


KEPT = KeptVf(0, {"mac": "02:00:00:00:00:01", "driver": "vfio-pci", "mode": 0o660})


@pytest.mark.parametrize(
    ("member", "said", "words"),
    [
        pytest.param(vf(driver=None), {}, KEPT.said, id="it has no driver"),
        pytest.param(vf(driver="vfio-pci"), {}, KEPT.said, id="it has the driver"),
        pytest.param(vf(driver="uio_pci_generic"), {}, {"mac": KEPT.said["mac"]}, id="somebody has given it another"),
        pytest.param(vf(driver="igbvf"), {}, KEPT.said, id="the kernel has given it its own"),
        pytest.param(vf(driver=None), {"driver": "none"}, {"mac": KEPT.said["mac"]}, id="another is asked for"),
        pytest.param(
            vf(driver=None), {"mac": "auto"}, {"driver": "vfio-pci", "mode": 0o660}, id="another address is asked for"
        ),
    ],
)
def test_what_was_promised_to_a_vf_is_desired_unless_something_else_is(member, said, words):
    wish = desired_pf(vfs=[desired_vfs("0", **said)] if said else [])
    entries = promised_vfs(
        Taken(PF, MAC, vfs=(KEPT, KeptVf(5, {"vlan": 7}))), pf(1, vfs=(member,)), pf(1, vfs=(member,)), wish
    )
    assert [entry.said for entry in entries] == [words]
    assert (
        promised_vfs(Taken(PF, "02:00:00:00:01:99", vfs=(KEPT,)), pf(1, vfs=(member,)), pf(1, vfs=(member,)), wish)
        == ()
    )


def test_what_is_missing_is_there_again_in_the_plan():
    lost = after_loss(busy(2), rule(dst_port=90, cookie=0, location=9), table=BY_HAND)
    now = promised(lost).pfs[PF]
    assert [each.location for each in now.queues.rules.rules] == [3, 5, 9]
    assert now.queues.rss.table == BY_HAND


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param(rule(dst_port=90, cookie=0, location=3), id="its place is taken"),
        pytest.param(rule(dst_port=80, cookie=0, location=9), id="its flow goes elsewhere now"),
    ],
)
def test_what_somebody_has_put_in_its_place_counts(missing):
    lost = after_loss(busy(), missing)
    assert promised(lost) == lost


def test_another_card_has_lost_nothing():
    lost = after_loss(busy(), table=BY_HAND, perm_mac="02:00:00:00:01:99")
    assert promised(lost) == lost


def test_the_next_plan_puts_it_back_whatever_it_is_about():
    missing = rule(dst_port=90, cookie=0, location=9)
    assert sentences(after_loss(busy(1), missing, table=BY_HAND), desired_pf()) == [
        f"put back the RSS table of {LABEL}: of 128 entries queue 0 has 64, queue 1 has 64",
        f"put back flow rule 9 of {LABEL}: {missing}",
    ]


def test_what_is_not_wanted_any_more_is_not_put_back():
    missing = rule(dst_port=90, cookie=0, location=9)
    wish = desired_pf(rules=desired_rules(QUEUE, DROP, exclusive=True), rss=DesiredRss(verb="default"))
    assert sentences(after_loss(busy(1), missing, table=BY_HAND), wish) == []


def test_what_is_still_missing_is_noted_again():
    """A second run that is killed before it has put it back."""
    before = after_loss(ixgbe(num_vfs=1, combined_channels=4, ntuple="on"), QUEUE, table=BY_HAND)
    plan = planned(before, desired_pf(vfs=[desired_vfs(mac="02:00:00:00:bb:00")], allow=CONSENT)).plan
    (noted,) = what_is_taken(before, plan)
    assert (noted.rules, noted.table, bool(noted.vfs)) == ((QUEUE,), BY_HAND, True)


@pytest.mark.parametrize("kept", ["vfio-pci", "none"])
def test_the_driver_that_the_kernel_gave_a_new_vf_is_not_somebodys(kept):
    """A run was killed after it had made the VFs, and before it gave them their drivers."""
    missing = Taken(PF, MAC, vfs=(KeptVf(0, {"driver": kept}),))
    (entry,) = promised_vfs(missing, pf(1), pf(1), desired_pf())
    assert entry.said == {"driver": kept}
    used = pf(1, vfs=(vf(holders=(PROGRAM,)),))
    assert promised_vfs(missing, used, used, desired_pf()) == ()
    given = pf(1, vfs=(vf(driver="uio_pci_generic"),))
    assert promised_vfs(missing, given, given, desired_pf()) == ()
    made_anew = pf(1, vfs=(vf(planned=True),))
    assert promised_vfs(missing, given, made_anew, desired_pf()) == (), "also where this plan makes it again"


@pytest.mark.parametrize("driver", [None, "vfio-pci"])
def test_the_mtu_of_an_interface_that_somebody_took_away_is_not_asked_for(driver):
    """It was refused: there is no interface, and the request says nothing of it."""
    missing = Taken(PF, MAC, vfs=(KeptVf(0, {"mac": "02:00:00:00:00:01", "mtu": 1300, "up": True}),))
    state = pf(1, vfs=(vf(driver=driver, netdevs=()),))
    (entry,) = promised_vfs(missing, state, state, desired_pf())
    assert entry.said == {"mac": "02:00:00:00:00:01"}


@pytest.mark.parametrize(("driver", "words"), [("default", [{"mtu": 1300, "up": True}]), ("vfio-pci", [])])
def test_whoever_asks_for_the_driver_that_it_had_keeps_the_link_too(driver, words):
    missing = Taken(PF, MAC, vfs=(KeptVf(0, {"mtu": 1300, "up": True}),))
    entries = promised_vfs(missing, pf(1), pf(1), desired_pf(vfs=[desired_driver("0", driver)]))
    assert [entry.said for entry in entries] == words
