# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AF_XDP sockets lose: since they were made, and a second."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.rates import Reading
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.observe.socket_rates import socket_rates


def reading(at, sockets):
    return Reading(at, {}, {}, {socket: {"rx_dropped": 0, "rx_ring_full": full} for socket, full in sockets.items()})


def test_sockets_are_listed_by_queue_and_those_that_came_meanwhile_have_no_rate():
    taken = [reading(10.0, {(2, 71): 5, (3, 72): 1}), reading(12.0, {(2, 71): 25, (1, 80): 9})]
    assert socket_rates(taken) == [
        {"queue": 1, "inode": 80, "lost": {"rx_dropped": 0, "rx_ring_full": 9}, "lost_per_second": None},
        {
            "queue": 2,
            "inode": 71,
            "lost": {"rx_dropped": 0, "rx_ring_full": 25},
            "lost_per_second": {"rx_dropped": 0.0, "rx_ring_full": 10.0},
        },
    ]


def test_without_sockets_there_is_nothing_to_tell():
    assert socket_rates([reading(1.0, {}), reading(2.0, {})]) == []
