# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Facts of a host as they are saved: all that a plan rests on, and nothing that differs between two looks."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.plan_file import as_text
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.flow import FlowRule
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.host import Host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.saved_plan import (
    MOST,
    PlanChanged,
    check_same,
    facts,
    saved_plan,
    wish,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support import predictions, scenes
from hypothesis import assume, event, given
from hypothesis import strategies as st

PF = "0000:01:00.0"
AGAIN = "\nRemedy: run it in check mode (--check), and review the plan that this writes."
SAME = {
    "schema": 1,
    "desired": {PF: {"num_vfs": 4, "vfs": [{"vf": "all", "mac": "auto"}]}},
    "facts": {
        PF: {
            "num_vfs": 2,
            "device": {"netdevs": {"enp1s0": {"up": True}}, "holders": ["address: enp1s0 has address 192.0.2.3/24"]},
            "queues": {"rules": {"rules": ["3: tcp4 dst-port 80 drop", "5: tcp4 dst-port 81 drop"]}},
            "vfs": {"1": {"driver": "igbvf"}, "10": {"driver": "igbvf"}, "2": {}},
        }
    },
    "steps": ["set sriov_numvfs of enp1s0 from 2 to 4", "bind it"],
}


def changed(value, path, to):
    """A copy with something else at a path; None takes it away."""
    if not path:
        return to
    step, *rest = path
    if isinstance(value, list):
        return [changed(each, rest, to) if number == step else each for number, each in enumerate(value)]
    found = {**value, step: changed(value.get(step), rest, to)}
    return {name: each for name, each in found.items() if each is not None}


@pytest.mark.parametrize(
    ("path", "to", "line"),
    [
        (["facts", PF, "vfs", "1", "driver"], "vfio-pci", f"facts: {PF}.vfs.1.driver was igbvf, is vfio-pci"),
        (["facts", PF, "vfs", "1", "driver"], None, f"facts: {PF}.vfs.1.driver was igbvf, is none"),
        (["facts", PF, "vfs", "1", "vfio"], True, f"facts: {PF}.vfs.1.vfio was false, is true"),
        (["facts", PF, "device", "answers"], False, f"facts: {PF}.device.answers was true, is false"),
        (["facts", PF, "device", "netdevs", "enp1s0", "up"], 1, f"facts: {PF}.device.netdevs.enp1s0.up was true, is 1"),
        (["facts", PF, "num_vfs"], 0, f"facts: {PF}.num_vfs was 2, is 0"),
        (["facts", PF, "vfs", "2"], None, f"facts: {PF}.vfs.2 is gone"),
        (["facts", PF, "vfs", "3"], {"driver": "igbvf"}, f"facts: {PF}.vfs.3 is new"),
        (["facts", PF, "vfs"], "unknown", f"facts: {PF}.vfs has changed"),
        (["facts", PF, "device", "holders"], None, "facts: {}.device.holders: no longer: address: enp1s0 has {}"),
        (["facts", PF, "device", "claims"], ["web1"], f"facts: {PF}.device.claims: new: web1"),
        (
            ["facts", PF, "queues", "rules", "rules", 1],
            "5: tcp4 dst-port 82 drop",
            f"facts: {PF}.queues.rules.rules: no longer: 5: tcp4 dst-port 81 drop\n"
            f"- facts: {PF}.queues.rules.rules: new: 5: tcp4 dst-port 82 drop",
        ),
        (["desired", PF, "num_vfs"], 5, f"desired: {PF}.num_vfs was 4, is 5"),
        (
            ["desired", PF, "vfs", 0, "mac"],
            "02:00:00:00:00:01",
            "desired: {}.vfs[0].mac was auto, is 02:00:00:00:00:01",
        ),
        (
            ["desired", PF, "vfs"],
            [{"vf": "all", "mac": "auto"}, {"vf": "0", "vlan": 7}],
            f"desired: {PF}.vfs[1] is new",
        ),
        (["steps", 1], "bind another", "steps: no longer: bind it\n- steps: new: bind another"),
        (["steps"], ["bind it", SAME["steps"][0]], "steps: the same in another order or number"),
        (["steps"], [*SAME["steps"], "bind it"], "steps: the same in another order or number"),
    ],
)
def test_what_has_changed_is_told_a_line_each(path, to, line):
    check_same(SAME, changed(SAME, [], SAME))
    with pytest.raises(PlanChanged) as refused:
        check_same(SAME, changed(SAME, path, to))
    told = line.format(PF, "address 192.0.2.3/24")
    assert str(refused.value) == f"plan_file: the plan is not the saved one:\n- {told}{AGAIN}"
    assert refused.value.details()["kind"] == "plan_changed"


def test_parts_that_differ_are_all_told_in_the_order_of_their_numbers():
    now = SAME
    for vf in ("2", "10", "1"):
        now = changed(now, ["facts", PF, "vfs", vf, "driver"], "vfio-pci")
    with pytest.raises(PlanChanged) as refused:
        check_same(SAME, changed(now, ["steps", 1], None))
    lines = [f"facts: {PF}.vfs.{vf}.driver was {was}, is vfio-pci" for vf, was in (("1", "igbvf"), ("2", "none"))]
    lines += [f"facts: {PF}.vfs.10.driver was igbvf, is vfio-pci", "steps: no longer: bind it", "steps: new: None"]
    assert refused.value.why.splitlines() == lines


def test_a_host_that_is_quite_another_is_told_in_part():
    with pytest.raises(PlanChanged) as refused:
        check_same({**SAME, "steps": [*map(str, range(MOST + 7))]}, {**SAME, "steps": []})
    lines = refused.value.why.splitlines()
    assert (len(lines), lines[-1]) == (MOST + 1, "and 7 more")


# --- Properties ---


def look(root, scene):
    """The wish and the host, of a scene that can be planned; None of another."""
    try:
        desired, before = predictions.look(scenes.start(root, scene[0]), "host", scene[1])
        return desired, before, plan_host(before, desired).steps
    except SriovError as refused:
        event(refused.kind)
        return None


def test_one_host_looked_at_twice_is_one_text(roots):
    @given(scenes.scenes())
    def holds(scene):
        one, other = look(roots(), scene), look(roots(), scene)
        if one:
            event("planned")
            assert as_text(saved_plan(*one)) == as_text(saved_plan(*other))
            check_same(saved_plan(*one), saved_plan(*other))

    holds()


def test_other_words_for_a_wish_are_the_same_wish(roots):
    @given(scenes.scenes())
    def holds(scene):
        found = look(roots(), scene)
        assume(found)
        desired = found[0]
        elsewhere = [
            pf._replace(place="x", vfs=tuple(each._replace(name="y") for each in pf.vfs)) for pf in desired.pfs
        ]
        assert wish(desired._replace(pfs=tuple(elsewhere))) == wish(desired)

    holds()


def children(value):
    """What a value of the model is made of: how each is called, and how a value with another in its place is made."""
    if isinstance(value, frozenset):
        return [(each, each, lambda new, each=each: value - {each} | {new}) for each in sorted(value)]
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return [
            (name, getattr(value, name), lambda new, name=name: dataclasses.replace(value, **{name: new}))
            for name in names
        ]
    if hasattr(value, "_fields"):
        names = value._fields
        return [(name, getattr(value, name), lambda new, name=name: value._replace(**{name: new})) for name in names]
    if isinstance(value, dict):
        return [(key, each, lambda new, key=key: {**value, key: new}) for key, each in value.items()]
    if isinstance(value, tuple):
        return [(str(n), each, lambda new, n=n: (*value[:n], new, *value[n + 1 :])) for n, each in enumerate(value)]
    return None


def leaves(value, path=()):
    """Every single value, with the path to it and what makes the whole with another in its place."""
    inside = children(value)
    if inside is None:
        yield path, value, lambda new: new
    for name, each, put in inside or ():
        for found, leaf, make in leaves(each, (*path, name)):
            yield found, leaf, lambda new, put=put, make=make: put(make(new))


def another(value):
    if isinstance(value, bool):
        return not value
    return value ^ 1 if isinstance(value, int) else f"{value or ''}x"


VOLATILE = ("ifindex", "carrier", "speed", "client_port")


def is_left_out(path):
    return path[-1] in VOLATILE or path[:2] in (("host", "addresses"), ("host", "drivers"))


def test_another_fact_is_another_text_or_is_no_matter_of_the_plan(roots):
    @given(scenes.scenes(), st.data())
    def holds(scene, data):
        found = look(roots(), scene)
        assume(found)
        desired, before, steps = found
        seen = facts(before, desired)
        # Names of a rule's fields are words of the model: there is no other.
        every = [
            (path, value, make)
            for path, value, make in leaves(before)
            if path[-1] != "table" and "unread" not in path and not ("match" in path and isinstance(value, str))
        ]
        some = data.draw(st.lists(st.sampled_from(every), min_size=20, max_size=20, unique_by=lambda leaf: leaf[0]))
        some += [leaf for leaf in every if is_left_out(leaf[0])]
        for path, value, make in some:
            other = make(another(value))
            if facts(other, desired) != seen:
                continue
            assert is_left_out(path), f"{path} is not in the facts"
            try:
                now = plan_host(other, desired).steps
            except SriovError:
                event(f"refused by {path[-1]}")
                continue
            # Whether there is something to wait for, and nothing else, is a matter of the carrier.
            assert now == steps or path[-1] == "carrier", path

    holds()


def test_a_driver_that_is_new_on_the_host_is_a_fact_if_the_plan_can_ask_for_it(roots):
    @given(scenes.scenes())
    def holds(scene):
        found = look(roots(), scene)
        assume(found)
        desired, before, steps = found
        for name in ("vfio-pci", "igbvf", "ixgbevf", "nvme"):
            drivers = before.host.drivers ^ {name}
            other = before._replace(host=dataclasses.replace(before.host, drivers=drivers))
            if facts(other, desired) == facts(before, desired):
                assert plan_host(other, desired).steps == steps

    holds()


def test_the_model_that_is_walked_is_the_one_there_is():
    assert [path for path, *_rest in leaves(FlowRule("tcp4", (("dst_port", 80, 65535),), 1))][:2] == [
        ("flow_type",),
        ("match", "0", "0"),
    ]
    assert ("lockdown",) in [path for path, *_rest in leaves(Host())]


def test_a_desired_state_that_is_not_located_is_shown_as_it_is_written():
    desired = desired_state(MODULES["host"], {"pfs": [{"pf": "enp1s0", "num_vfs": 1, "allow": ["in_use"]}]})
    assert wish(desired) == {"enp1s0": {"allow": ["in_use"], "num_vfs": 1, "up": True}}
