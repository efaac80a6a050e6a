# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection: it can change at any time.
"""What the filters share: how they refuse, and how they read numbers that templates may have made into texts."""

from __future__ import annotations

import functools
import re
import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._sriov.errors import InvalidRequest

NUMBER = re.compile(r"\s*(?:-?[0-9]+|0x[0-9a-f]+)\s*", re.IGNORECASE)

Filter = t.Callable[..., t.Any]


def refusing(function: Filter) -> Filter:
    """A filter whose InvalidRequest becomes Ansible's own error, with value, reason and remedy in one sentence each."""

    @functools.wraps(function)
    def filtered(*arguments: t.Any, **options: t.Any) -> t.Any:
        try:
            return function(*arguments, **options)
        except InvalidRequest as error:
            raise AnsibleFilterError(str(error)) from None

    return filtered


def integer(value: t.Any, what: str) -> int:
    """A number, or a text that is one: "7", "0x100000000".

    :param what: the filter, and the argument if it has several, for the message.
    :raises InvalidRequest: it is neither; true and false are no numbers.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return int(value, 16 if "x" in value.lower() else 10)
    raise InvalidRequest(f"{what}: {value!r} is no number", remedy="give a whole number, such as 3")
