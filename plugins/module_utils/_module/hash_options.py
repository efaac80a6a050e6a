# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options of the RSS hash: its key, its function and its fields, each judged by itself."""

from __future__ import annotations

import re
import typing as t

from .._sriov.errors import InvalidRequest
from .._sriov.model.rss_hash import HASHED_FLOWS, Hash, field_bits

if t.TYPE_CHECKING:
    from .._sriov.faults import Faults

HASH_OPTIONS: dict[str, dict[str, t.Any]] = {
    "hash_key": {"type": "str", "no_log": False},  # no secret: everybody may read it (ethtool -x)
    "hash_function": {"type": "str", "choices": ["toeplitz", "xor", "crc32"]},
    "hash_fields": {"type": "dict", "options": {flow_type: {"type": "str"} for flow_type in HASHED_FLOWS}},
}
KEY = re.compile("[0-9a-f]{2}(:[0-9a-f]{2})*")


def desired_hash(given: dict[str, t.Any], place: str, faults: Faults) -> Hash:
    """What is wrong is gathered, and left out.

    :param given: all of HASH_OPTIONS, None for those that are left out.
    :param place: what stands before the options where they are named: "pfs[0].rss.".
    """
    key = given["hash_key"]
    if key is not None:
        key = key.lower()
        if not KEY.fullmatch(key):
            what = f"{place}hash_key: {given['hash_key']!r} is no hash key"
            why, remedy = "it is hexadecimal bytes with colons between them", 'write it as in "6d:5a:6d:5a", in quotes'
            faults.add(InvalidRequest(what, why=why, remedy=remedy))
            key = None
    fields = {}
    for flow_type, letters in (given["hash_fields"] or {}).items():
        if letters is not None:
            try:
                fields[flow_type] = field_bits(letters)
            except ValueError as error:
                what = f"{place}hash_fields.{flow_type}: {letters!r} names no fields"
                faults.add(InvalidRequest(what, why=str(error), remedy="write them as in sdfn"))
    return Hash(key, given["hash_function"], fields)
