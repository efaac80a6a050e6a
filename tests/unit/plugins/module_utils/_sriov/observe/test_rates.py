# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings of statistics: when they are taken, what is refused, and what is known of a counter that went back."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.rates import (
    Reading,
    rates,
    request,
    sample,
)


def readings(*counters, every=1.0):
    return [Reading(100.0 + number * every, each) for number, each in enumerate(counters)]


def test_a_clock_that_stands_still_divides_by_no_zero():
    assert rates([Reading(1.0, {"a": 1}), Reading(1.0, {"a": 1})]) == {"a": 0.0}


class Clock:
    """A clock that goes on while somebody sleeps on it, and a little while statistics are read."""

    def __init__(self, reading=0.0, now=1000.0):
        self.now = now
        self.slept = []
        self._reading = reading

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def read(self):
        at = self.now
        self.now += self._reading
        return Reading(at, {"rx_packets": int(at * 10)})


def test_a_late_reading_does_not_make_the_next_ones_late():
    clock = Clock(reading=0.25)
    taken = sample(clock.read, (1.0, 2.0, 2.5), clock.time, clock.sleep)
    assert [reading.at for reading in taken] == [1000.0, 1001.0, 1002.0, 1002.5]
    assert clock.slept == [0.75, 0.75, 0.25]


def test_readings_that_take_longer_than_the_interval_follow_each_other():
    clock = Clock(reading=3.0)
    taken = sample(clock.read, (1.0, 2.0), clock.time, clock.sleep)
    assert ([reading.at for reading in taken], clock.slept) == ([1000.0, 1003.0, 1006.0], [])


@pytest.mark.parametrize(
    ("seconds", "interval", "ends"),
    [
        (1.0, None, (1.0,)),
        (3.0, 1.0, (1.0, 2.0, 3.0)),
        (2.5, 1.0, (1.0, 2.0, 2.5)),
        (1.0, 1.0, (1.0,)),
        (0.75, 0.25, (0.25, 0.5, 0.75)),
        (3600, None, (3600,)),
    ],
)
def test_when_readings_are_taken(seconds, interval, ends):
    assert request(seconds, interval, "a").ends == ends


def test_an_interval_that_floats_cannot_hold_gives_no_sample_more():
    assert len(request(1.0, 0.1, "a").ends) == 10
    assert len(request(3600, 1, "a").ends) == 3600


BETWEEN = "is not between 0 and 3600. Remedy: give a time such as 1 or 2.5."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *(
            pytest.param((seconds, None, "a"), f"seconds: {seconds:g} {BETWEEN}", id=f"seconds {seconds}")
            for seconds in (0.0, -1.0, 3600.5, float("inf"), float("nan"))
        ),
        *(
            pytest.param(
                (2.0, interval, "a"),
                f"interval: {interval:g} does not divide 2 s into 1 to 3600 samples. Remedy: give 0.000555556 or "
                "more, and no more than seconds.",
                id=f"interval {interval}",
            )
            for interval in (0.0, -1.0, 2.5, 0.0001, float("nan"))
        ),
        pytest.param(
            (1.0, None, "rx_(packets"),
            "pattern: 'rx_(packets' is no regular expression: missing ), unterminated subpattern at position 3. "
            "Remedy: correct it there, or write a backslash before a character that stands for itself.",
            id="an open parenthesis",
        ),
        pytest.param(
            (1.0, None, "*_packets"),
            "pattern: '*_packets' is no regular expression: nothing to repeat at position 0. Remedy: correct it there, "
            "or write a backslash before a character that stands for itself.",
            id="a shell pattern",
        ),
        pytest.param(
            (1.0, None, "x" * 1001),
            "pattern: 1001 characters are too many. Remedy: write it in 1000 or fewer.",
            id="a long one",
        ),
    ],
)
def test_what_cannot_be_sampled_is_refused(options, message):
    with pytest.raises(InvalidRequest) as refused:
        request(*options)
    assert str(refused.value) == message
