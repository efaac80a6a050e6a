# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option confirm in ansible-playbook: confirmed over a new connection, or not at all."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.kernel_bypass.sriov.plugins.action import host
from ansible_collections.kernel_bypass.sriov.tests.unit.support import playbooks

FILES = playbooks.FILES


@pytest.fixture(scope="module")
def playbook(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("playbook")
    (scratch / "link").mkdir()
    (scratch / "link" / "failures").write_text("0\n")
    playbooks.install(scratch)
    ended = playbooks.run(scratch, "playbook", "-i", str(FILES / "inventory.yml"), str(FILES / "confirm.yml"))
    assert ended.code == 0, ended.output
    return ended, scratch


@pytest.fixture(scope="module")
def results(playbook):
    return {each["task"]: each["result"] for each in playbook[0].results}


def test_what_was_done_is_confirmed_over_a_new_connection(results):
    result = results["Confirmed"]
    assert (result["changed"], result["confirmed"], result["pending"]) == (True, True, None)
    assert result["msg"].endswith("enp1s0: 1 VF, no driver 1, RSS 4; changed 3") or "changed" in result["msg"]


def test_only_what_was_done_is(results, playbook):
    assert (results["Unchanged"]["changed"], results["Unchanged"]["confirmed"]) == (False, False)
    assert (results["Check"]["changed"], results["Check"]["confirmed"]) == (True, False)
    resets = (playbook[1] / "link" / "resets").read_text().splitlines()
    # one for each of the first and the planned one, three for the one at the third try, and some for the last
    assert 2 + 3 + 2 <= len(resets) <= 2 + 3 + 6


def test_a_saved_plan_is_compared_with_before_it_waits_for_anything(results, playbook):
    planned, done, refused = (results[name] for name in ("Planned", "As planned", "Not as planned"))
    assert (planned["confirmed"], planned["pending"]) == (False, None)
    assert (done["changed"], done["confirmed"], done["pending"]) == (True, True, None)
    assert done["steps"] == planned["steps"]
    assert done["plan_file"] == planned["plan_file"] == str(playbook[1] / "link" / "plan.json")
    assert refused["failure"]["kind"] == "plan_changed" and "pending" not in refused


def test_a_job_in_the_background_cannot_be_confirmed(results):
    assert results["Async"]["msg"] == (
        "confirm goes without async only: the controller confirms when the run has ended, and does not see the end of "
        "a job. Remedy: leave out one of them."
    )


def test_too_short_a_time_is_refused_on_the_controller(results):
    assert results["Too short"]["msg"] == (
        "confirm: 9 s are too few for a run and a new connection. Remedy: give 10 or more."
    )


def test_a_link_that_comes_back_is_waited_for(results):
    result = results["Reached at the third try"]
    assert (result["changed"], result["confirmed"]) == (True, True)


def test_a_host_that_is_not_reached_goes_back(results, playbook):
    result = results["Never reached"]
    assert (result["changed"], result["confirmed"]) == (True, False)
    assert result["done"] == result["steps"] != []
    assert result["msg"] == (
        "what was done is not confirmed, and the host goes back to the state before it: Connection timed out "
        "(kernel-bypass-sriov-confirm.timer, 10 s after the first write). "
        "Remedy: look what the change does to the connection; give it more time (confirm)."
    )
    assert (playbook[1] / "tree" / "sim" / "timers" / "kernel-bypass-sriov-confirm").exists()
    assert (playbook[1] / "tree" / "run" / "kernel-bypass-sriov" / "confirm" / "pending.json").exists()


class Action(host.ActionModule):
    """Its module gives these answers, one after the other; the last of them again and again."""

    def __init__(self, *answers, check=False):
        self._task = SimpleNamespace(args={"confirm": 60}, check_mode=check)
        self.answers = list(answers)

    def _new_connection(self):
        """Nothing to be closed."""

    def _execute_module(self, module_args=None, **_words):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock(monkeypatch):
    """Only waiting takes time."""
    now = [0.0]
    monkeypatch.setattr(host.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(host.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


DONE = {"changed": True, "steps": ["a step"], "confirmed": False}
WAITING = {**DONE, "pending": {"name": "x", "unit": "unit.timer", "seconds": 60}}


def refused(kind):
    return {"failed": True, "msg": f"It is {kind}.", "failure": {"kind": kind}}


HINDRANCES = {
    "no answer": refused("no_answer"),
    "another run": refused("in_use"),
    "no module": {"failed": True, "module_stderr": "/bin/sh: python3: not found", "msg": "MODULE FAILURE"},
    "cut": AnsibleConnectionFailure("Connection timed out"),
    "no prompt": AnsibleError("Timeout (12s) waiting for privilege escalation prompt"),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_whatever_hinders_it_is_tried_again_until_the_time_is_over(clock, name):
    hindrance = HINDRANCES[name]
    result = Action(hindrance, hindrance, {"confirmed": True})._with_confirmation(WAITING, {}, 0.0)
    assert (result["confirmed"], result["pending"], result.get("failed")) == (True, None, None)
    result = Action(hindrance)._with_confirmation(WAITING, {}, clock[0])
    assert (result["failed"], result["changed"], result["done"]) == (True, True, ["a step"])
    assert clock[0] >= 58


def test_what_cannot_be_confirmed_any_more_is_not_tried_again(clock):
    result = Action(refused("not_reached"))._with_confirmation(WAITING, {}, 0.0)
    assert result["failed"] and "It is not_reached" in result["msg"] and clock[0] == 0.0


def test_it_is_never_green_where_it_is_neither_confirmed_nor_waits():
    for answer in ({**DONE, "pending": None}, {"changed": True}):
        result = Action()._with_confirmation(answer, {}, 0.0)
        assert (result["failed"], result["changed"], result["failure"]["kind"]) == (True, True, "not_reached")
        assert Action(check=True)._with_confirmation(answer, {}, 0.0) == answer
    unchanged = {**DONE, "pending": None, "changed": False}
    assert Action()._with_confirmation(unchanged, {}, 0.0) == unchanged
