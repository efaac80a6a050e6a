# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modes of a node that may not be meant."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.plan.drivers import odd_mode

EVERYBODY = "lets every user of this host open the device; name its group, and 0660"
NOTHING = "has bits that mean nothing of a device's node (execute, set-user, sticky)"


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (None, []),
        (0o600, []),
        (0o660, []),
        (0o666, [f"mode: 0666 {EVERYBODY}"]),
        (0o664, [f"mode: 0664 {EVERYBODY}"]),
        (0o770, [f"mode: 0770 {NOTHING}"]),
        (0o7777, [f"mode: 7777 {EVERYBODY}", f"mode: 7777 {NOTHING}"]),
    ],
)
def test_what_a_mode_allows_that_may_not_be_meant_is_told(mode, told):
    assert odd_mode(mode) == told
