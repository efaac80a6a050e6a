# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""vf_list: the grammar of the option vfs, as a list of numbers."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.kernel_bypass.sriov.plugins.filter.vf_list import vf_list
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.selector import parse_selector
from hypothesis import given
from hypothesis import strategies as st

ranges = st.tuples(st.integers(0, 62), st.integers(0, 62)).map(sorted)
parts = st.one_of(st.integers(0, 62).map(str), ranges.map("{0[0]}-{0[1]}".format))


@pytest.mark.parametrize(
    ("vfs", "bound", "numbers"),
    [
        pytest.param("0-3,7", None, [0, 1, 2, 3, 7], id="ranges"),
        pytest.param(" 3, 0 - 1 ", None, [0, 1, 3], id="spaces"),
        pytest.param(5, None, [5], id="a number"),
        pytest.param([6, "0-1", "1-2,6"], None, [0, 1, 2, 6], id="a list"),
        pytest.param((1, 0), None, [0, 1], id="a tuple"),
        pytest.param("all", 4, [0, 1, 2, 3], id="all"),
        pytest.param("all", "4", [0, 1, 2, 3], id="all of a text"),
        pytest.param(["all"], 2, [0, 1], id="all in a list"),
        pytest.param("all", 0, [], id="all of none"),
        pytest.param("65534", None, [65534], id="the last there can be"),
    ],
)
def test_vfs_become_numbers(vfs, bound, numbers):
    assert vf_list(vfs, bound) == numbers


@given(st.lists(parts, min_size=1, max_size=6))
def test_filter_and_modules_read_the_same(written):
    text = ",".join(written)
    expected = sorted(
        {index for part in written for index in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1)}
    )
    assert vf_list(text) == vf_list(written) == vf_list(text, 63) == expected
    assert parse_selector(text).indices(63) == parse_selector(written).indices(63) == expected


HOW = 'Remedy: write it as in 3, "0-3,7", [0, 1] or all.'


@pytest.mark.parametrize(
    ("vfs", "bound", "message"),
    [
        *(
            pytest.param(vfs, 4, f"vf_list: {vfs!r} is no list of VFs. {HOW}", id=f"no list: {vfs!r}")
            for vfs in (
                [],
                (),
                "",
                "a",
                "all,0",
                ["all", 0],
                [[0]],
                [0, "a"],
                "1-",
                "2-1",
                "0,,1",
                "0x1",
                -1,
                True,
                None,
                1.5,
                {"vf": 0},
                "9" * 5000,
            )
        ),
        pytest.param(
            "2-99999999999",
            4,
            "vf_list: '2-99999999999' names VF 4: there are 4 VFs, 0 to 3. Remedy: name others, or correct num_vfs.",
            id="beyond the last",
        ),
        pytest.param(
            7,
            4,
            "vf_list: 7 names VF 7: there are 4 VFs, 0 to 3. Remedy: name others, or correct num_vfs.",
            id="beyond",
        ),
        pytest.param(
            "0", 0, "vf_list: '0' names VF 0: there are 0 VFs. Remedy: name others, or correct num_vfs.", id="no VFs"
        ),
        pytest.param(
            "0-65535",
            None,
            "vf_list: '0-65535' names VF 65535: no device has more than 65535 VFs. Remedy: name others.",
            id="more than there can be",
        ),
        pytest.param(
            "all",
            None,
            "vf_list: 'all' of how many is not said. Remedy: give the number: vf_list(num_vfs=8).",
            id="all of how many",
        ),
        pytest.param(
            "0",
            -1,
            "vf_list: num_vfs -1 is not between 0 and 65535. Remedy: say how many there are.",
            id="a negative bound",
        ),
        pytest.param(
            "0",
            "many",
            "vf_list: num_vfs: 'many' is no number. Remedy: give a whole number, such as 3.",
            id="a bound that is no number",
        ),
    ],
)
def test_what_is_no_list_of_vfs_is_refused(vfs, bound, message):
    with pytest.raises(AnsibleFilterError) as refused:
        vf_list(vfs, bound)
    assert str(refused.value) == message
