# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of whole hosts: whatever the PFs, their state and the options, these hold on the simulated kernel."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.desired import desired_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.refusal import check_host_options
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.host import observe
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.modules import flow_rule, host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support import predictions, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from hypothesis import event, given
from hypothesis import strategies as st


def run(kernel, options, check=False):
    return run_module(host, kernel, check, **options)


def refused_on_the_controller(options):
    try:
        check_host_options(options)
    except SriovError:
        event("refused on the controller")
        return True
    return False


def test_any_request_on_any_host(roots):
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        root = roots()
        kernel = scenes.start(root, state)
        before, writes = snapshot(root), written(kernel)
        planned = run(kernel, options, check=True)
        assert snapshot(root) == before and written(kernel) == writes, "check mode writes nothing"
        done = run(kernel, options)
        assert done["failed"] == planned["failed"], (planned, done)
        assert done["failed"] or not refused_on_the_controller(options), "the controller knows no more than the module"
        if done["failed"]:
            event(done["failure"]["kind"])
            assert (done["msg"], done["done"], done["changed"]) == (planned["msg"], [], False)
            assert snapshot(root) == before and written(kernel) == writes, "a refusal writes nothing"
            return
        event(f"{min(len(done['steps']), 6)} steps or more")
        assert (planned["steps"], planned["changed"], planned["diff"]) == (
            done["steps"],
            done["changed"],
            done["diff"],
        )
        settled, writes = snapshot(root), written(kernel)
        again = run(kernel, options)
        assert (again["failed"], again["changed"], again["steps"]) == (False, False, [])
        assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
        assert snapshot(root) == settled and written(kernel) == writes, "the second run finds nothing to do"

    holds()


def look(kernel, options):
    """The desired host, located, and the host as it is."""
    return observe(kernel, desired_host(scenes.complete(host, options)), 30.0)


def test_after_a_plan_there_is_nothing_to_plan(roots):
    """Pure: the state that the plan predicts, never one that was read."""

    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        kernel = scenes.start(roots(), state)
        try:
            desired, before = look(kernel, options)
            steps = plan_host(before, desired).steps
        except SriovError as refused:
            event(refused.kind)
            return
        event(f"{min(len(steps), 6)} steps or more")
        assert plan_host(after_all(before, steps), desired).steps == ()

    holds()


def test_what_the_steps_lead_to_is_what_is_read_after_them(roots):
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        predictions.check_after(scenes.start(roots(), state), desired_host(scenes.complete(host, options)))

    holds()


def test_what_removing_rules_leads_to_is_what_is_read_after_it(roots):
    """What module host has no word for."""

    @given(scenes.hosts_with_state(1), scenes.rule_lists(3, 1))
    def holds(state, rules):
        without = [{word: rule[word] for word in rule if word not in ("queue", "vf", "drop")} for rule in rules[:1]]
        options = {"pf": state.pfs[0].nic.name, "rules": [*without, *rules[1:]], "state": "absent"}
        desired = flow_rule.desired(scenes.complete(flow_rule, options))
        predictions.check_after(scenes.start(roots(), state), desired)

    holds()


def rules_of(kernel, name):
    table = kernel.ethtool.rules(name)
    return set(table.rules) if table else set()


def test_what_is_not_named_is_not_touched(roots):
    """Other PFs, other VFs, and rules of others, when the options do not change how many VFs or channels there are."""

    @given(scenes.scenes(pfs=2, resizing=False))
    def holds(scene):
        state, options = scene
        root = roots()
        kernel = scenes.start(root, state)
        (entry,) = options["pfs"]
        untouched = scenes.paths_beside(state, entry)
        before = {path: value for path, value in snapshot(root).items() if path.startswith(untouched)}
        attributes, rules = kernel.link.vf_attributes(entry["pf"]), rules_of(kernel, entry["pf"])
        result = run(kernel, options)
        event("refused" if result["failed"] else f"{min(len(result['steps']), 6)} steps or more")
        assert {path: value for path, value in snapshot(root).items() if path.startswith(untouched)} == before
        named = scenes.vfs_named(entry)
        after = kernel.link.vf_attributes(entry["pf"])
        assert {index: after[index] for index in after if index not in named} == {
            index: attributes[index] for index in attributes if index not in named
        }
        flows = scenes.flows_named(entry)
        if not entry.get("exclusive_rules"):
            assert {rule for rule in rules if rule.flow not in flows} <= rules_of(kernel, entry["pf"])

    holds()


def test_a_plan_that_was_cut_off_is_finished_by_the_next_run(roots):
    @given(scenes.scenes(pfs=1), st.integers(1, 12))
    def holds(scene, number):
        state, options = scene
        kernel = scenes.start(roots(), state)
        try:
            desired, before = look(kernel, options)
            plan = plan_host(before, desired)
        except SriovError:
            return
        event(f"cut off after {min(number, len(plan.steps))} of {len(plan.steps)}")
        apply_steps(kernel, plan.steps[:number], 30.0)
        assert run(kernel, options)["failed"] is False
        assert run(kernel, options)["changed"] is False

    holds()
