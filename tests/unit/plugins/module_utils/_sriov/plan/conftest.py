# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver that takes any flow rule."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.tests.unit.support.drivers import LENIENT, known


@pytest.fixture
def lenient():
    """support.drivers.LENIENT is known."""
    with known(LENIENT):
        yield
