# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action plugin host in ansible-playbook: one run for all of it, with a simulated kernel for the remote side.

Where the playbook wants a task to fail, `failed_when` has made it "ok" in the end.
"""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

FILES = playbooks.FILES
LABEL = "enp1s0 (0000:01:00.0)"
MORE = "the PF has 2 VFs. Remedy: ask for more (num_vfs: 3), or name VFs 0 to 1."
TOO_MANY = f"pfs[0].vfs[0].vf: 0-2 names VF 2 on enp1s0: {MORE}"
STEPS = [
    f"set sriov_drivers_autoprobe of {LABEL} to 0: new VFs stay without a driver",
    f"set sriov_numvfs of {LABEL} from 0 to 2",
    f"wait until all 2 VFs of {LABEL} are there",
    f"set VF 0 of {LABEL}: mac 06:0b:00:00:01:00",
    f"set VF 1 of {LABEL}: mac 06:0b:01:00:01:00",
    "load kernel module vfio-pci",
    "bind 0000:01:10.0 (VF 0 of 0000:01:00.0) to vfio-pci (now no driver)",
]
HOST = "enp1s0: 2 VFs, vfio-pci 1, no driver 1, RSS 4"


@pytest.fixture(scope="module")
def playbook(tmp_path_factory):
    """What the run has printed, each result as a callback gets it, and where it had its files on the hosts."""
    scratch = tmp_path_factory.mktemp("playbook")
    playbooks.install(scratch)
    ended = playbooks.run(scratch, "playbook", "-i", str(FILES / "inventory.yml"), str(FILES / "tasks.yml"))
    assert ended.code == 0, ended.output
    return ended.output, ended.results, scratch / "remote"


@pytest.fixture(scope="module")
def results(playbook):
    """Kind and result of each run of a task, by its name."""
    found = {}
    for each in playbook[1]:
        found.setdefault(each["task"].split(" : ")[-1], []).append((each["kind"], each["result"]))
    return found


def only(results, task):
    (found,) = results[task]
    return found


@pytest.mark.parametrize("task", ["Refused", "Refused async"])
def test_what_no_host_can_meet_is_refused_without_asking_one(results, task):
    kind, result = only(results, task)
    assert (kind, result["msg"], result["changed"], result["done"]) == ("ok", TOO_MANY, False, [])
    assert (result["failure"]["kind"], result["failure"]["device"]) == ("invalid", "enp1s0")
    assert "ansible_job_id" not in result


def test_the_spec_of_the_module_is_that_of_the_controller(results):
    kind, result = only(results, "Of another kind")
    assert kind == "ok" and result["failure"]["kind"] == "invalid"
    assert result["msg"] == "pfs[0].numvfs: unknown, did you mean num_vfs?"


def test_what_may_be_met_is_asked_of_the_host(results):
    assert only(results, "Not refused")[0] == "unreachable"


def test_it_goes_where_it_is_delegated_to(results):
    kind, result = only(results, "Delegated")
    assert kind == "ok" and result["msg"].endswith("enp1s0: 1 VF, ixgbevf 1, RSS 4; would change 2")
    assert result["_ansible_delegated_vars"]["ansible_host"] == "here"


def test_check_mode_says_what_would_be_done_in_the_same_words(results):
    (_kind, planned), (_kind, done) = only(results, "Check"), only(results, "Change")
    assert planned["steps"] == done["steps"] == STEPS
    assert planned["msg"].splitlines() == [*STEPS, f"{HOST}; would change 7"]
    assert done["msg"].splitlines() == [*STEPS, f"{HOST}; changed 7"]
    assert planned["changed"] and done["changed"] and planned["diff"] == done["diff"]


def test_the_diff_is_shown(playbook):
    printed = playbook[0][playbook[0].index("TASK [Change]") : playbook[0].index("TASK [Again]")]
    assert "--- before" in printed and '"num_vfs": 2' in printed


def test_a_host_that_is_as_desired_is_one_line(results):
    kind, result = only(results, "Again")
    assert (kind, result["changed"], result["msg"], result["steps"]) == ("ok", False, f"{HOST}; unchanged", [])


def test_defaults_of_the_action_group_hold(results):
    assert only(results, "Change")[1]["invocation"]["module_args"]["timeout"] == 77


def test_each_item_of_a_loop_is_a_run(results):
    *items, (_kind, whole) = results["Loop"]
    assert [kind for kind, _result in items] == ["item"] * 3
    said = [result["msg"].splitlines()[-1] for _kind, result in items]
    assert said[:2] == [
        "enp1s0: 2 VFs, ixgbevf 1, no driver 1, RSS 4; changed 1",
        "enp1s0: 2 VFs, ixgbevf 2, RSS 4; changed 1",
    ]
    assert said[2] == f"pfs[0].vfs[0].vf: 2 names VF 2 on {LABEL}: {MORE}" and whole["changed"]


def test_a_job_in_the_background_gives_the_result_of_the_module(results):
    kind, result = only(results, "Async")
    assert (kind, result["changed"], len(result["steps"])) == ("ok", True, 1)
    assert result["finished"] and "msg" not in result


def test_a_refusal_of_the_host_stays_as_it_is(results):
    kind, result = only(results, "Refused by the module")
    assert kind == "ok" and result["failure"]["kind"] == "would_destroy" and result["done"] == []
    assert result["msg"].startswith(f"num_vfs: cannot go from 2 to 3 VFs on {LABEL}")


def test_the_role_is_one_visit_and_its_words(results):
    (_kind, first), (_kind, second) = results["Bring the PFs to what is asked, in one plan"]
    assert (first["changed"], second["changed"]) == (True, False)
    said = [result["msg"] for _kind, result in results["Say what was done, or would be in check mode"]]
    end = "enp1s0: 4 VFs, no driver 2, vfio-pci 1, ixgbevf 1, RSS 4"  # those that were there have theirs again
    (allowed,) = first["allowed"]
    assert said == [
        [f"allowed: {allowed}", *first["steps"], f"{end}; changed {len(first['steps'])}"],
        [f"{end}; unchanged"],
    ]
    assert len(first["steps"]) > 2
    assert only(results, "Its result")[1]["msg"] == 4


def test_no_files_are_left_behind(playbook):
    deadline = time.monotonic() + 10  # the job in the background removes its own, and may be about to
    while list(playbook[2].iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(playbook[2].iterdir()) == []


def test_nothing_is_said_beside_the_callbacks(playbook):
    printed = playbook[0]
    outside = printed[printed.index("TASK [Again]") : printed.index("TASK [Loop]")]
    assert outside.splitlines()[1:] == ["ok: [here]", ""]
