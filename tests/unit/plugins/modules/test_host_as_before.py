# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module host with as_before: hosts that runs have changed are as they were before the first of them."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule, host, info, pci_driver, rss
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation import hosts
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import simulate, written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import DIRECTORY, build, snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support import as_before, campaign, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.killed import Host
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module, warned
from ansible_collections.kernel_bypass.sriov.tests.unit.support.two_pfs import FIRST, LABEL, ONE, SECOND, TWO, start

RECORD = "/var/lib/kernel-bypass-sriov/before.json"
BACK = {"pf": "enp1s0", "as_before": True}
BACK_2 = {"pf": "enp2s0", "as_before": True}
RULE = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 82, "queue": 2}


@pytest.fixture
def kernel(tmp_path):
    return start(tmp_path)


def run(kernel, *pfs, check=False, **options):
    return run_module(host, kernel, check, pfs=list(pfs), **options)


def seen(root):
    return campaign.seen(str(root))


def changes(root, before):
    return as_before.changes(str(root), before)


def record(kernel):
    path = kernel.sysfs.path(RECORD)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)["pfs"]


def write_record(kernel, records):
    with open(kernel.sysfs.path(RECORD), "w", encoding="utf-8") as file:
        json.dump({"schema": 1, "pfs": records}, file)


def test_what_one_plan_has_made_another_takes_back(tmp_path, kernel):
    before = seen(tmp_path)
    assert len(run(kernel, FIRST, SECOND)["steps"]) == 18
    state, writes = snapshot(tmp_path), written(kernel)
    planned = run(kernel, BACK, BACK_2, check=True)
    assert (snapshot(tmp_path), written(kernel)) == (state, writes)
    done = run(kernel, BACK, BACK_2)
    assert done["steps"] == [
        f"set sriov_drivers_autoprobe of {LABEL} to 1: new VFs are bound by the kernel",
        f"set sriov_numvfs of {LABEL} from 2 to 0: destroys VF 0 ({ONE.vf(0)}, vfio-pci), VF 1 ({ONE.vf(1)}, ixgbevf, "
        "enp1s0v1)",
        f"set sriov_numvfs of enp2s0 ({TWO.address}) from 1 to 0: destroys VF 0 ({TWO.vf(0)}, igbvf, enp2s0v0)",
        f"turn ntuple filters of {LABEL} off",
    ]
    assert (planned["steps"], planned["diff"]) == (done["steps"], done["diff"])
    assert (changes(tmp_path, before), record(kernel)) == ("", None)
    again = run(kernel, BACK, BACK_2)
    assert (again["changed"], again["steps"], warned(again)) == (False, [], [])


def test_a_pf_that_is_not_named_is_not_touched(tmp_path, kernel):
    run(kernel, FIRST, SECOND)
    other = seen(tmp_path)[1]
    done = run(kernel, BACK)
    assert seen(tmp_path)[1] == other and [*record(kernel)] == [TWO.address]
    assert warned(done) == [
        f"{TWO.address} is not as it was before this collection changed it first either: it is not named, and is left"
    ]


def test_vfs_that_somebody_made_by_hand_on_another_pf_stay(tmp_path, kernel):
    kernel.sysfs.write(f"/sys/bus/pci/devices/{TWO.address}/sriov_numvfs", "2")
    before = seen(tmp_path)
    run(kernel, FIRST)
    assert warned(run(kernel, BACK)) == []
    assert changes(tmp_path, before) == ""


def somebodys(**more):
    """An 82599 that has 2 VFs, a table and rules of somebody's, and an 82576 beside it."""
    attributes = ((0, "mac 02:00:00:00:bb:00"), (1, "mac 02:00:00:00:bb:01"), (1, "vlan 7 qos 2"))
    pf = campaign.somebodys("82599", **{"attributes": attributes, "vfio": True, **more})
    return scenes.HostState((pf, campaign.other()), 8, True, None)


