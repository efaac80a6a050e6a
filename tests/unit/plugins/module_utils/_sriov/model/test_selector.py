# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a list of VFs as it is written to their numbers."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import (
    InvalidRequest,
)
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import vf_indices
from hypothesis import given
from hypothesis import strategies as st


def as_ranges(indices):
    """The shortest text for a set of indices."""
    starts = [index for index in sorted(indices) if index - 1 not in indices]
    ends = [index for index in sorted(indices) if index + 1 not in indices]
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in zip(starts, ends))


@given(st.sets(st.integers(0, 62), min_size=1))
def test_ranges_are_read_as_they_are_written(indices):
    assert vf_indices(as_ranges(indices), 63, "PF") == sorted(indices)


@pytest.mark.parametrize(
    ("text", "indices"),
    [("all", [0, 1, 2, 3]), (" all ", [0, 1, 2, 3]), ("3, 0 - 1", [0, 1, 3]), ("1,1-2,2", [1, 2]), ("03", [3])],
)
def test_ranges_may_be_written_freely(text, indices):
    assert vf_indices(text, 4, "PF") == indices


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "2-1", "0,,1", "0-1-2", "0;1", "0x1"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(InvalidRequest) as refused:
        vf_indices(text, 4, "PF")
    assert str(refused.value) == (
        f'vfs: {text!r} is no list of VFs. Remedy: write it as in "0", "0-3", "0-3,7" or "all".'
    )


@pytest.mark.parametrize(
    ("text", "num_vfs", "named", "why"),
    [
        ("2-99999999999999", 4, 4, "the PF has 4 VFs, 0 to 3"),
        ("7", 4, 7, "the PF has 4 VFs, 0 to 3"),
        ("0", 0, 0, "the PF has 0 VFs"),
    ],
)
def test_a_vf_that_the_pf_has_not_is_refused(text, num_vfs, named, why):
    with pytest.raises(InvalidRequest) as refused:
        vf_indices(text, num_vfs, "PF")
    assert str(refused.value) == (
        f"vfs: {text!r} names VF {named} on PF: {why}. Remedy: create it first with module pf (num_vfs), or name "
        "another."
    )
