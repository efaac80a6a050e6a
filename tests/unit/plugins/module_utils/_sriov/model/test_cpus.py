# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPUs as the kernel writes them."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.cpus import cpus_text, parse_cpus
from hypothesis import given
from hypothesis import strategies as st


@given(st.sets(st.integers(0, 300)))
def test_what_is_written_is_read(cpus):
    assert parse_cpus(cpus_text(cpus)) == tuple(sorted(cpus))


@pytest.mark.parametrize(("text", "cpus"), [("", ()), (" 2 - 4 , 9", (2, 3, 4, 9)), ("3,1,3", (1, 3))])
def test_as_people_write_them(text, cpus):
    assert parse_cpus(text) == cpus


@pytest.mark.parametrize("text", ["2-", "a", "4-2", "1,,2", "-1", "99999", "1 2", "²"])
def test_what_are_none(text):
    with pytest.raises(ValueError, match="are no CPUs"):
        parse_cpus(text)
