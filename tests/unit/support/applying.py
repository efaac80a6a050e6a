# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One step by itself, as the run of a plan performs it."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.apply.run import PERFORMERS, TOGETHER


def perform(step, kernel, timeout):
    """Do it, and nothing after it."""
    kind = type(step)
    if kind in TOGETHER:
        TOGETHER[kind]([step], kernel, timeout, [])
    else:
        PERFORMERS[kind](step, kernel, timeout)


def failure(kernel, step, kind, timeout=10):
    """What is said of a step that fails."""
    with pytest.raises(kind) as failed:
        perform(step, kernel, timeout)
    return str(failed.value)