CHANGES = {
    "fewer": {"num_vfs": 0},
    "more": {"num_vfs": 3, "vfs": [{"vf": "all", "vlan": 9, "trust": True}]},
    "another driver": {"vfs": [{"vf": 0, "driver": "default"}, {"vf": 1, "driver": "vfio-pci", "mode": "0660"}]},
    "other attributes": {"vfs": [{"vf": "all", "mac": "auto", "vlan": 0, "spoofchk": False, "max_tx_rate": 100}]},
    "other rules": {"rules": [RULE, {**RULE, "dst_port": 80, "queue": 3}], "exclusive_rules": True},
    "another table": {"rss": {"equal": 1}},
    "the driver's table": {"rss": {"default": True}},
    "no rules": {"ntuple": False, "exclusive_rules": True, "rules": []},
    "another hash": {"rss": {"hash_fields": {"udp4": "sdfn"}}},
    "other rings": {"rss": {"rings": {"rx": 256, "tx": 128}}},
}


@pytest.mark.parametrize("change", CHANGES)
def test_vfs_rules_and_tables_of_somebodys_are_as_they_were(tmp_path, change):
    kernel = scenes.start(str(tmp_path), somebodys())
    before = seen(tmp_path)
    entry = {"pf": "enp1s0", "allow": ["destroy_vfs", "in_use"], **CHANGES[change]}
    changed = run(kernel, entry)
    assert not changed["failed"] and seen(tmp_path) != before, changed.get("msg")
    done = run(kernel, BACK, allow=["in_use"])
    assert not done["failed"], done["msg"]
    assert changes(tmp_path, before) == ""
    assert record(kernel) is None
    assert run(kernel, BACK)["steps"] == []


@pytest.mark.parametrize("change", ["fewer", "more", "other rules"])
@pytest.mark.parametrize("first", [2**32, 2**33 + 1, 1], ids=["VF 0", "VF 1", "a queue"])
def test_several_rules_of_somebodys_for_one_flow_are_as_they_were(tmp_path, change, first):
    """The driver takes them, each at a place of its own."""
    rules = (scenes.a_rule(81, first, 9), scenes.a_rule(81, 2**64 - 1, 4), scenes.a_rule(80, 3, 7))
    kernel = scenes.start(str(tmp_path), somebodys(rules=rules))
    before = seen(tmp_path)
    entry = {"pf": "enp1s0", "allow": ["destroy_vfs", "in_use"], **CHANGES[change]}
    assert not run(kernel, entry)["failed"] and seen(tmp_path) != before
    done = run(kernel, BACK, allow=["in_use"])
    assert not done["failed"], done["msg"]
    assert changes(tmp_path, before) == ""
    assert run(kernel, BACK)["steps"] == []


@pytest.mark.parametrize("number", [1, 3])
def test_an_address_that_a_vf_s_driver_had_made_up_is_made_up_again(tmp_path, number):
    """Where VFs are made anew nobody keeps the one that this collection has given."""
    kernel = scenes.start(str(tmp_path), scenes.HostState((campaign.somebodys("82599", attributes=()),), 8, True, None))
    before = seen(tmp_path)
    assert before[0]["vfs"][0]["mac"] == before[0]["vfs"][0]["attributes"]["mac"]
    entry = {"pf": "enp1s0", "allow": ["destroy_vfs"], "num_vfs": number, "vfs": [{"vf": 0, "mac": "auto"}]}
    assert "06:0b:00:00:01:00" in str(run(kernel, entry)["steps"])
    done = run(kernel, BACK)
    assert (done["failed"], "06:0b" in str(done["steps"])) == (False, False)
    assert changes(tmp_path, before) == ""


