# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an error says."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import SriovError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SriovError("what"), "what."),
        (SriovError("what", device="eth0", why="why"), "what on eth0: why."),
        (SriovError("what", remedy="do this"), "what. Remedy: do this."),
        (
            SriovError("what", device="eth0", why="why", errno=16, remedy="do this"),
            "what on eth0: why [EBUSY: Device or resource busy]. Remedy: do this.",
        ),
        (SriovError("what", errno=9999), "what [9999: Unknown error 9999]."),
        (SriovError("what, did you mean that?"), "what, did you mean that?"),
    ],
)
def test_an_error_is_one_sentence_and_its_remedy(error, text):
    assert str(error) == text
    assert error.details()["kind"] == "error"
    assert error.each() == [error]
