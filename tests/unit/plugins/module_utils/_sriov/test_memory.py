# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs remember: through whole runs on the simulated kernel."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.converge import converge
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.files import Unreadable
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.journal import Journal
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kept.records import Records
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import Desired
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate
from ansible_collections.kernel_bypass.sriov.tests.unit.support import scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.models import (
    PF,
    desired_driver,
    desired_pf,
    desired_rules,
    desired_vfs,
)

TIMEOUT = 10
JOURNAL = f"/run/kernel-bypass-sriov/journal/{PF}.json"
RECORD = "/var/lib/kernel-bypass-sriov/before.json"
TWO = Desired((desired_pf("enp1s0", num_vfs=2, drivers_autoprobe=False),))
NONE = Desired((desired_pf("enp1s0", num_vfs=0),))


@pytest.fixture
def kernel(tmp_path):
    return simulate(tmp_path, hosts.host())


def kept(kernel, path):
    if not os.path.exists(kernel.sysfs.path(path)):
        return None
    with open(kernel.sysfs.path(path), encoding="utf-8") as file:
        return json.load(file)


def autoprobe(kernel):
    return kernel.sysfs.read(f"/sys/bus/pci/devices/{PF}/sriov_drivers_autoprobe")


def test_a_record_is_made_once_and_goes_with_the_last_of_our_changes(kernel):
    converge(kernel, TWO, TIMEOUT)
    first = kept(kernel, RECORD)
    assert (first["pfs"][PF]["num_vfs"], first["pfs"][PF]["drivers_autoprobe"]) == (0, True)
    converge(kernel, Desired((desired_pf("enp1s0", vfs=[desired_vfs("0", trust=True)]),)), TIMEOUT)
    assert kept(kernel, RECORD) == first
    assert autoprobe(kernel) == "0"
    converge(kernel, NONE, TIMEOUT)
    assert autoprobe(kernel) == "1"
    assert kept(kernel, RECORD) is None


def test_check_mode_and_a_run_without_steps_write_nothing(kernel):
    converge(kernel, TWO, TIMEOUT, check=True)
    converge(kernel, NONE, TIMEOUT)
    assert (kept(kernel, RECORD), kept(kernel, JOURNAL)) == (None, None)


@pytest.fixture
def busy(tmp_path):
    """A PF with a table and rules of somebody's."""
    state = scenes.PfState(
        "82599",
        hosts.Nic(**{**scenes.PLACES[0], **scenes.KINDS["82599"]}),
        weights=(3, 1),
        ntuple=True,
        rules=(scenes.a_rule(80, 1, 3),),
    )
    return scenes.start(str(tmp_path), scenes.HostState((state,), 8, True, None))


def test_the_ntuple_feature_goes_back_too_once_no_rule_is_left(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    rule = scenes.a_rule(80, 1 << 32, None)
    fed = Desired((desired_pf("enp1s0", num_vfs=1, rules=desired_rules(rule)),))
    converge(kernel, fed, TIMEOUT)
    assert kernel.ethtool.feature("enp1s0").on
    converge(kernel, NONE, TIMEOUT)
    assert (kernel.ethtool.feature("enp1s0").on, kept(kernel, RECORD)) == (False, None)
    assert converge(kernel, NONE, TIMEOUT).plan.steps == ()


def test_it_is_left_as_it_is_where_it_cannot_be_read(tmp_path, monkeypatch):
    """Nobody has asked for it: the VFs go all the same."""
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    converge(kernel, Desired((desired_pf("enp1s0", num_vfs=1, ntuple=True),)), TIMEOUT)

    def failing(name):
        kernel.ethtool.failed[f"the features of {name}"] = 5

    monkeypatch.setattr(kernel.ethtool, "feature", failing)
    plan = converge(kernel, NONE, TIMEOUT).plan
    assert kernel.pci.num_vfs(PF, TIMEOUT) == 0
    assert plan.warnings == (
        f"ntuple filters of enp1s0 ({PF}) were off before the first change, and are left as they are: the driver of "
        "enp1s0 did not tell its features [EIO: Input/output error]",
    )


def test_it_stays_for_the_rules_of_others(tmp_path):
    kernel = simulate(tmp_path, hosts.host(hosts.IXGBE))
    converge(kernel, Desired((desired_pf("enp1s0", num_vfs=1),)), TIMEOUT)
    kernel.ethtool.set_feature("enp1s0", "rx-ntuple-filter", True)
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(81, 1, 3))
    converge(kernel, NONE, TIMEOUT)
    assert kernel.ethtool.feature("enp1s0").on
    assert [each.location for each in kernel.ethtool.rules("enp1s0").rules] == [3]


