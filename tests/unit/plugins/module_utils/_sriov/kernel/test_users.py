# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of users and groups to their numbers."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.users import (
    group_number,
    user_label,
    user_number,
)


@pytest.mark.parametrize("number_of", [user_number, group_number])
@pytest.mark.parametrize(("name", "number"), [("root", 0), ("12", 12), (7, 7), (0, 0), (None, None)])
def test_a_name_has_its_number_and_a_number_stays_one(number_of, name, number):
    assert number_of(name) == number


@pytest.mark.parametrize(
    ("number_of", "message"),
    [
        (
            user_number,
            "owner: there is no user 'nobody-here' on this host. Remedy: create it first, or name another.",
        ),
        (
            group_number,
            "group: there is no group 'nobody-here' on this host. Remedy: create it first (role "
            "kernel_bypass.sriov.dpdk does), or name another.",
        ),
    ],
)
def test_an_unknown_name_is_refused(number_of, message):
    with pytest.raises(InvalidRequest) as refused:
        number_of("nobody-here")
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["\u00b2", "\u0663", "a\0b", "", "-1"])
def test_what_is_neither_a_name_nor_a_number_is_refused(name):
    with pytest.raises(InvalidRequest, match="there is no user"):
        user_number(name)


@pytest.mark.parametrize("number", ["4294967295", "99999999999999999999"])
def test_a_number_that_the_kernel_takes_for_none_is_refused(number):
    with pytest.raises(InvalidRequest) as refused:
        group_number(number)
    assert str(refused.value) == (f"group: {number} is no number of a group. Remedy: give 0 to 4294967294, or a name.")


@pytest.mark.parametrize(("number", "label"), [(0, "0 (root)"), (4294967290, "4294967290")])
def test_a_user_is_told_by_number_and_name(number, label):
    assert user_label(number) == label
