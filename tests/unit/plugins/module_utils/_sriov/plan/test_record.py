# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PF was before the first change: of whom it is kept, and until when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.attributes import VfAttributes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.kept import KeptVf, Record, Taken
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.queues import Rings, RingSizes
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.rss_hash import Hash
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.unread import RULES, Unread
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.record import (
    new_records,
    outlived,
    record_of,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.net import (
    InsertRule,
    SetHash,
    SetRings,
    SetRss,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.pci import SetLink
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    LABEL,
    PF,
    SECOND,
    desired_pf,
    desired_vfs,
    host_state,
    ixgbe,
    pf,
    planned,
    rule,
    second,
    sentences,
    vf,
)

MAC = "02:00:00:00:01:00"
RULE = rule(dst_port=80, cookie=1, location=3)


def steps(state, *desired):
    return planned(state, *desired).plan.steps


def test_it_is_what_the_pf_was():
    named = VfAttributes(mac="02:00:00:00:00:01", vlan=7, trust=False)
    of_kernel, free = vf(attributes=named), vf(1, "vfio-pci", dev_mode=0o660, attributes=None)
    queues = {"combined_channels": 4, "ntuple": "on", "rules": (RULE,), "table": (1, 0) * 64}
    found = record_of(ixgbe(2, vfs=(of_kernel, free), **queues))
    vfs = (
        KeptVf(0, {"mac": "02:00:00:00:00:01", "vlan": 7, "trust": False, "driver": "igbvf", "mtu": 0, "up": True}),
        KeptVf(1, {"driver": "vfio-pci", "owner": 0, "group": 0, "mode": 0o660}),
    )
    macs = ("02:00:00:00:00:01", None)
    assert found == Record(PF, MAC, 2, True, 4, True, (1, 0) * 64, (RULE,), macs, vfs)


def test_an_address_that_a_vf_s_driver_made_up_was_given_by_nobody():
    """Both tell it; the kernel has none that it was born with."""
    made_up = vf(attributes=VfAttributes(mac=MAC))
    born = replace(made_up, netdevs=(replace(made_up.netdevs[0], perm_mac=MAC),))
    for each, said in ((made_up, None), (born, MAC)):
        found = record_of(pf(1, vfs=(each,)))
        assert (found.macs, found.vfs[0].said.get("mac")) == ((MAC,), said)
        assert outlived(host_state(pf(1, vfs=(born,)))._replace(records={PF: found})) == [PF], "it is there in any case"


def test_a_table_of_the_drivers_own_is_none_of_somebodys():
    assert record_of(ixgbe(combined_channels=4, online_cpus=4)).table is None


def test_of_the_pfs_that_change_one_is_made():
    state = host_state(pf(), second())
    assert list(new_records(state, steps(state, desired_pf(num_vfs=1), desired_pf(SECOND)))) == [PF]


def test_so_it_is_where_a_vf_changes():
    state = host_state(pf(1), second())
    assert list(new_records(state, steps(state, desired_pf(vfs=[desired_vfs("0", trust=True)])))) == [PF]


def test_one_that_is_there_stays():
    state = host_state(pf(1))._replace(records={PF: record_of(pf())})
    assert new_records(state, steps(state, desired_pf(vfs=[desired_vfs("0", trust=True)]))) == {}


def noted(before, *steps, **more):
    """The record after these steps."""
    state = host_state(before)._replace(**more)
    return new_records(state, steps)[PF]


def test_what_runs_change_beside_that_is_noted_when_it_is_first_changed():
    """Others set it as well, and a boot does: it is of no account where no run has touched it."""
    sizes = RingSizes(4096, 0, 0, 4096, 512, 0, 0, 256)
    was = Hash("00:01", "toeplitz", {"udp4": 48, "tcp4": 240})
    first = noted(
        ixgbe(),
        SetLink(PF, "enp1s0", True),
        SetRings(PF, "enp1s0", "", sizes, sizes._replace(rx=64)),
        SetHash(PF, "enp1s0", "", Hash(fields={"udp4": 240}), was),
    )
    assert (first.up, first.rings, first.hash) == (False, Rings(512, 256), Hash(fields={"udp4": 48}))
    second = noted(
        ixgbe(),
        SetLink(PF, "enp1s0", False),
        SetRings(PF, "enp1s0", "", sizes._replace(rx=64), sizes),
        SetHash(PF, "enp1s0", "", Hash("22:33", None, {"udp4": 0, "tcp4": 0}), was),
        records={PF: first},
    )
    assert (second.up, second.rings) == (False, Rings(512, 256))
    assert second.hash == Hash("00:01", None, {"udp4": 48, "tcp4": 240})


@pytest.mark.parametrize("is_up", [True, False])
def test_what_a_table_says_while_the_pf_is_down_is_not_what_it_was(is_up):
    """The first run sets the PF up and takes a queue out: ixgbe's table was zeros, of which nothing comes back."""
    zeros, apart = (0,) * 128, (0, 1) * 64
    plain = (0, 1, 2, 3) * 32
    was = ixgbe(up=is_up, combined_channels=4, table=plain if is_up else zeros)
    record = noted(was, SetRss(PF, "enp1s0", LABEL, apart, apart=True))
    assert (record.apart, record.own_table) == (apart, plain if is_up else None)


def test_the_table_that_queues_are_taken_out_of_is_kept_whenever_somebody_has_set_it():
    """The record is older: it was made when the table was the driver's."""
    theirs, without_1, without_both = (0, 0, 0, 1) * 32, (0,) * 128, (2,) * 128
    old, named = record_of(ixgbe(combined_channels=4)), (PF, "enp1s0", LABEL)

    def after(record, there, step):
        return noted(ixgbe(combined_channels=4, table=there), step, records={PF: record})

    first = after(old, theirs, SetRss(*named, without_1, before=theirs, apart=True))
    assert (first.table, first.apart, first.apart_of) == (None, without_1, theirs)
    more = after(first, without_1, SetRss(*named, without_both, before=without_1, apart=True))
    assert (more.apart, more.apart_of) == (without_both, theirs)
    back = after(more, without_both, SetRss(*named, theirs, before=without_both))
    assert (back.apart, back.apart_of) == (None, None)


def test_rules_that_are_added_are_ours_as_long_as_they_are_there():
    mine, again = RULE.at(5), rule(dst_port=81, cookie=1, location=4)
    before = ixgbe(combined_channels=4, rules=(RULE,), ntuple="on")
    steps = (InsertRule(PF, "enp1s0", "", mine), InsertRule(PF, "enp1s0", "", again, again=True))
    first = noted(before, *steps)
    assert (first.rules, first.ours) == ((RULE,), (mine,)), "what is put back was somebody's"
    gone = ixgbe(combined_channels=4, ntuple="on")
    other = InsertRule(PF, "enp1s0", "", again)
    assert noted(gone, other, records={PF: first}).ours == (again,)
    lost = {PF: Taken(PF, MAC, rules=(RULE,))}
    assert noted(gone, other, records={PF: first}, taken=lost).ours == (mine, again), "an earlier run owes it"
    unread = replace(gone, unread=(Unread(RULES, "the driver did not tell"),))
    assert noted(unread, other, records={PF: first}).ours == (mine, again)


def test_what_was_noted_counts_for_whether_a_pf_is_as_in_the_beginning():
    state = ixgbe(combined_channels=4)
    for more in ({"up": False}, {"hash": Hash(fields={"udp4": 48})}, {"rings": Rings(512, 512)}):
        record = record_of(state)._replace(**more)
        assert outlived(host_state(state)._replace(records={PF: record})) == []
    record = record_of(state)._replace(up=True, ours=(RULE,))
    assert outlived(host_state(state)._replace(records={PF: record})) == [PF]


def test_one_of_an_earlier_version_has_nothing_of_vfs_but_their_addresses():
    state = pf(1)
    record = record_of(state)._replace(vfs=())
    assert outlived(host_state(state)._replace(records={PF: record})) == [PF]


def test_that_of_another_card_does_not_count():
    state = host_state(pf())._replace(records={PF: record_of(replace(pf(), perm_mac="02:00:00:00:01:99"))})
    assert new_records(state, steps(state, desired_pf(num_vfs=1))) == {PF: record_of(pf())}


def test_one_that_may_be_of_this_card_is_not_written_over():
    """Its interface is elsewhere, and it has no address."""
    for there, kept in ((replace(pf(), perm_mac=None), pf()), (pf(), replace(pf(), perm_mac=None))):
        state = host_state(there)._replace(records={PF: record_of(kept)})
        assert new_records(state, steps(state, desired_pf(drivers_autoprobe=False))) == {}


def test_of_one_that_is_not_seen_whole_it_is_not_known_whether_it_is_as_in_the_beginning():
    state = replace(pf(), unread=(Unread(RULES, "the driver did not tell"),))
    assert outlived(host_state(state)._replace(records={PF: record_of(state)})) == []


def test_of_a_pf_that_is_as_in_the_beginning_none_is_needed():
    records = {PF: record_of(pf()), SECOND: record_of(second())}
    assert outlived(host_state(pf(1), second())._replace(records=records)) == [SECOND]


def test_without_vfs_autoprobe_goes_back_to_what_it_was():
    state = host_state(pf(drivers_autoprobe=False))._replace(records={PF: record_of(pf())})
    assert sentences(state, desired_pf(num_vfs=0)) == [
        "set sriov_drivers_autoprobe of enp1s0 (0000:01:00.0) to 1: new VFs are bound by the kernel"
    ]
    assert sentences(state, desired_pf(num_vfs=0, drivers_autoprobe=False)) == [], "unless it is said"
    assert sentences(state, desired_pf()) == [], "nor where the VFs are not spoken of"
    other = host_state(pf(drivers_autoprobe=False))._replace(records={PF: record_of(pf())._replace(perm_mac="x")})
    assert sentences(other, desired_pf(num_vfs=0)) == [], "nor on another card"
