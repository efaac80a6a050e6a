# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of role and playbook provision, and those that only look like them."""

from __future__ import annotations

import typing as t

from ..module_utils._module.words import closest
from ..module_utils._sriov.errors import InvalidRequest

PREFIX = "provision_"
SOURCES = ("provision_pfs", "provision_pfs_group", "provision_pfs_host")
TO_SET = (
    *SOURCES,
    "provision_allow",
    "provision_timeout",
    "provision_hosts",
    "provision_serial",
    "provision_max_fail_percentage",
)
OF_THE_ROLE = ("provision_merged", "provision_origins", "provision_result")
ALIKE = 0.9  # of difflib: one letter of a name is wrong, or two


def misspelt(names: t.Iterable[str]) -> list[InvalidRequest]:
    """A refusal for each name that is meant as one of the variables, and is none."""
    return [_unknown(name) for name in sorted({*names} - {*TO_SET, *OF_THE_ROLE}) if _meant(name)]


def _meant(name: str) -> bool:
    return name.startswith(PREFIX) or bool(closest(name, TO_SET, ALIKE))


def _unknown(name: str) -> InvalidRequest:
    own = name[name.find("_") + 1 :]  # the prefix alone makes all of them alike
    near = closest(own, [each[len(PREFIX) :] for each in TO_SET])
    if near:
        return InvalidRequest(f"{name}: unknown, did you mean {PREFIX}{near}?")
    return InvalidRequest(
        f"{name}: unknown",
        why=f"variables that begin with {PREFIX} are those of role provision",
        remedy=f"use one of {', '.join(TO_SET)}, or another name",
    )
