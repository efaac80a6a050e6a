# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reader prints, among what else may be printed, and what each errno means."""

from __future__ import annotations

import errno
import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.xsk_told import (
    CAUSES,
    Failure,
    Told,
    told_by_reader,
)

READY = {"event": "ready", "mode": "copy"}
RESULT = {"event": "result", "frames": 9, "seconds": 2.5, "statistics": {"rx_dropped": 1}}
FAILED = {"event": "failed", "act": "bind", "errno": errno.EBUSY, "text": "Device or resource busy"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param([], Told(), id="nothing"),
        pytest.param([READY, RESULT], Told("copy", 9, 2.5, {"rx_dropped": 1}), id="to its end"),
        pytest.param([READY], Told("copy"), id="killed"),
        pytest.param([FAILED], Told(failure=Failure("bind", errno.EBUSY)), id="refused"),
        pytest.param(
            ["Running as unit: x", READY, "[1, 2]", "12", RESULT],
            Told("copy", 9, 2.5, {"rx_dropped": 1}, said="Running as unit: x; [1, 2]; 12"),
            id="among other words",
        ),
    ],
)
def test_events_are_taken_out_of_what_is_printed(lines, told):
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    assert told_by_reader(f"\n{text}\n\n") == told


def test_of_a_long_story_the_end_is_kept():
    said = told_by_reader("x" * 999 + "\nNameError: y").said
    assert len(said) == 400 and said.endswith("x; NameError: y")


def test_each_cause_has_its_own_words():
    assert len({cause.why for cause in CAUSES.values()}) == len(CAUSES)
    assert Failure("bind", errno.EBUSY).cause is CAUSES["bind", errno.EBUSY]
    assert Failure("bind", errno.ENOENT).cause is None
