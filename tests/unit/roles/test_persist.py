# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Role persist: its variables, and its runs after role provision on a simulated host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks
from ansible_collections.kernel_bypass.sriov.tests.unit.support.role_files import RoleFiles

ROOT = Path(host.__file__).resolve().parents[2]
ROLE = RoleFiles("persist")
VISIT, SAY = "Have at each boot", "Say what was done"
VARIABLES = {
    "provision_pfs": {"fast": {"pf": "enp1s0", "num_vfs": 2, "vfs": [{"vf": "all", "mac": "auto"}]}},
    "persist_managed_vfs": [{"pf": "enp1s0", "vf": 1}],
}


@pytest.fixture
def installed(tmp_path):
    playbooks.install(tmp_path)
    return tmp_path


def play(installed, *roles, check=False, **variables):
    book = [{"hosts": "all", "gather_facts": False, "roles": [f"kernel_bypass.sriov.{role}" for role in roles]}]
    (installed / "book.yml").write_text(json.dumps(book))
    members = {"here": {**playbooks.STAND_IN_HOST, **VARIABLES, **variables}}
    (installed / "hosts.yml").write_text(json.dumps({"all": {"hosts": members}}))
    more = ["--check"] if check else []
    return playbooks.run(installed, "playbook", "-i", "hosts.yml", "book.yml", *more)


def test_after_provision_it_is_installed_and_a_second_run_changes_nothing(installed):
    planned = play(installed, "provision", "persist", check=True)
    assert planned.code == 0, planned.output
    said = planned.of(SAY)["here"]["msg"]
    assert "as soon as these are done:" in said
    assert said[-1].startswith("boot unit: ") and said[-1].endswith("; would change 8")
    done = play(installed, "provision", "persist")
    assert done.code == 0, done.output
    result = done.of(VISIT)["here"]
    assert (result["generation"], result["steps"]) == (
        planned.of(VISIT)["here"]["generation"],
        planned.of(VISIT)["here"]["steps"],
    )
    rules = (installed / "tree/etc/udev/rules.d/60-kernel-bypass-sriov.rules").read_text()
    assert "0000:01:10.0" in rules and "0000:01:10.2" not in rules
    again = play(installed, "provision", "persist")
    assert (again.code, again.of(VISIT)["here"]["changed"]) == (0, False)
    assert again.of(SAY)["here"]["msg"] == [f"boot unit: {result['generation']}; unchanged"]


def test_alone_it_merges_by_itself_and_is_refused_where_nothing_is_provisioned(installed):
    ended = play(installed, "persist")
    assert ended.code == 2
    assert ended.told()["here"].startswith(
        "what runs at boot is not changed: this host is not as desired: to be done: "
    )


def test_what_no_host_can_meet_is_refused_with_its_place(installed):
    ended = play(installed, "persist", provision_pfs={"fast": {"pf": "enp1s0", "num_vfs": -1}})
    assert ended.code == 2
    assert "provision_pfs.fast.num_vfs" in ended.told()["here"]
    assert not (installed / "tree").exists()


def test_other_states_need_no_pfs(installed):
    play(installed, "provision", "persist")
    gone = play(installed, "persist", persist_state="absent", provision_pfs={})
    assert gone.code == 0, gone.output
    assert gone.of(SAY)["here"]["msg"][-1].startswith("boot unit: none; changed ")
    assert not (installed / "tree/usr/local/lib/kernel-bypass-sriov").exists()
    back = play(installed, "persist", persist_state="rollback", provision_pfs={})
    assert back.code == 2 and "there is no generation to go back to" in back.told()["here"]


def test_marks_come_before_the_vfs(installed):
    ended = play(installed, "persist", persist_state="marked")
    assert ended.code == 0, ended.output
    assert ended.of(SAY)["here"]["msg"][-1] == "boot unit: as it was; changed 2"
    assert (installed / "tree/etc/udev/rules.d/60-kernel-bypass-sriov.rules").exists()


@pytest.mark.parametrize("roles", [["persist"], ["provision", "persist"]])
def test_a_vf_for_a_network_manager_may_be_named_by_the_label_of_its_pf(installed, roles):
    managed = [{"pf": "fast", "vf": 1}]
    ended = play(installed, *roles, persist_state="marked", persist_managed_vfs=managed)
    assert ended.code == 0, ended.output
    rules = (installed / "tree/etc/udev/rules.d/60-kernel-bypass-sriov.rules").read_text()
    assert "0000:01:10.0" in rules and "0000:01:10.2" not in rules


def test_one_of_a_pf_that_is_not_there_is_told(installed):
    ended = play(installed, "persist", persist_managed_vfs=[{"pf": "fats", "vf": 1}])
    assert "managed_vfs[0].pf: 'fats' is none of pfs" in ended.told()["here"] and not ended.visits


def test_a_list_of_pfs_stands_by_itself(installed):
    ended = play(
        installed, "persist", persist_state="marked", persist_pfs=[{"pf": "enp1s0", "num_vfs": 1}], provision_pfs={}
    )
    assert ended.code == 0, ended.output


@pytest.mark.parametrize("state", ["present", "marked"])
def test_a_pf_that_goes_back_is_not_kept_and_is_told_where_that_is_written(installed, state):
    ended = play(installed, "persist", provision_pfs_host={"fast": {"as_before": True}}, persist_state=state)
    assert ended.told() == {
        "here": "provision_pfs_host.fast.as_before: such a state is not kept for a boot: a PF that is as it was before "
        "needs nothing at a boot. Remedy: run module boot_state with state: absent, or leave the PF out of pfs."
    }
    assert not ended.visits
    gone = play(installed, "persist", provision_pfs_host={"fast": {"as_before": True}}, persist_state="absent")
    assert gone.code == 0, gone.output