def test_a_rule_that_was_moved_is_where_it_was(tmp_path):
    kernel = scenes.start(str(tmp_path), somebodys())
    before = seen(tmp_path)
    flow = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80}
    moved = run(kernel, {"pf": "enp1s0", "rules": [{**flow, "queue": 1, "location": 9}]})
    assert [step.partition(" of ")[0] for step in moved["steps"]] == ["delete flow rule 3", "add flow rule 9"]
    done = run(kernel, BACK)
    assert [step.partition(" of ")[0] for step in done["steps"]] == ["delete flow rule 9", "add flow rule 3"]
    assert changes(tmp_path, before) == ""


def test_a_table_that_was_set_by_hand_comes_back_over_other_channels(tmp_path):
    """With one channel it is that of the driver; with two again the driver makes another one."""
    pf = scenes.PfState("82576", campaign.nic("82576"), 1, autoprobe=False, channels=2, weights=(1,))
    kernel = scenes.start(str(tmp_path), scenes.HostState((pf,), 1, True, None))
    before = seen(tmp_path)
    assert not run(kernel, {"pf": "enp1s0", "allow": ["destroy_vfs"], "num_vfs": 0})["failed"]
    done = run(kernel, BACK)
    assert not done["failed"] and done["steps"][-1].startswith(f"set the RSS table of {LABEL}"), done
    assert changes(tmp_path, before) == ""


def test_a_table_that_was_set_by_hand_outlives_the_link_and_ntuple_filters(tmp_path):
    """Both reset the PF on the way back."""
    pf = scenes.PfState("82599", campaign.nic("82599"), 0, weights=(1,))
    kernel = scenes.start(str(tmp_path), scenes.HostState((pf,), 40, True, None))
    before = seen(tmp_path)
    rule = {"flow_type": "tcp4", "dst_ip": "192.168.254.30", "dst_port": 80, "queue": 15}
    assert not run(kernel, {"pf": "enp1s0", "allow": ["link_reset"], "up": False, "rules": [rule]})["failed"]
    done = run(kernel, {**BACK, "allow": ["link_reset"]})
    assert not done["failed"] and done["steps"][-1].startswith(f"set the RSS table of {LABEL}"), done
    assert changes(tmp_path, before) == ""


def test_several_runs_are_taken_back_by_one(tmp_path):
    kernel = scenes.start(str(tmp_path), somebodys())
    before = seen(tmp_path)
    for change in ("more", "other rules", "another hash", "another table", "other rings", "fewer"):
        entry = {"pf": "enp1s0", "allow": ["destroy_vfs", "in_use"], **CHANGES[change]}
        assert not run(kernel, entry)["failed"]
    run_module(flow_rule, kernel, pf="enp1s0", rules=[{**RULE, "dst_port": 83}])
    run_module(rss, kernel, pf="enp1s0", hash_fields={"tcp4": "sdfn", "udp6": "sdfn"})
    assert not run(kernel, BACK, allow=["in_use"])["failed"]
    assert changes(tmp_path, before) == ""


def test_a_driver_that_was_given_by_the_vf_s_address_is_taken_back_with_its_pf(tmp_path):
    kernel = scenes.start(str(tmp_path), somebodys())
    before = seen(tmp_path)
    run_module(pci_driver, kernel, devices=[ONE.vf(1)], driver="vfio-pci")
    assert seen(tmp_path) != before
    assert not run(kernel, BACK)["failed"]
    assert changes(tmp_path, before) == ""


def down(root, **more):
    nic = replace(hosts.IXGBE, up=False)
    return simulate(root, {**hosts.host(nic, cpus=16), **more})


def test_a_pf_that_was_down_is_down_again(tmp_path):
    kernel = down(tmp_path)
    before = seen(tmp_path)
    run(kernel, FIRST)
    assert run(kernel, BACK)["steps"][2] == "set enp1s0 down"
    assert changes(tmp_path, before) == ""


