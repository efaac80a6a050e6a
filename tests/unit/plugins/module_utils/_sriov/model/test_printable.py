# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that others have chosen."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.printable import all_printable, printable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("enp1s0", "enp1s0"),
        ("é '\"", "é '\""),
        ("a\x1b[2J", "a\\x1b[2J"),
        ("a\nb", "a\\nb"),
        ("\udcff", "\\udcff"),
    ],
    ids=["usual", "quotes", "of a terminal", "a line end", "no UTF-8"],
)
def test_a_name_is_shown_so_that_it_does_nothing(name, shown):
    assert printable(name) == shown


def test_a_result_keeps_its_lines_and_its_shape():
    found = {"msg": "two\nlines\x07", "names": ["a\udcff", 3, None, True], "b\0": {"c": ("d",)}}
    shown = all_printable(found)
    assert shown == {"msg": "two\nlines\\x07", "names": ["a\\udcff", 3, None, True], "b\\x00": {"c": ["d"]}}
    assert json.dumps(shown, ensure_ascii=False).encode()
