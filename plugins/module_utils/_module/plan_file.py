# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The text of a saved plan: the same on the controller, which has the file, and on the host, which compares."""

from __future__ import annotations

import json
import typing as t

# Above all else of ours: zip_once says why.
from . import zip_once  # noqa: F401  # pylint: disable=unused-import

# isort: split
from .._sriov.errors import InvalidRequest
from .words import described

if t.TYPE_CHECKING:
    from .._sriov.saved_plan import Saved

# What is needed for few runs is imported in functions: reading it takes a while.


def check_path(value: t.Any) -> None:
    """:raises InvalidRequest: Ansible would make a text of it, and a file of that name would be written."""
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(
            f"plan_file: {described(value)}, where the name of a file is expected",
            remedy="write it as in plan_file: plans/{{ inventory_hostname }}.json",
        )


def as_text(plan: Saved) -> str:
    """For people, and for the difference of two: the same plan is the same text.

    In ASCII: what is not printable in a name would be escaped once more on its way to the controller (all_printable).
    """
    from .._sriov.model.plain import natural

    return json.dumps(natural(plan), indent=2) + "\n"


def parsed(text: str, name: str = "what was given") -> Saved:
    """:param name: the file's.

    :raises InvalidRequest: it is no plan, or not one that can be compared with ours.
    """
    from .._sriov.saved_plan import AGAIN, SCHEMA, understood

    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"plan_file: {name} is damaged", why=f"it is no JSON ({error})", remedy=AGAIN) from None
    if not isinstance(value, dict) or "schema" not in value:
        raise InvalidRequest(f"plan_file: {name} is no plan of this collection", remedy="name another file")
    if value["schema"] != SCHEMA:
        raise InvalidRequest(
            f"plan_file: {name} is of schema {value['schema']!r}",
            why=f"this version of the collection has schema {SCHEMA}",
            remedy=AGAIN,
        )
    if not understood(value):
        raise InvalidRequest(f"plan_file: {name} is damaged", why="a part of it is missing", remedy=AGAIN)
    return t.cast("Saved", value)
