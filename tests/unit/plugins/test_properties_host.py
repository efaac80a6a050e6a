# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of whole hosts: whatever the PFs, their state and the options, these hold on the simulated kernel."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.consent import CONSENTS
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.after import after_all
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.kernel import written
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.tree import snapshot
from ansible_collections.kernel_bypass.sriov.tests.unit.support import predictions, scenes
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from hypothesis import event, given
from hypothesis import strategies as st

COMPARED = ("steps", "changed", "diff", "allowed")


def run(kernel, options, check=False):
    return run_module(host, kernel, check, **options)


def is_part_of(part, whole):
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(is_part_of(value, whole.get(word)) for word, value in part.items())
    return part == whole


def told_by_the_controller(options):
    """What is refused before a host is asked; None if nothing is."""
    try:
        desired_state(MODULES["host"], options)
    except SriovError as error:
        event("refused on the controller")
        return str(error)
    return None


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
        told = told_by_the_controller(options)
        assert told in (None, done.get("msg")), "the module says what the controller says"
        if done["failed"]:
            event(done["failure"]["kind"])
            event(f"{min(len(done.get('failures', [1])), 4)} refusals or more")
            assert (done["msg"], done["done"], done["changed"]) == (planned["msg"], [], False)
            assert done.get("failures") == planned.get("failures")
            assert snapshot(root) == before and written(kernel) == writes, "a refusal writes nothing"
            return
        event(f"{min(len(done['steps']), 6)} steps or more")
        assert {word: planned[word] for word in COMPARED} == {word: done[word] for word in COMPARED}
        settled, writes = snapshot(root), written(kernel)
        again = run(kernel, options)
        assert (again["failed"], again["changed"], again["steps"], again["allowed"]) == (False, False, [], [])
        assert again["diff"]["before"] == again["diff"]["after"]
        assert is_part_of(again["diff"]["after"], done["diff"]["after"]), "which also has what VFs have kept"
        assert snapshot(root) == settled and written(kernel) == writes, "the second run finds nothing to do"

    holds()


def test_a_vf_has_what_the_last_entry_that_names_it_says(roots):
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        kernel = scenes.start(roots(), state)
        result = run(kernel, options)
        event("refused" if result["failed"] else f"{min(len(result['steps']), 6)} steps or more")
        if result["failed"]:
            return
        for entry, pf in zip(options["pfs"], result["pfs"]):
            for vf in pf["vfs"]:
                said = scenes.words_said(entry, vf["vf"])
                assert {word: value for word, value in has(vf, pf, said).items() if value != said[word]} == {}

    holds()


def has(vf, pf, said):
    """What a VF has of the words that are said of it, as they are said."""
    found = {**vf, **{word: value for word, value in vf["attributes"].items() if value is not None}}
    usual = {"min_tx_rate": 0, "max_tx_rate": 0, "link_state": "auto", "query_rss": False, "vlan_proto": "802.1Q"}
    found = {**usual, **found}
    if "mac" in said:
        made = f"06:0b:{vf['vf']:02x}:00:01:{pf['mac'][-2:]}"
        bare = "".join(character for character in said["mac"].lower() if character in "0123456789abcdef")
        spelled = ":".join(bare[at : at + 2] for at in range(0, 12, 2))
        found["mac"] = said["mac"] if found["mac"] == (made if said["mac"] == "auto" else spelled) else found["mac"]
    if said.get("driver") in ("default", "none"):
        wanted = vf["default_driver"] if said["driver"] == "default" else None
        found["driver"] = said["driver"] if vf["driver"] == wanted else vf["driver"]
    return {word: found[word] for word in said}


def plan_with(allow, before, desired):
    """The plan where so much is allowed."""
    return plan_host(before, desired._replace(pfs=tuple(pf._replace(allow=frozenset(allow)) for pf in desired.pfs)))


def test_a_consent_that_is_used_is_needed_and_those_that_are_needed_are_told_at_once(roots):
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        try:
            desired, before = predictions.look(scenes.start(roots(), state), "host", options)
            plan = plan_with(CONSENTS, before, desired)
        except SriovError as refused:
            assert all(each.consent == "" for each in refused.each()), "all that can be was allowed"
            event(refused.kind)
            return
        used = {words.split()[0] for words in plan.allowed}
        event(f"used: {', '.join(sorted(used)) or 'none'}")
        assert plan_with(used, before, desired) == plan
        for without in used and [used, *({word} for word in used)]:
            with pytest.raises(SriovError) as refused:
                plan_with(used - without, before, desired)
            assert {each.consent for each in refused.value.each()} == without

    holds()


def test_an_open_vfio_node_keeps_its_vf_and_its_driver_whatever_is_allowed(roots):
    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        pfs = [pf._replace(num_vfs=pf.num_vfs or 1, vfio=True, held=True) for pf in state.pfs]
        kernel = scenes.start(roots(), state._replace(pfs=tuple(pfs), iommu=True))
        paths = [f"/sys/bus/pci/devices/{pf.nic.vf(0)}" for pf in pfs]
        before = [(kernel.sysfs.inode(path), kernel.sysfs.link_name(f"{path}/driver")) for path in paths]
        assert {driver for _inode, driver in before} == {"vfio-pci"}
        result = run(kernel, {**options, "allow": list(CONSENTS)})
        event("refused" if result["failed"] else f"{min(len(result['steps']), 6)} steps or more")
        assert not result["failed"] or result["done"] == []
        assert [(kernel.sysfs.inode(path), kernel.sysfs.link_name(f"{path}/driver")) for path in paths] == before

    holds()


def test_after_a_plan_there_is_nothing_to_plan(roots):
    """Pure: the state that the plan predicts, never one that was read."""

    @given(scenes.scenes())
    def holds(scene):
        state, options = scene
        try:
            desired, before = predictions.look(scenes.start(roots(), state), "host", options)
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
        predictions.check_after(scenes.start(roots(), state), "host", options)

    holds()


def test_what_removing_rules_leads_to_is_what_is_read_after_it(roots):
    """What module host has no word for."""

    @given(scenes.hosts_with_state(1), scenes.rule_lists(3, 1))
    def holds(state, rules):
        without = [{word: rule[word] for word in rule if word not in ("queue", "vf", "drop")} for rule in rules[:1]]
        options = {"pf": state.pfs[0].nic.name, "rules": [*without, *rules[1:]], "state": "absent"}
        predictions.check_after(scenes.start(roots(), state), "flow_rule", options)

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
        for index in named & set(after):
            said = scenes.words_said(entry, index)
            said = {*said, *(["mac"] if "driver" in said else [])}  # a VF driver makes itself one where there is none
            unsaid = [word for word in after[index].words() if word not in said]
            # VLAN and priority, and both rates, are written together: each as it was.
            assert {word: getattr(after[index], word) for word in unsaid} == {
                word: getattr(attributes[index], word) for word in unsaid
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
            desired, before = predictions.look(kernel, "host", options)
            plan = plan_host(before, desired)
        except SriovError:
            return
        event(f"cut off after {min(number, len(plan.steps))} of {len(plan.steps)}")
        apply_steps(kernel, plan.steps[:number], Deadline(30))
        assert run(kernel, options)["failed"] is False
        assert run(kernel, options)["changed"] is False

    holds()
