# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every driver of simulation/atlas, written from the drivers' source and not from knowledge/: a second opinion.

What is accepted is done by the driver, and what is done needs no second run.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.request import MODULES, desired_state
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import apply_steps
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import Deadline
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.host import plan_host
from ansible_collections.kernel_bypass.sriov.plugins.modules import host
from ansible_collections.kernel_bypass.sriov.tests.unit.simulation.atlas.index import ROWS
from ansible_collections.kernel_bypass.sriov.tests.unit.support.driver_wishes import (
    ALLOWED,
    PF,
    WISHES,
    done_wrongly,
    kernel_of,
    options_of,
    refusal,
    wishes_of,
)
from ansible_collections.kernel_bypass.sriov.tests.unit.support.known import KNOWN
from ansible_collections.kernel_bypass.sriov.tests.unit.support.modules import run_module
from ansible_collections.kernel_bypass.sriov.tests.unit.support.predictions import look
from hypothesis import event, given
from hypothesis import strategies as st

WITHOUT_VFS = [wish for wish in WISHES if "num_vfs" in wish]
DOWN = [wish for wish in WISHES if wish.endswith(", down")]


def start(root, row, wish):
    return kernel_of(root, row, up=wish not in DOWN, num_vfs=0 if wish in WITHOUT_VFS else 2)


def is_of_options(wish):
    """Refused before any host is asked: not about a driver."""
    try:
        desired_state(MODULES["host"], options_of(wish))
    except SriovError:
        return True
    return False


def difference(root, row, wish):
    """Where the plan and the driver differ, in words; "" where they do not."""
    kernel, options = start(root, row, wish), options_of(wish)
    try:
        desired, before = look(kernel, "host", options)
        steps = plan_host(before, desired).steps
    except SriovError as refused:
        return "" if refusal(kernel, row, wish) else f"the driver does it, and it is refused: {refused}"
    if not steps:
        return ""
    try:
        apply_steps(kernel, steps, Deadline(30.0))
        desired, after = look(kernel, "host", options)
        again = plan_host(after, desired).steps
    except SriovError as refused:
        return f"accepted, and then: {refused}"
    if again:
        return f"a second run: {'; '.join(map(str, again))}"
    wrong = done_wrongly(kernel, row, wish)
    return f"accepted, and done otherwise: {wrong}" if wrong else ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_plan_says_what_the_driver_does(row, roots):
    wishes = [wish for wish in wishes_of(row) if not is_of_options(wish)]
    found = {wish: difference(roots(), row, wish) for wish in wishes}
    differing = {wish: words for wish, words in found.items() if words}
    known = KNOWN.get(row.name, {})
    assert {wish: words for wish, words in differing.items() if wish not in known} == {}
    assert sorted(differing) == sorted(known), "what is mended is no longer known"


@st.composite
def several(draw):
    """A driver, and wishes of which is known that it does what the plan says, or that they are refused."""
    row = draw(st.sampled_from(ROWS))
    left = [wish for wish in wishes_of(row) if wish not in KNOWN.get(row.name, {}) and wish not in DOWN]
    return row, draw(st.lists(st.sampled_from(left), min_size=2, max_size=8, unique=True))


def together(wishes):
    """One entry of module host that says all of them; of two that contradict each other the last."""
    entry: dict[str, t.Any] = {"pf": PF, **ALLOWED}
    for wish in wishes:
        for word, value in WISHES[wish].items():
            if word == "vfs":
                entry["vfs"] = [{**entry.get("vfs", [{}])[0], **value[0]}]
            elif word == "rules":
                entry["rules"] = [*entry.get("rules", []), *(rule for rule in value if not is_there(rule, entry))]
            else:
                entry[word] = value
    return {"pfs": [entry]}


def is_there(rule, entry):
    """The flow is sent somewhere already."""
    return flow_words(rule) in map(flow_words, entry.get("rules", ()))


def flow_words(rule):
    return {word: value for word, value in rule.items() if word not in ("queue", "vf", "drop", "location")}


def is_accepted(kernel, wish):
    try:
        desired, before = look(kernel, "host", options_of(wish))
        plan_host(before, desired)
    except SriovError:
        return False
    return True


def test_what_is_accepted_is_done_and_done_once(roots):
    @given(several(), st.booleans())
    def holds(wished, with_vfs):
        row, wishes = wished
        kernel = kernel_of(roots(), row, num_vfs=2 if with_vfs else 0)
        options = together([wish for wish in wishes if is_accepted(kernel, wish)])
        planned = run_module(host, kernel, True, **options)
        event("refused" if planned["failed"] else f"{min(len(planned['steps']), 5)} steps or more")
        if planned["failed"]:
            return
        done = run_module(host, kernel, False, **options)
        assert not done["failed"], (row.name, wishes, done["msg"])
        again = run_module(host, kernel, False, **options)
        assert (again["failed"], again["steps"]) == (False, []), (row.name, wishes)

    holds()
