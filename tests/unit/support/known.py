# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the product and the atlas of drivers differ, and why: a test fails as soon as one of these no longer does.

row of simulation/atlas -> wish of driver_wishes.py -> reason.
"""

from __future__ import annotations

KNOWN: dict[str, dict[str, str]] = {}