def test_it_stays_up_for_who_uses_it_by_now(tmp_path):
    kernel = down(tmp_path)
    run(kernel, FIRST)
    build(tmp_path, hosts.interface("enp1s0", 3, ONE.mac, up=True, addresses=["192.0.2.3"]))
    done = run(kernel, BACK)
    assert (done["failed"], done["pfs"][0]["up"], done["pfs"][0]["num_vfs"]) == (False, True, 0)
    assert warned(done)[:1] == [
        f"{LABEL} was down before this collection set it up, and stays up: enp1s0 has address 192.0.2.3/24"
    ]
    assert (record(kernel), run(kernel, BACK)["steps"]) == (None, [])


def test_rules_of_others_stay_and_ntuple_with_them(kernel):
    run(kernel, FIRST)
    run_module(flow_rule, kernel, pf="enp1s0", rules=[RULE])
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(99, 1, 7))
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(98, 1 << 32, 8))
    done = run(kernel, BACK)
    assert not done["failed"]
    assert [each.location for each in kernel.ethtool.rules("enp1s0").rules] == [7], "8 goes with its VF"
    assert kernel.ethtool.feature("enp1s0").on
    assert (record(kernel), run(kernel, BACK)["steps"]) == (None, [])


def test_a_rule_whose_place_another_has_by_now_comes_back_elsewhere(tmp_path):
    kernel = scenes.start(str(tmp_path), somebodys())
    run(kernel, {"pf": "enp1s0", "rules": [], "exclusive_rules": True})
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(99, 1, 3))
    assert not run(kernel, BACK)["failed"]
    found = {each.location: each.flow for each in kernel.ethtool.rules("enp1s0").rules}
    assert found[3] == scenes.a_rule(99, 1, 3).flow
    assert {*found.values()} == {scenes.a_rule(port, 1, 3).flow for port in (80, 81, 99)}


def test_what_is_in_use_is_refused_and_what_was_made_needs_no_other_consent(tmp_path, kernel):
    run(kernel, FIRST)
    group = kernel.sysfs.link_name(f"/sys/bus/pci/devices/{ONE.vf(0)}/iommu_group")
    build(tmp_path, hosts.process(4711, "testpmd", [f"/dev/vfio/{group}"]))
    state = snapshot(tmp_path)
    done = run(kernel, BACK, allow=["in_use"])
    assert (done["failed"], done["failure"]["kind"], snapshot(tmp_path)) == (True, "in_use", state)
    assert "process 4711 (testpmd)" in done["msg"]
    assert record(kernel)


def test_the_link_of_the_operator_goes_by_consent_alone(tmp_path):
    kernel = start(tmp_path)
    run(kernel, FIRST)
    build(tmp_path, hosts.ssh_from("198.51.100.7", "enp1s0"))
    refused = run(kernel, BACK)
    assert (refused["failed"], refused["failure"]["kind"]) == (True, "in_use")
    assert "link_reset" in refused["failure"]["remedy"]
    assert not run(kernel, BACK, allow=["link_reset"])["failed"]


def test_a_plan_of_it_can_be_reviewed_first(tmp_path, kernel):
    before = seen(tmp_path)
    run(kernel, FIRST)
    saved = run(kernel, BACK, check=True, plan_file="plan.json")["plan_file"]
    assert json.loads(saved)["desired"][ONE.address]["num_vfs"] == 0
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(99, 1, 7))
    other = run(kernel, BACK, plan_file=saved)
    assert other["failed"] and other["done"] == [] and "the plan is not the saved one" in other["msg"]
    kernel.ethtool.delete_rule("enp1s0", 7)
    assert not run(kernel, BACK, plan_file=saved)["failed"]
    assert changes(tmp_path, before) == ""


def test_where_vfs_go_there_is_no_way_back_from_it(tmp_path, kernel):
    build(tmp_path, {"run/systemd/system": DIRECTORY})
    run(kernel, FIRST)
    done = run(kernel, BACK, confirm=60)
    assert done["failed"] and "confirm: there is no way back" in done["msg"]
    assert record(kernel)


