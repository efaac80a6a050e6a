# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report without what tells whose it is."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ..module_utils._sriov.errors import InvalidRequest
from ..plugin_utils._filters import refusing
from ..plugin_utils._pseudonyms import Pseudonyms

# Texts in which dots between numbers are those of a version. Everything else is looked for in them as well.
VERSIONS = ("firmware_version", "version", "kernel", "collection")


@refusing
def anonymous(report: t.Any, names: t.Any = None) -> t.Any:
    """ "00:1b:21:00:00:01 of packet1" is "<mac-1> of <host-1>"."""
    given = [] if names is None else names
    if isinstance(given, (str, Mapping)) or not all(isinstance(name, str) for name in given):
        raise InvalidRequest(f"anonymous: names {names!r} is no list of texts", remedy='write it as in ["packet1"]')
    return _hidden(report, Pseudonyms(given))


def _hidden(value: t.Any, pseudonyms: Pseudonyms, key: t.Any = None) -> t.Any:
    if isinstance(value, str):
        return pseudonyms.hide(value, keep_dotted=key in VERSIONS)
    if isinstance(value, Mapping):
        return {_key(each, pseudonyms): _hidden(below, pseudonyms, each) for each, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [_hidden(each, pseudonyms, key) for each in value]
    return value


def _key(key: t.Any, pseudonyms: Pseudonyms) -> t.Any:
    """A key that is a word of a report stays one, also where a host has that name."""
    return pseudonyms.hide(key, names=False) if isinstance(key, str) else key


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"anonymous": anonymous}
