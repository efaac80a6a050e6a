# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties are tried at random: by hand with earlier failures first, in CI by a seed that is printed."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import HealthCheck, settings

# A simulated host is a directory: an example takes milliseconds, not microseconds, and no deadline says more.
settings.register_profile(
    "simulated",
    max_examples=20,
    deadline=None,
    derandomize=False,  # hypothesis's own default in CI: the same examples every time
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("simulated")


@pytest.hookimpl(tryfirst=True)  # before hypothesis reads the option, and xdist gives it to its workers
def pytest_configure(config):
    """Where nothing is kept from run to run, each run has a fresh seed, with which it can be repeated."""
    if os.environ.get("CI") and config.getoption("hypothesis_seed", "none there") is None:
        config.option.hypothesis_seed = str(random.SystemRandom().getrandbits(32))


def _how_to_repeat(config):
    seed = config.getoption("hypothesis_seed", None)
    return None if seed is None else f"examples of properties: pytest --hypothesis-seed={seed} repeats them"


def pytest_report_header(config):
    return _how_to_repeat(config)


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """Again where the failures are."""
    line = _how_to_repeat(config)
    if line and exitstatus:
        terminalreporter.write_line(line)