def test_several_cards_of_which_one_is_refused_stay_as_they_are(tmp_path, kernel):
    run(kernel, FIRST, SECOND)
    build(tmp_path, hosts.ssh_from("198.51.100.7", "enp2s0"))
    state = snapshot(tmp_path)
    done = run(kernel, BACK, BACK_2)
    assert (done["failed"], done["done"], snapshot(tmp_path)) == (True, [], state)


# --- Records ---


def test_a_pf_that_was_never_changed_is_left_as_it_is(tmp_path):
    kernel = start(tmp_path)
    state = seen(tmp_path)
    done = run(kernel, BACK)
    assert (done["failed"], done["steps"], warned(done), seen(tmp_path)) == (False, [], [], state)


def unknown(why, what):
    return [f"what {LABEL} was before this collection changed it first is not known ({why}): {what}"]


LEFT, TAKEN = "it is left as it is", "what the request says of it is taken away, and nothing else"
NOTHING_OF_IT, ANOTHER = f"{RECORD} has nothing of it", f"what {RECORD} has is of another card"


def test_without_a_record_vfs_stay_and_it_is_said(kernel):
    run(kernel, FIRST)
    os.unlink(kernel.sysfs.path(RECORD))
    done = run(kernel, BACK)
    assert (done["steps"], warned(done)) == ([], unknown(NOTHING_OF_IT, LEFT))


def test_without_a_record_what_is_named_is_taken_away(kernel):
    run(kernel, FIRST)
    os.unlink(kernel.sysfs.path(RECORD))
    kernel.ethtool.insert_rule("enp1s0", scenes.a_rule(99, 1, 7))
    done = run(kernel, {**FIRST, **BACK})
    assert (done["failed"], warned(done)) == (False, unknown(NOTHING_OF_IT, TAKEN))
    assert done["pfs"][0]["num_vfs"] == 0
    assert [each["location"] for each in done["pfs"][0]["rules"]] == [7]
    assert done["diff"]["after"][ONE.address]["rss_table"] == "equal 16"
    again = run(kernel, {**FIRST, **BACK})
    assert (again["failed"], again["changed"]) == (False, False)


def test_with_a_record_what_is_named_beside_it_does_not_count(tmp_path, kernel):
    before = seen(tmp_path)
    run(kernel, FIRST)
    done = run(kernel, {**FIRST, **BACK, "num_vfs": 7, "min_rss_queues": 16, "up": False, "drivers_autoprobe": False})
    assert (done["failed"], changes(tmp_path, before)) == (False, "")


def test_a_record_of_another_card_is_none(kernel):
    run(kernel, FIRST)
    mine = record(kernel)[ONE.address]
    write_record(kernel, {ONE.address: {**mine, "perm_mac": "02:00:00:00:09:09"}})
    done = run(kernel, BACK)
    assert (done["failed"], done["steps"], warned(done)) == (False, [], unknown(ANOTHER, LEFT))


