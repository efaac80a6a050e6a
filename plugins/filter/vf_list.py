# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VFs as they are written in options, as a list of indices."""

from __future__ import annotations

import typing as t

from ..module_utils._sriov.errors import InvalidRequest
from ..module_utils._sriov.model.selector import HOW_TO_WRITE, Selector, parse_selector
from ..plugin_utils._filters import integer, refusing

MAX_VFS = 65535  # PCIe's TotalVFs has 16 bits


@refusing
def vf_list(vfs: t.Any, num_vfs: t.Any = None) -> list[int]:
    """ "0-3,7" is [0, 1, 2, 3, 7]."""
    bound = None if num_vfs is None else integer(num_vfs, "vf_list: num_vfs")
    if bound is not None and not 0 <= bound <= MAX_VFS:
        raise InvalidRequest(
            f"vf_list: num_vfs {bound} is not between 0 and {MAX_VFS}", remedy="say how many there are"
        )
    selector = _selector(vfs)
    if selector.ranges is None and bound is None:
        raise InvalidRequest(f"vf_list: {vfs!r} of how many is not said", remedy="give the number: vf_list(num_vfs=8)")
    limit = MAX_VFS if bound is None else bound
    beyond = selector.beyond(limit)
    if beyond is not None:
        there_are = f"there are {limit} VFs" + (f", 0 to {limit - 1}" if limit else "")
        there_are = "there is 1 VF, 0" if limit == 1 else there_are
        raise InvalidRequest(
            f"vf_list: {vfs!r} names VF {beyond}",
            why=f"no device has more than {limit} VFs" if bound is None else there_are,
            remedy="name others" if bound is None else "name others, or correct num_vfs",
        )
    return selector.indices(limit)


def _selector(vfs: t.Any) -> Selector:
    try:
        return parse_selector(list(vfs) if isinstance(vfs, tuple) else vfs)
    except ValueError:
        raise InvalidRequest(f"vf_list: {vfs!r} is no list of VFs", remedy=HOW_TO_WRITE) from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"vf_list": vf_list}
