# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""flow_action and flow_destination: numbers of ethtool(8), VFs and queues."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.kernel_bypass.sriov.plugins.filter.flow import flow_action, flow_destination
from hypothesis import given
from hypothesis import strategies as st

ACTIONS = [
    # What is written, the action, kind, VF, queue, and the words of `ethtool -n` (6.1 and later).
    pytest.param({"vf": 0, "queue": 0}, 4294967296, "vf", 0, 0, "VF 0 queue 0", id="VF 0, queue 0"),
    pytest.param({"vf": 7, "queue": 2}, 0x800000002, "vf", 7, 2, "VF 7 queue 2", id="VF 7, queue 2"),
    pytest.param({"vf": 254}, 255 << 32, "vf", 254, 0, "VF 254 queue 0", id="the last VF"),
    pytest.param({"queue": 3}, 3, "queue", None, 3, "queue 3", id="a queue of the PF"),
    pytest.param({"vf": None, "queue": 0}, 0, "queue", None, 0, "queue 0", id="queue 0 of the PF"),
    pytest.param({"queue": 2**32 - 1}, 2**32 - 1, "queue", None, 2**32 - 1, "queue 4294967295", id="the last queue"),
    pytest.param({"kind": "drop"}, 2**64 - 1, "drop", None, None, "drop", id="drop"),
    pytest.param({"kind": "wake"}, 2**64 - 2, "wake", None, None, "wake-on-LAN", id="wake"),
]


@pytest.mark.parametrize(("written", "action", "kind", "vf", "queue", "text"), ACTIONS)
def test_a_destination_and_its_number(written, action, kind, vf, queue, text):
    assert flow_action(written) == action
    assert flow_destination(action) == {"kind": kind, "vf": vf, "queue": queue, "text": text}


@pytest.mark.parametrize(
    ("arguments", "action"),
    [((0,), 1 << 32), ((0, 1), (1 << 32) + 1), (("7", "2"), 0x800000002), ((None, 3), 3), ((None,), 0)],
)
def test_vf_and_queue_as_arguments(arguments, action):
    assert flow_action(*arguments) == action


@pytest.mark.parametrize("action", [4294967296, "4294967296", " 4294967296 ", "0x100000000", "0X100000000"])
def test_a_number_may_be_a_text(action):
    assert flow_destination(action)["text"] == "VF 0 queue 0"


@pytest.mark.parametrize("action", [-1, "-1", 2**64 - 1, "0xffffffffffffffff"])
def test_drop_has_two_numbers(action):
    assert flow_destination(action)["kind"] == "drop"


@given(st.one_of(st.none(), st.integers(0, 254)), st.integers(0, 2**32 - 1))
def test_there_and_back(vf, queue):
    action = flow_action({"vf": vf, "queue": queue})
    assert action == (0 if vf is None else (vf + 1) * 2**32) + queue
    assert (flow_destination(action)["vf"], flow_destination(action)["queue"]) == (vf, queue)
    assert flow_action(vf, queue) == action


@given(st.one_of(st.integers(0, 2**40 - 1), st.sampled_from([2**64 - 1, 2**64 - 2])))
def test_back_and_there(action):
    assert flow_action(flow_destination(action)) == action


@given(st.integers(2**40, 2**64 - 3))
def test_bits_that_no_driver_reads_are_refused(action):
    with pytest.raises(AnsibleFilterError, match=f"^flow_destination: {action} is no action of a flow rule: "):
        flow_destination(action)


HOW = 'Remedy: write it as in {"vf": 0, "queue": 1}, {"queue": 3} for a queue of the PF, or {"kind": "drop"}.'
COUNT = "Remedy: count VFs and queues from 0, as `ip link` and `ethtool -n` do."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((255,), f"flow_action: VF 255 is not between 0 and 254. {COUNT}", id="wraps to the PF"),
        pytest.param((-1,), f"flow_action: VF -1 is not between 0 and 254. {COUNT}", id="a negative VF"),
        pytest.param(
            (0, 2**32), f"flow_action: queue {2**32} is not between 0 and {2**32 - 1}. {COUNT}", id="no such queue"
        ),
        pytest.param(
            ("first",), "flow_action: vf: 'first' is no number. Remedy: give a whole number, such as 3.", id="a word"
        ),
        pytest.param(
            (True,), "flow_action: vf: True is no number. Remedy: give a whole number, such as 3.", id="a truth value"
        ),
        pytest.param(
            ({"vf": 0, "queue": 1.5},),
            "flow_action: queue: 1.5 is no number. Remedy: give a whole number, such as 3.",
            id="half a queue",
        ),
        pytest.param(
            ({"vf": 0, "que": 1},), f"flow_action: 'que' in {{'vf': 0, 'que': 1}} is unknown. {HOW}", id="misspelt"
        ),
        pytest.param(({},), f"flow_action: {{}} is no destination. {HOW}", id="nothing said"),
        *(
            pytest.param((value,), f"flow_action: {value} is no destination. {HOW}", id=f"contradiction: {value}")
            for value in (
                {"kind": "drop", "queue": 1},
                {"kind": "queue", "vf": 0},
                {"kind": "vf", "queue": 1},
                {"kind": "elsewhere", "queue": 1},
            )
        ),
        pytest.param(
            ({"vf": 0}, 1),
            "flow_action: {'vf': 0} and queue 1 are given together. Remedy: give the queue in the dictionary.",
            id="two queues",
        ),
    ],
)
def test_what_is_no_destination_is_refused(arguments, message):
    with pytest.raises(AnsibleFilterError) as refused:
        flow_action(*arguments)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (
            1 << 40,
            f"flow_destination: {1 << 40} is no action of a flow rule: {1 << 40} sets bits above the VF's (39:32): no "
            "driver reads them. Remedy: give the number that follows `action` in ethtool(8), at most 2^40 - 1, or -1 "
            "for drop.",
        ),
        ("VF 0", "flow_destination: 'VF 0' is no number. Remedy: give a whole number, such as 3."),
        (None, "flow_destination: None is no number. Remedy: give a whole number, such as 3."),
    ],
)
def test_what_is_no_action_is_refused(action, message):
    with pytest.raises(AnsibleFilterError) as refused:
        flow_destination(action)
    assert str(refused.value) == message
