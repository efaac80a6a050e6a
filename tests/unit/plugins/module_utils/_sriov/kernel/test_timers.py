# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Timers: the commands, and what is made of their answers."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import KernelRefused
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.timers import Timers

START = [
    *("systemd-run", "--unit=name", "--on-active=60s", "--timer-property=AccuracySec=1s", "--collect", "--quiet", "--"),
    *("python3", "-I"),
]


def timers(answer=(0, "", "")):
    calls = []
    return Timers(lambda argv: calls.append(list(argv)) or answer), calls


def test_a_timer_is_started_and_stopped():
    found, calls = timers()
    found.start("name", 60, ["python3", "-I"])
    found.stop("name")
    assert calls == [START, ["systemctl", "stop", "name.timer", "name.service"]]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((1, "", "Failed to connect to bus\n"), "Failed to connect to bus"),
        ((4, "", ""), "systemd-run ended with status 4"),
    ],
)
def test_one_that_is_not_started_is_told(answer, why):
    found, _calls = timers(answer)
    with pytest.raises(KernelRefused) as refused:
        found.start("name", 60, ["python3"])
    assert str(refused.value) == f"cannot start timer name: {why}. Remedy: see `systemctl status name.timer`."


def test_one_that_is_gone_need_not_be_stopped():
    timers((5, "", "Unit name.timer not loaded."))[0].stop("name")
