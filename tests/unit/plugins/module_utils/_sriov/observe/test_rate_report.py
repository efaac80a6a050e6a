# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rates as they are returned: resets, what began again, idle queues, rounding."""

from __future__ import annotations

import re

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.rate_report import (
    listed,
    report,
    rounded,
    samples,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.rates import (
    DEFAULT_PATTERN,
    Reading,
    kernel_rates,
    rates,
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
        "since_reset": [],
    }
    assert samples(taken, EVERYTHING) == [
        {
            "seconds": 2.0,
            "packets_per_second": 10.0,
            "rates": {},
            "reset": ["rx_errors (ip -s link)"],
            "since_reset": [],
        }
    ]


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
    before = {"rx_errors": 5, "gauge": 9, "rx_queue_0_packets": 5, "rx_queue_1_packets": 5}
    after = {"rx_errors": 6, "gauge": 1, "rx_queue_0_packets": 1, "rx_queue_1_packets": 6}
    result = report(readings(before, after), Found("^rx_errors$"), driver="ixgbe")
    assert result == {
        "seconds": 1.0,
        "packets_per_second": None,
        "counted_by": "driver",
        "queues": [{"queue": 0, "packets_per_second": None}, {"queue": 1, "packets_per_second": 1.0}],
        "rates": {"rx_errors": 1.0},
        "kernel": {},
        "reset": ["rx_queue_0_packets"],
        "since_reset": [{"queue": 0, "packets": 1}],
    }


def test_a_sum_of_queues_has_no_rate_where_one_began_again_also_if_it_has_risen():
    """ixgbe adds up its rings in ixgbe_get_stats64(): 5000 came on queue 0, and 2016 of queue 1 are forgotten."""
    before = {"rx_packets": 4016, "rx_queue_0_packets": 2000, "rx_queue_1_packets": 2016, "fdir_match": 2016}
    after = {"rx_packets": 7010, "rx_queue_0_packets": 7000, "rx_queue_1_packets": 10, "fdir_match": 2026}
    kernel = ({"rx_packets": 4016, "rx_missed_errors": 0}, {"rx_packets": 7010, "rx_missed_errors": 4})
    taken = [Reading(100.0, before, kernel[0]), Reading(101.0, after, kernel[1])]
    result = report(taken, EVERYTHING, driver="ixgbe")
    assert result["packets_per_second"] is None
    assert result["rates"] == {"rx_queue_0_packets": 5000.0, "fdir_match": 10.0}
    assert result["kernel"] == {"rx_missed_errors": 4.0}
    assert result["reset"] == ["rx_packets", "rx_queue_1_packets", "rx_packets (ip -s link)"]
    assert result["since_reset"] == [{"queue": 1, "packets": 10}]


def test_a_sample_in_which_a_queue_began_again_says_so_and_the_others_have_their_rates():
    steps = [
        {"rx_queue_0_packets": 0, "rx_queue_1_packets": 2000},
        {"rx_queue_0_packets": 10, "rx_queue_1_packets": 2016},
        {"rx_queue_0_packets": 20, "rx_queue_1_packets": 3},
        {"rx_queue_0_packets": 30, "rx_queue_1_packets": 8},
    ]
    taken = readings(*steps)
    rated = [(each["packets_per_second"], each["since_reset"]) for each in samples(taken, EVERYTHING, "ixgbe")]
    assert rated == [(26.0, []), (None, [{"queue": 1, "packets": 3}]), (15.0, [])]
    assert report(taken, EVERYTHING, driver="ixgbe")["since_reset"] == [{"queue": 1, "packets": 8}]


@pytest.mark.parametrize(
    ("driver", "before", "after", "since"),
    [
        pytest.param("ixgbe", {"fdir_match": 9}, {"fdir_match": 1}, [], id="not a queue's"),
        pytest.param("ixgbe", {"rx_queue_0_packets": 9}, {}, [], id="went"),
        pytest.param("ixgbe", {"rx_queue_0_packets": 9}, {"rx_queue_0_packets": 0}, [(0, 0)], id="nothing came since"),
        pytest.param(
            "mlx5_core",
            {"rx1_packets": 9, "rx1_xdp_drop": 9, "rx1_xdp_redirect": 9, "rx2_packets": 5},
            {"rx1_packets": 4, "rx1_xdp_drop": 3, "rx1_xdp_redirect": 12, "rx2_packets": 5},
            [(1, 7)],
            id="those of a queue's counters that went back",
        ),
    ],
)
def test_only_queues_begin_again(driver, before, after, since):
    result = report(readings(before, after), EVERYTHING, driver=driver)
    assert result["since_reset"] == [{"queue": queue, "packets": count} for queue, count in since]


NOTHING_BEGAN_AGAIN = {"reset": [], "since_reset": []}


def test_samples_show_what_moved_and_when():
    steps = [
        {"rx_queue_0_packets": 0, "fdir_match": 0},
        {"rx_queue_0_packets": 10, "fdir_match": 0},
        {"rx_queue_0_packets": 10, "fdir_match": 4},
    ]
    assert samples(readings(*steps, every=2.0), EVERYTHING, "ixgbe") == [
        {"seconds": 2.0, "packets_per_second": 5.0, "rates": {"rx_queue_0_packets": 5.0}, **NOTHING_BEGAN_AGAIN},
        {"seconds": 4.0, "packets_per_second": 0.0, "rates": {"fdir_match": 2.0}, **NOTHING_BEGAN_AGAIN},
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
