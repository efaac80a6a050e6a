# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rates out of readings of statistics: resets, idle queues, rounding, when readings are taken, and what is refused."""

from __future__ import annotations

import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.rates import (
    DEFAULT_PATTERN,
    Reading,
    kernel_rates,
    listed,
    rates,
    report,
    request,
    rounded,
    sample,
    samples,
)
from hypothesis import given
from hypothesis import strategies as st


class Found:
    """The names in which a regular expression is found."""

    def __init__(self, pattern):
        self._pattern = re.compile(pattern)

    def __contains__(self, name):
        return bool(self._pattern.search(name))


EVERYTHING = Found("")


def readings(*counters, every=1.0):
    return [Reading(100.0 + number * every, each) for number, each in enumerate(counters)]


def test_idle_queues_are_listed_when_asked_and_those_not_in_use_if_something_moved():
    """ixgbe names as many as it could have (ixgbe_ethtool.c IXGBE_NUM_RX_QUEUES)."""
    queues = {**dict.fromkeys(range(64), 0.0), 5: 1.0, 1: None}
    assert listed(queues, in_use=2) == {1: None, 5: 1.0}
    assert listed(queues, in_use=2, idle=True) == {0: 0.0, 1: None, 5: 1.0}
    assert len(listed(queues, idle=True)) == 64


def test_counters_of_idle_queues_are_left_out_unless_asked():
    """A loss that did not happen is shown, a 0 for each of many queues is not."""
    before = {
        "rx_packets": 1,
        "rx_missed_errors": 7,
        **{f"rx_queue_{queue}_{word}": 5 for queue in range(60) for word in ("packets", "drops")},
    }
    after = {**before, "rx_packets": 10, "rx_queue_7_packets": 14, "rx_queue_9_drops": 6}
    taken = readings(before, after)
    assert report(taken, Found(DEFAULT_PATTERN), 60, "igb")["rates"] == {
        "rx_packets": 9.0,
        "rx_missed_errors": 0.0,
        "rx_queue_7_packets": 9.0,
        "rx_queue_9_drops": 1.0,
    }
    assert len(report(taken, Found(DEFAULT_PATTERN), 60, "igb", idle=True)["rates"]) == 122
    assert report(taken, Found("^rx_queue_5_packets$"), 60, "igb")["rates"] == {"rx_queue_5_packets": 0.0}


def test_the_kernels_counters_are_rated_beside_the_drivers():
    first = {"rx_packets": 10, "rx_dropped": 1, "rx_errors": 9, "rx_bytes": 1, "rx_compressed": 0}
    second = {"rx_packets": 30, "rx_dropped": 4, "rx_errors": 2, "rx_bytes": 9, "rx_compressed": 0}
    taken = [Reading(100.0, {}, first), Reading(102.0, {}, second)]
    assert kernel_rates(taken) == {"rx_packets": 10.0, "rx_dropped": 1.5, "rx_errors": None}
    assert report(taken, EVERYTHING) == {
        "seconds": 2.0,
        "packets_per_second": 10.0,
        "counted_by": "kernel",
        "queues": [],
        "rates": {},
        "kernel": {"rx_packets": 10.0, "rx_dropped": 1.5},
        "reset": ["rx_errors (ip -s link)"],
    }
    assert samples(taken, EVERYTHING) == [{"seconds": 2.0, "packets_per_second": 10.0, "rates": {}}]


@pytest.mark.parametrize(
    ("values", "rate"),
    [
        pytest.param([10, 30], 20.0, id="forward"),
        pytest.param([10, 10], 0.0, id="still"),
        pytest.param([10, 3], None, id="backward"),
        pytest.param([10, 3, 500], None, id="backward in between"),
        pytest.param([2**32 - 1, 5], None, id="maybe a wrap of 32 bits"),
        pytest.param([None, 5], None, id="came"),
        pytest.param([5, None], None, id="went"),
        pytest.param([5, None, 7], None, id="went and came"),
        pytest.param([2**64 - 11, 2**64 - 1], 10.0, id="large"),
    ],
)
def test_a_counter_that_does_not_only_rise_has_no_rate(values, rate):
    each = [{} if value is None else {"rx_packets": value} for value in values]
    taken = readings(*each, every=1.0 / (len(values) - 1))
    assert rates(taken) == {"rx_packets": rate}
    result = report(taken, EVERYTHING)
    assert (result["rates"], result["reset"]) == (({}, ["rx_packets"]) if rate is None else ({"rx_packets": rate}, []))
    assert queue_of(values) == rate


