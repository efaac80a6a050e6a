# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of the steps before one that is refused, on the simulated kernel."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.undo import PERFORMERS, give_back
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused, StillInKernel
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import net as steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps import xsk
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.steps.undo import WAYS_BACK
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.ethtool import SimEthtool
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import rule

PF, NAME = hosts.IXGBE.address, "enp1s0"
NAMED = (PF, NAME, f"{NAME} ({PF})")
LABEL = NAMED[2]
BNXT = hosts.Nic("bnxt_en", "bnxt_en", "16d7", "16dc", 63)
LONG = 10
A, B, C = (rule(dst_ip=number, dst_port=80, cookie=number, location=2040 + number) for number in (1, 2, 3))
A_WORDS, B_WORDS, C_WORDS = (f"tcp4 dst-ip 0.0.0.{n} dst-port 80 to queue {n}" for n in (1, 2, 3))
TABLE = tuple(entry * 3 // 128 for entry in range(128))
EINVAL = "[EINVAL: Invalid argument]"


@pytest.fixture
def kernel_with(tmp_path):
    """A kernel with these rules, and with a table set by hand if there is one."""

    def make(*rules, table=None, nic=hosts.IXGBE, refuses=None):
        kernel = simulate(tmp_path, hosts.host(nic, cpus=16))
        kernel.ethtool = SimEthtool(tmp_path)
        if nic is hosts.IXGBE:
            kernel.ethtool.set_feature(NAME, "rx-ntuple-filter", True)
        for each in rules:
            kernel.ethtool.insert_rule(NAME, each)
        if table:
            kernel.ethtool.set_rss(NAME, table)
        kernel.ethtool = SimEthtool(tmp_path, refuses)
        return kernel

    return make


def refused(action=3):
    return {f"ethtool -N {NAME} flow-type tcp4 action {action}": errno.EINVAL}


def failed(kernel, plan, purposes=()):
    """The error of a plan that fails."""
    with pytest.raises(KernelRefused) as error:
        apply_steps(kernel, plan, Deadline(LONG), purposes)
    return error.value


def rules(kernel):
    return {each.location: str(each) for each in kernel.ethtool.rules(NAME).rules}


def delete(each, **options):
    return steps.DeleteRule(*NAMED, each, **options)


def insert(each, **options):
    return steps.InsertRule(*NAMED, each, **options)


# Rules


def test_a_rule_comes_back_where_the_one_it_went_for_is_refused(kernel_with):
    kernel = kernel_with(A, refuses=refused())
    error = failed(kernel, (delete(A), insert(B), insert(C)))
    assert rules(kernel) == {2041: A_WORDS}
    assert str(error) == (
        f"cannot add flow rule {C_WORDS} on {LABEL}: the driver refused the flow rule {C_WORDS}; flow rule 2042 of "
        f"{LABEL}, added before it, is out again: {B_WORDS}; flow rule 2041 of {LABEL} is back: {A_WORDS} {EINVAL}. "
        "Remedy: the driver's reason is in dmesg."
    )
    assert (error.step, error.lost) == (f"add flow rule 2043 of {LABEL}: {C_WORDS}", [])
    assert error.done == [
        f"delete flow rule 2041 of {LABEL}: {A_WORDS}",
        f"add flow rule 2042 of {LABEL}: {B_WORDS}",
        f"delete flow rule 2042 of {LABEL}: {B_WORDS}",
        f"put back flow rule 2041 of {LABEL}: {A_WORDS}",
    ]


def test_a_rule_that_was_replaced_comes_back(kernel_with):
    kernel, new = kernel_with(A, refuses=refused()), rule(dst_ip=1, dst_port=80, cookie=2, location=2041)
    failed(kernel, (insert(new, replaces=A), insert(C)))
    assert rules(kernel) == {2041: A_WORDS}


def test_rules_that_were_only_added_stay(kernel_with):
    """They have taken nothing away, and a run that fails every time shall not drop them every time."""
    kernel = kernel_with(refuses=refused())
    error = failed(kernel, (insert(A), insert(B), insert(C)))
    assert rules(kernel) == {2041: A_WORDS, 2042: B_WORDS}
    assert error.why == f"the driver refused the flow rule {C_WORDS}"


def test_a_deletion_that_is_refused_brings_back_those_before_it(kernel_with):
    kernel = kernel_with(A, B, refuses={f"ethtool -N {NAME} delete 2042": errno.EBUSY})
    failed(kernel, (delete(A), delete(B)))
    assert rules(kernel) == {2041: A_WORDS, 2042: B_WORDS}


def test_another_purpose_is_left_as_it_is(kernel_with):
    kernel = kernel_with(A, B, refuses=refused())
    failed(kernel, (delete(A), delete(B), insert(C)), purposes=(0, 1, 1))
    assert rules(kernel) == {2042: B_WORDS}


def test_what_cannot_come_back_is_told_so_that_it_can_be_typed(kernel_with):
    kernel = kernel_with(A, refuses={f"ethtool -N {NAME} flow-type": errno.ENOSPC})
    error = failed(kernel, (delete(A), insert(C)))
    command = f"ethtool -N {NAME} flow-type tcp4 dst-ip 0.0.0.1 dst-port 80 action 1 loc 2041"
    assert error.lost == [command]
    no_space = (
        "[ENOSPC: No space left on device]. Remedy: the driver's table is full: remove rules that are not needed."
    )
    assert error.why == (
        f"the driver refused the flow rule {C_WORDS}; flow rule 2041 of {LABEL} is lost (cannot add flow rule "
        f"{A_WORDS} on {LABEL}: the driver refused the flow rule {A_WORDS} {no_space}): `{command}`"
    )


def test_of_many_the_first_are_told_and_all_are_listed(kernel_with):
    many = [rule(dst_ip=number, dst_port=80, cookie=1, location=number) for number in range(1, 6)]
    kernel = kernel_with(*many, refuses={f"ethtool -N {NAME} flow-type": errno.ENOSPC})
    error = failed(kernel, (*map(delete, many), insert(C)))
    assert (error.why.count(" is lost "), error.why.endswith("; and 2 more"), len(error.lost)) == (3, True, 5)


# A driver that picks locations itself: bnxt_ethtool.c bnxt_srxclsrlins answers EINVAL to any that is named.


def test_a_rule_comes_back_wherever_the_driver_puts_it(kernel_with):
    kernel = kernel_with(A.at(None), B.at(None), nic=BNXT, refuses=refused())
    assert kernel.ethtool.rules(NAME).driver_places
    with pytest.raises(KernelRefused):
        kernel.ethtool.insert_rule(NAME, A)
    (there,) = [each for each in kernel.ethtool.rules(NAME).rules if each.cookie == 1]
    error = failed(kernel, (delete(there, driver_places=True), insert(C.at(None))))
    assert sorted(rules(kernel).values()) == [A_WORDS, B_WORDS]
    assert error.why == (f"the driver refused the flow rule {C_WORDS}; flow rule 0 of {LABEL} is back: {A_WORDS}")


def test_a_rule_that_the_driver_has_placed_is_taken_out_from_there(kernel_with):
    kernel = kernel_with(A.at(None), nic=BNXT, refuses=refused())
    (there,) = kernel.ethtool.rules(NAME).rules
    failed(kernel, (delete(there, driver_places=True), insert(B.at(None)), insert(C.at(None))))
    assert list(rules(kernel).values()) == [A_WORDS]


# Tables and channels


def channels_plan(before):
    return (steps.SetRss(*NAMED, None, before=before), steps.SetChannels(*NAMED, 16, 2))


HELD = {f"ethtool -L {NAME} combined 2": errno.EBUSY}  # net/ethtool/channels.c: an AF_XDP socket has a queue


def test_a_table_comes_back_where_the_channels_are_refused(kernel_with):
    kernel = kernel_with(table=TABLE, refuses=HELD)
    error = failed(kernel, channels_plan(TABLE))
    assert (kernel.ethtool.rss(NAME).table, kernel.ethtool.channels(NAME).combined) == (TABLE, 16)
    assert error.why == f"the driver refused `ethtool -L {NAME} combined 2`; the RSS table of {LABEL} is back"


def test_the_driver_s_own_table_is_not_written_back_as_if_somebody_had_set_it(kernel_with):
    kernel = kernel_with(refuses=HELD)
    error = failed(kernel, channels_plan(None))
    assert error.why == f"the driver refused `ethtool -L {NAME} combined 2`"
    assert [order for order in kernel_writes(kernel) if "-X" in order] == [f"ethtool -X {NAME} default"]


def kernel_writes(kernel):
    return (kernel.sysfs.read("/sim/writes") or "").splitlines()


def test_a_table_that_does_not_come_back_is_told_as_it_is_typed(kernel_with):
    kernel = kernel_with(table=TABLE, refuses={**HELD, f"ethtool -X {NAME} 0:": errno.EINVAL})
    assert failed(kernel, channels_plan(TABLE)).lost == [f"ethtool -X {NAME} weight 43 43 42"]


# What another stage's step has dropped


def test_what_an_earlier_step_drops_comes_back_whatever_is_refused_after_it(kernel_with):
    """ixgbe: `ethtool -L` drops all rules and the table in silence (ixgbe_close, ixgbe_setup_reta)."""
    kernel = kernel_with(A, table=TABLE, refuses=refused())
    plan = (
        steps.SetChannels(*NAMED, 16, 4),
        insert(C),
        steps.SetRss(*NAMED, TABLE, again=True),
        insert(A, again=True),
    )
    error = failed(kernel, plan, purposes=(0, 1, 2, 3))
    assert (rules(kernel), kernel.ethtool.rss(NAME).table) == ({2041: A_WORDS}, TABLE)
    assert kernel.ethtool.channels(NAME).combined == 4, "asked for by itself"
    assert error.done[1:] == list(map(str, plan[2:]))


def test_what_was_not_dropped_yet_is_not_put_back(kernel_with):
    """The plan ends before the step that would have dropped it."""
    kernel = kernel_with(A, table=TABLE, refuses={f"ethtool -L {NAME}": errno.EBUSY})
    before = len(kernel_writes(kernel))
    plan = (steps.SetChannels(*NAMED, 16, 4), steps.SetRss(*NAMED, TABLE, again=True), insert(A, again=True))
    failed(kernel, plan, purposes=(0, 1, 2))
    assert (rules(kernel), kernel.ethtool.rss(NAME).table) == ({2041: A_WORDS}, TABLE)
    assert kernel_writes(kernel)[before:] == [f"ethtool -L {NAME} combined 4"]


def test_a_rule_for_which_another_was_to_come_is_back_as_well(kernel_with):
    kernel, new = kernel_with(A, B, refuses=refused()), rule(dst_ip=1, dst_port=80, cookie=3, location=2041)
    plan = (steps.SetChannels(*NAMED, 16, 4), insert(new, moved=A), insert(B, again=True))
    failed(kernel, plan, purposes=(0, 1, 1))
    assert rules(kernel) == {2041: A_WORDS, 2042: B_WORDS}


def test_a_table_for_which_another_was_to_come_is_back_as_well(kernel_with):
    kernel = kernel_with(table=TABLE, refuses={f"ethtool -X {NAME} 3:": errno.EINVAL})
    plan = (steps.SetChannels(*NAMED, 16, 4), steps.SetRss(*NAMED, (3,) * 128, before=TABLE))
    failed(kernel, plan, purposes=(0, 1))
    assert kernel.ethtool.rss(NAME).table == TABLE


def test_a_device_that_is_locked_is_written_nothing_more(kernel_with):
    kernel, error = kernel_with(), StillInKernel("the write did not end", device=LABEL, why="waited 5 s")
    assert give_back(kernel, error, [delete(A)], [insert(C)], LONG) == []
    command = f"ethtool -N {NAME} flow-type tcp4 dst-ip 0.0.0.1 dst-port 80 action 1 loc 2041"
    assert (error.lost, error.why) == ([command], f"waited 5 s; not put back: `{command}`")
    assert rules(kernel) == {}


def test_every_step_of_a_way_back_can_be_done():
    of_another_class = {xsk.PinProgram: xsk.Unpin, xsk.DetachXdp: xsk.AttachXdp}
    assert {of_another_class.get(kind, kind) for kind in WAYS_BACK} == set(PERFORMERS)