def test_what_could_not_be_noted_in_the_end_is_a_warning(kernel, monkeypatch):
    """The VFs had gone, and it said that nothing was done."""
    converge(kernel, TWO, TIMEOUT)

    def refuse(*_given):
        raise KernelRefused(f"cannot write {RECORD}", errno=28)

    monkeypatch.setattr(Records, "write", refuse)
    ended = converge(kernel, NONE, TIMEOUT).plan
    assert len(ended.steps) == 2
    (warning,) = ended.warnings
    assert warning.startswith("all is as it should be, but what was noted on the way is left: cannot write")


def test_a_second_plan_is_noted_beside_the_first(busy, monkeypatch):
    """A driver has done more than it was told, and what mends it is a kill away from being done."""
    noted, write = [], Journal.write

    def keep(journal, taken):
        noted.append(taken)
        write(journal, taken)

    monkeypatch.setattr(Journal, "write", keep)
    insert, table = busy.ethtool.insert_rule, busy.ethtool.rss("enp1s0").table

    def turn_off(name, rule):
        monkeypatch.setattr(busy.ethtool, "insert_rule", insert)
        insert(name, rule)
        busy.ethtool.set_feature(name, "rx-ntuple-filter", False)
        busy.ethtool.set_rss(name, table)

    monkeypatch.setattr(busy.ethtool, "insert_rule", turn_off)
    wish = desired_pf("enp1s0", rules=desired_rules(scenes.a_rule(82, 1, None)), allow=["link_reset"])
    done = converge(busy, Desired((wish,)), TIMEOUT).plan
    assert "put back the RSS table" in " ".join(map(str, done.steps))
    assert [each.table for each in noted] == [table]
    assert (kept(busy, JOURNAL), busy.ethtool.rss("enp1s0").table) == (None, table)


def told(kernel):
    return kernel.ethtool.rules("enp1s0").rules, kernel.ethtool.rss("enp1s0").table.count(0)


def fails_to_put_back(kernel, monkeypatch):
    def refuse(*_given):
        raise KernelRefused("no", errno=12)

    with monkeypatch.context() as patch, pytest.raises(KernelRefused):
        patch.setattr(kernel.ethtool, "insert_rule", refuse)
        patch.setattr(kernel.ethtool, "set_rss", refuse)
        converge(kernel, TWO, TIMEOUT)


def test_what_a_run_could_not_put_back_the_next_one_does(busy, monkeypatch):
    before = told(busy)
    fails_to_put_back(busy, monkeypatch)
    assert told(busy) != before
    taken = kept(busy, JOURNAL)["taken"]
    assert [rule["location"] for rule in taken["rules"]] == [3]
    checked = converge(busy, TWO, TIMEOUT, check=True)
    assert kept(busy, JOURNAL), "check mode only tells"
    done = converge(busy, TWO, TIMEOUT)
    assert done.plan.steps == checked.plan.steps
    assert told(busy)[0] == before[0]
    assert kept(busy, JOURNAL) is None
    assert converge(busy, TWO, TIMEOUT).plan.steps == ()


def test_any_run_for_the_pf_does_it(busy, monkeypatch):
    before = told(busy)
    fails_to_put_back(busy, monkeypatch)
    converge(busy, Desired((desired_pf("enp1s0", vfs=[desired_driver("0", "none")]),)), TIMEOUT)
    assert told(busy)[0] == before[0]


def test_a_journal_of_nothing_that_is_missing_goes_too(busy, monkeypatch):
    before = told(busy)[0]
    fails_to_put_back(busy, monkeypatch)
    for rule in before:
        busy.ethtool.insert_rule("enp1s0", rule)
    converge(busy, TWO, TIMEOUT)
    assert kept(busy, JOURNAL) is None


def test_one_that_cannot_be_read_is_refused_by_name(busy, monkeypatch):
    fails_to_put_back(busy, monkeypatch)
    with open(busy.sysfs.path(JOURNAL), "w", encoding="utf-8") as file:
        file.write("{")
    for check in (True, False):
        with pytest.raises(Unreadable, match=f"cannot read {JOURNAL}: it is no JSON"):
            converge(busy, TWO, TIMEOUT, check)
