# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where VFs will be."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import NotKnown
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.function import vf_addresses


@pytest.mark.parametrize(
    ("pf", "offset", "stride", "count", "addresses"),
    [
        pytest.param("0000:01:00.0", 128, 2, 2, ["0000:01:10.0", "0000:01:10.2"], id="82599, first port"),
        pytest.param("0000:01:00.1", 128, 2, 2, ["0000:01:10.1", "0000:01:10.3"], id="82599, second port"),
        pytest.param("0000:01:00.0", 384, 2, 1, ["0000:02:10.0"], id="82576: on the next bus"),
        pytest.param("10000:01:00.0", 248, 4, 3, ["10000:01:1f.0", "10000:01:1f.4", "10000:02:00.0"], id="crossing"),
        pytest.param("0000:01:00.0", 1, 0, 1, ["0000:01:00.1"], id="one needs no stride"),
        pytest.param("0000:01:00.0", 0, 0, 0, [], id="none"),
        pytest.param("0000:ff:00.0", 254, 1, 2, ["0000:ff:1f.6", "0000:ff:1f.7"], id="the last there are"),
    ],
)
def test_addresses(pf, offset, stride, count, addresses):
    assert vf_addresses(pf, offset, stride, count) == addresses


@pytest.mark.parametrize(
    ("pf", "offset", "stride", "count"),
    [
        pytest.param("0000:01:00.0", 0, 2, 1, id="VF 0 would be the PF"),
        pytest.param("0000:01:00.0", 128, 0, 2, id="all would be one"),
        pytest.param("0000:ff:00.0", 254, 1, 3, id="beyond the last bus"),
    ],
)
def test_where_no_vf_can_be(pf, offset, stride, count):
    with pytest.raises(NotKnown, match=f"sriov_offset says {offset} and its sriov_stride {stride}"):
        vf_addresses(pf, offset, stride, count)