def test_a_record_that_may_be_of_another_card_is_refused_with_all_else(kernel):
    run(kernel, FIRST, SECOND)
    both = record(kernel)
    write_record(kernel, {**both, ONE.address: {**both[ONE.address], "perm_mac": None}})
    done = run(kernel, BACK, {**BACK_2, "pf": "enp9s9"})
    assert (done["failed"], done["done"]) == (True, [])
    kinds = sorted(each["kind"] for each in done["failures"])
    assert kinds == ["not_found", "not_known"]
    assert "pfs[0].as_before: cannot tell what it was on enp1s0 (0000:01:00.0): whether what" in done["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_a_record_that_cannot_be_read_is_not_absent(kernel, check):
    run(kernel, FIRST)
    with open(kernel.sysfs.path(RECORD), "w", encoding="utf-8") as file:
        file.write("{")
    done = run(kernel, BACK, check=check)
    assert (done["failed"], done["failure"]["kind"], done["done"]) == (True, "unreadable", [])
    assert f"cannot read {RECORD}: it is no JSON" in done["msg"]
    looked = run_module(info, kernel)
    assert looked["pfs"][0]["before"] is None
    assert [text for text in warned(looked) if f"cannot read {RECORD}" in text]


def test_info_shows_what_a_pf_was(tmp_path):
    kernel = scenes.start(str(tmp_path), somebodys())
    assert [pf["before"] for pf in run_module(info, kernel)["pfs"]] == [None, None]
    run(kernel, {"pf": "enp1s0", "num_vfs": 0, "rules": [RULE], "allow": ["destroy_vfs", "in_use"]})
    found = run_module(info, kernel)["pfs"][0]["before"]
    assert {word: found[word] for word in ("num_vfs", "drivers_autoprobe", "up", "ntuple")} == {
        **{"num_vfs": 2, "drivers_autoprobe": True},
        **{"up": None, "ntuple": True},
    }
    assert [text.partition(":")[0] for text in found["rules"]] == ["3", "5"]
    assert found["added_rules"] == ["tcp4 dst-ip 192.168.254.30 dst-port 82 to queue 2"]
    assert [(vf["vf"], vf["mac"], vf["vlan"], vf["driver"]) for vf in found["vfs"]] == [
        (0, "02:00:00:00:bb:00", 0, "vfio-pci"),
        (1, "02:00:00:00:bb:01", 7, "ixgbevf"),
    ]
    assert found["vfs"][0]["mode"] == "0600"


# --- Runs that end early ---


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("words", ["sriov_numvfs 0", "sriov_numvfs 2", "vfio-pci/bind", "-batch", "ioctl enp1s0 0x32"])
def test_one_that_is_killed_is_finished_by_the_next(tmp_path, words, after):
    scenes.start(str(tmp_path), somebodys())
    before = seen(tmp_path)
    mine = Host(tmp_path)
    entry = {"pf": "enp1s0", "allow": ["destroy_vfs", "in_use"], **CHANGES["more"], "rules": [RULE]}
    assert not mine.run(pfs=[entry])["failed"]
    mine.killed(words, after=after, pfs=[BACK], allow=["in_use"])
    done = mine.run(pfs=[BACK], allow=["in_use"])
    assert not done["failed"], done["msg"]
    assert changes(tmp_path, before) == ""
    assert mine.journal() is None and record(mine.kernel) is None


def test_a_run_that_was_killed_is_taken_back_with_what_it_had_taken(tmp_path):
    """What it owes to VFs was ours in part, and that is nothing that anybody wants back."""
    scenes.start(str(tmp_path), somebodys())
    before = seen(tmp_path)
    mine = Host(tmp_path)
    allow = ["destroy_vfs", "in_use"]
    mine.run(pfs=[{"pf": "enp1s0", "allow": allow, **CHANGES["other attributes"], "rules": [RULE]}])
    mine.killed("sriov_numvfs 0", pfs=[{"pf": "enp1s0", "allow": allow, "num_vfs": 3}])
    assert mine.journal()
    assert not mine.run(pfs=[BACK], allow=["in_use"])["failed"]
    assert changes(tmp_path, before) == ""
    assert mine.journal() is None and record(mine.kernel) is None


def test_a_table_of_the_kernel_s_that_new_vfs_do_not_have_comes_back(tmp_path):
    """igb makes blocks of a pool's queues beside new VFs, also where one CPU has the PF use one of them."""
    state = scenes.PfState("82576", campaign.nic("82576"), num_vfs=1, weights=(1,))
    kernel = scenes.start(str(tmp_path), scenes.HostState((state,), 1, True, None))
    before = seen(tmp_path)
    run(kernel, {"pf": "enp1s0", "num_vfs": 0})
    assert not run(kernel, BACK)["failed"]
    assert changes(tmp_path, before) == ""
