# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no plan that could be compared with."""

from __future__ import annotations

import json

import pytest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._module.plan_file import as_text, parsed
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.errors import InvalidRequest
from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.printable import all_printable

PLAN = {"schema": 1, "desired": {}, "facts": {"10": {}, "9": {}}, "steps": ["a", "ü"]}
AGAIN = "Remedy: run it in check mode (--check), and review the plan that this writes."


def test_a_text_is_the_plan_again():
    text = as_text(PLAN)
    assert parsed(text) == PLAN
    assert text.index('"9"') < text.index('"10"') and text.isascii() and text.endswith("}\n")


@pytest.mark.parametrize("name", ["soft\xadhyphen", "\x80\x9f", "a\x1b[2J", "back\\slash", "\u2028", "\udcff"])
def test_a_name_of_any_characters_comes_to_the_controller_as_it_is(name):
    plan = {**PLAN, "facts": {name: [name]}}
    assert parsed(all_printable({"plan_file": as_text(plan)})["plan_file"]) == plan


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "/x is damaged: it is no JSON (Expecting value: line 1 column 1 (char 0))."),
        ('{"schema": 1', "/x is damaged: it is no JSON (Expecting ',' delimiter: line 1 column 13 (char 12))."),
        ("[" * 100000, "/x is damaged: it is no JSON ("),
        ("[]", "/x is no plan of this collection. Remedy: name another file."),
        ('{"a": 1}', "/x is no plan of this collection. Remedy: name another file."),
        ('{"schema": 2}', f"/x is of schema 2: this version of the collection has schema 1. {AGAIN}"),
        ('{"schema": "1"}', f"/x is of schema '1': this version of the collection has schema 1. {AGAIN}"),
        (json.dumps({**PLAN, "steps": {}}), f"/x is damaged: a part of it is missing. {AGAIN}"),
        ('{"schema": 1, "facts": {}, "steps": []}', f"/x is damaged: a part of it is missing. {AGAIN}"),
    ],
)
def test_what_is_none_is_refused_by_its_name(text, told):
    with pytest.raises(InvalidRequest) as refused:
        parsed(text, "/x")
    assert str(refused.value).startswith(f"plan_file: {told.rstrip('.')}")
