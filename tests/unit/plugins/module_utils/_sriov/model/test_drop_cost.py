# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures of what was counted."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.drop_cost import Sample, figures, sides


@pytest.mark.parametrize(
    ("costs", "cost"), [([7], 7), ([9, 7], 7), ([9, 1, 7, 8], 1), ([9, 1, 7, 8, 9], 7), ([*range(20, 0, -1)], 5)]
)
def test_the_cost_is_the_lower_quartile(costs, cost):
    assert figures([Sample(1.0, each * 1000, 1000) for each in costs])["ns_per_packet"] == cost


def test_what_disturbs_and_luck_count_little_and_the_rates_are_of_all():
    samples = [
        Sample(1.0, 1_000_000, 1000, {0: 600, 1: 400}, lost=100),
        Sample(1.0, 1_500_000, 1000, {0: 1000, 1: 0}),
        Sample(2.0, 1_300_000, 1000, {0: 1000}, lost=500),
    ]
    assert figures(samples) == {
        "ns_per_packet": 1000.0,
        "ns_per_packet_median": 1300.0,
        "samples": [1000.0, 1500.0, 1300.0],
        "packets_per_core_second": 1e6,
        "packets": 3000,
        "seconds": 4.0,
        "received_per_second": 750.0,
        "lost_per_second": 150.0,
        "offered_per_second": 900.0,
        "queues": [{"queue": 0, "packets_per_second": 650.0}, {"queue": 1, "packets_per_second": 100.0}],
    }


@pytest.mark.parametrize(("packets", "counts"), [(199, False), (200, True)])
def test_a_small_sample_has_no_cost_and_its_packets_count(packets, counts):
    samples = [Sample(1.0, 1_000_000, 1000), Sample(1.0, 1, packets)]
    assert samples[1].counts is counts
    found = figures(samples)
    assert (len(found["samples"]), found["packets"]) == (1 + counts, 1000 + packets)


def test_the_sides_of_the_sample_that_gives_the_cost_are_the_cost_together():
    samples = [Sample(1.0, busy, 1000, user=user) for busy, user in [(900_000, 1), (500_000, 200_000), (700_000, 9)]]
    cost = sides(samples)
    assert cost == {"kernel_ns_per_packet": 300.0, "user_ns_per_packet": 200.0}
    assert sum(cost.values()) == figures(samples)["ns_per_packet"]