def queue_of(values):
    """The same, as the only counter of a queue."""
    each = [{} if value is None else {"rx_queue_0_packets": value} for value in values]
    return report(readings(*each, every=1.0 / (len(values) - 1)), EVERYTHING, driver="ixgbe")["packets_per_second"]


def test_a_reset_elsewhere_is_nobodys_business():
    """Gauges go down as they please; of the counters that nobody asked for, those of queues matter."""
    before = {"rx_packets": 5, "gauge": 9, "rx_queue_0_packets": 5, "rx_queue_1_packets": 5}
    after = {"rx_packets": 6, "gauge": 1, "rx_queue_0_packets": 1, "rx_queue_1_packets": 6}
    result = report(readings(before, after), Found("^rx_packets$"), driver="ixgbe")
    assert result == {
        "seconds": 1.0,
        "packets_per_second": None,
        "counted_by": "driver",
        "queues": [{"queue": 0, "packets_per_second": None}, {"queue": 1, "packets_per_second": 1.0}],
        "rates": {"rx_packets": 1.0},
        "kernel": {},
        "reset": ["rx_queue_0_packets"],
    }


def test_samples_show_what_moved_and_when():
    steps = [
        {"rx_queue_0_packets": 0, "fdir_match": 0},
        {"rx_queue_0_packets": 10, "fdir_match": 0},
        {"rx_queue_0_packets": 10, "fdir_match": 4},
    ]
    assert samples(readings(*steps, every=2.0), EVERYTHING, "ixgbe") == [
        {"seconds": 2.0, "packets_per_second": 5.0, "rates": {"rx_queue_0_packets": 5.0}},
        {"seconds": 4.0, "packets_per_second": 0.0, "rates": {"fdir_match": 2.0}},
    ]


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (14880952.38, 14881000.0),
        (999.99949, 999.999),
        (1 / 3, 0.333333),
        (1 / 3600, 0.000277778),
        (0.0, 0.0),
        (None, None),
    ],
)
def test_rates_have_six_digits(rate, shown):
    assert rounded(rate) == shown


def test_a_clock_that_stands_still_divides_by_no_zero():
    assert rates([Reading(1.0, {"a": 1}), Reading(1.0, {"a": 1})]) == {"a": 0.0}


names = st.sampled_from([f"rx_queue_{queue}_packets" for queue in range(4)] + ["rx_packets", "fdir_match", "rx_bytes"])


@given(
    st.dictionaries(names, st.integers(0, 2**63), min_size=1),
    st.dictionaries(names, st.integers(0, 2**40)),
    st.floats(0.001, 3600),
)
def test_counters_that_grow_are_divided_by_the_time(start, growth, seconds):
    end = {name: value + growth.get(name, 0) for name, value in start.items()}
    taken = [Reading(0.0, start), Reading(seconds, end)]
    result = report(taken, EVERYTHING, driver="ixgbe", idle=True)
    assert result["reset"] == []
    assert result["rates"] == {name: pytest.approx(growth.get(name, 0) / seconds, rel=1e-5) for name in start}
    queues = [growth.get(name, 0) for name in start if "queue" in name]
    assert sum(queue["packets_per_second"] for queue in result["queues"]) == pytest.approx(
        sum(queues) / seconds, rel=1e-5
    )
    if queues:
        assert result["packets_per_second"] == pytest.approx(sum(queues) / seconds, rel=1e-5)


@given(st.lists(st.dictionaries(names, st.integers(0, 5)), min_size=2, max_size=5))
def test_every_counter_is_either_rated_or_reset(counters):
    taken = readings(*counters)
    result = report(taken, EVERYTHING, idle=True)
    seen = {name for each in counters for name in each}
    assert set(result["rates"]) | set(result["reset"]) == seen
    assert not set(result["rates"]) & set(result["reset"])
    assert all(rate >= 0 for rate in result["rates"].values())


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
