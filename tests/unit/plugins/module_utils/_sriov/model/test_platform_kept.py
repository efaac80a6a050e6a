# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept of arguments and hugepages comes back as it was; what is not ours is refused."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform import Owned, Pages, Stored
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.platform_kept import (
    arguments_text,
    platform_text,
    to_owned,
    to_stored,
)

OWNED = (Owned("intel_iommu=on", "intel_iommu=off"), Owned('dyndbg="file x +p"'))
STORED = Stored((Pages(0, 2048, 512), Pages(-1, 1048576, 0)), (Pages(0, 2048, 8),))


def test_both_come_back_as_they_were():
    assert to_owned(arguments_text(OWNED)) == OWNED
    assert to_stored(platform_text(STORED)) == STORED


def test_arguments_are_written_as_other_programs_read_them():
    first = json.loads(arguments_text(OWNED))["arguments"][0]
    assert first == {"token": "intel_iommu=on", "replaced": "intel_iommu=off"}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"schema": 2, "pages": [], "before": []},
        {"schema": 1, "pages": {}},
        {"schema": 1, "pages": [1], "before": []},
        {"schema": 1, "pages": [{"node": 0}], "before": []},
        {"schema": 1, "pages": [{"node": 0, "size_kb": 2048, "number": -1}], "before": []},
        {"schema": 1, "pages": [{"node": 0, "size_kb": 2048, "number": True}], "before": []},
    ],
)
def test_what_is_none_of_ours_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        to_stored(json.dumps(value))
    with pytest.raises(ValueError, match=r"."):
        to_owned(json.dumps(value))


def test_a_text_that_is_no_json_too():
    with pytest.raises(ValueError, match="Expecting"):
        to_stored("{")
