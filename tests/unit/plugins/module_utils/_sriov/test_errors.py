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
        (SriovError("what", errno=524), "what [ENOTSUPP, 524: the kernel's own, without words]."),
        (SriovError("what", errno=709), "what [709: the driver's own]."),
        (SriovError("what, did you mean that?"), "what, did you mean that?"),
    ],
)
def test_an_error_is_one_sentence_and_its_remedy(error, text):
    assert str(error) == text
    assert error.details()["kind"] == "error"
    assert error.each() == [error]


def test_names_of_errnos():
    numbers = (16, 95, 512, 517, 524, 525, 709)
    names = ["EBUSY", "EOPNOTSUPP", "ERESTARTSYS", "EPROBE_DEFER", "ENOTSUPP", "ETOOSMALL", "709"]
    assert [SriovError("what", errno=number).details()["errno"] for number in numbers] == names
