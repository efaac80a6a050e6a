# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties are searched at random by hand, and the same way every time in CI."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A simulated host is a directory: an example takes milliseconds, not microseconds, and no deadline says more.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("local", max_examples=20, **COMMON)
settings.register_profile("ci", max_examples=20, derandomize=True, **COMMON)
settings.load_profile("ci" if os.environ.get("CI") else "local")
