# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a run may still take."""

from __future__ import annotations

import time

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.deadline import (
    GRACE,
    TO_GIVE_BACK,
    TO_LOOK,
    TO_MEND,
    TO_START,
    Deadline,
    told,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.late import TO_ASK


def test_what_is_left_grows_less_and_is_never_less_than_nothing():
    deadline = Deadline(60)
    first = deadline.left()
    assert 59 < deadline.left() <= first <= deadline.seconds == 60
    assert Deadline(-1).left() == 0.0


def test_what_must_be_done_after_it_has_one_end_however_many_things_there_are():
    deadline = Deadline(0.0)
    first = deadline.left(beyond=1.0)
    time.sleep(0.05)
    assert deadline.left(beyond=1.0) <= first - 0.05
    assert deadline.left() == Deadline(-2.0).left(beyond=1.0) == 0.0


def test_each_thing_after_the_end_leaves_some_time_to_the_next():
    ends = [TO_MEND, TO_GIVE_BACK, TO_LOOK, TO_START, GRACE]
    assert all(later - sooner >= 0.5 for sooner, later in zip(ends, ends[1:]))
    assert GRACE + 1 + TO_ASK < 5, "also where a process is in the kernel, and where units are to be started"


@pytest.mark.parametrize(
    ("seconds", "words"), [(5.0, "5 s"), (119.98, "120 s"), (0.9, "1 s"), (0.2, "0.2 s"), (0, "0 s")]
)
def test_seconds_are_told_as_somebody_has_asked_for_them(seconds, words):
    assert told(seconds) == words


def test_what_must_be_done_all_the_same_has_the_same_end():
    deadline = Deadline(-1)
    later = deadline.with_more(2)
    assert deadline.left() == 0 and 0.9 < later.left() <= 1
    assert 0.9 < later.left(1.5) <= 1, "both are counted from the one end"
    assert 1.9 < later.left(3) <= 2
