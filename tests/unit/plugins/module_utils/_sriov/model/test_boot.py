# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A generation is named by what is in it."""

from __future__ import annotations

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.boot import generation

FILES, ELSEWHERE = {"engine/a.py": "a", "desired.json": "{}"}, {"/etc/unit": "unit"}


def test_the_name_is_of_twelve_digits_and_the_same_in_any_order():
    one = generation(FILES, ELSEWHERE)
    other = generation(dict(reversed(FILES.items())), ELSEWHERE)
    assert one.name == other.name == "aa30172b6ce4"
    assert one.elsewhere == ELSEWHERE
    assert generation(one.files, {}).name == one.name, "also when it is read from the disk"


@pytest.mark.parametrize(
    ("files", "elsewhere"),
    [
        ({**FILES, "engine/a.py": "b"}, ELSEWHERE),
        ({**FILES, "engine/b.py": ""}, ELSEWHERE),
        ({"engine/a.py": "a"}, ELSEWHERE),
        (FILES, {"/etc/unit": "another"}),
        (FILES, {}),
    ],
)
def test_whatever_differs_is_another_one(files, elsewhere):
    assert generation(files, elsewhere).name != generation(FILES, ELSEWHERE).name
