# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Options about queues for AF_XDP to what is desired of them. Nothing here touches the host."""

from __future__ import annotations

import typing as t

from .._sriov.errors import InvalidRequest
from .._sriov.model.xsk import NAPI, DesiredXsk
from .options import XSK_OPTIONS, filled

if t.TYPE_CHECKING:
    from .._sriov.faults import Faults
    from .options import Params

# net/core/net-sysfs.c: change_napi_defer_hard_irqs() takes up to S32_MAX, gro_flush_timeout is an unsigned long.
MOST = {"napi_defer_hard_irqs": (1 << 31) - 1, "gro_flush_timeout": (1 << 32) - 1}


def desired_xsk(options: Params | None, place: str, faults: Faults) -> DesiredXsk | None:
    """None where nothing is said.

    :param place: what stands before the options where they are named: "pfs[0].xsk.".
    """
    if options is None:
        return None
    given = filled(XSK_OPTIONS, options)
    absent, queues = given["state"] == "absent", given["queues"] or []
    if not absent and not queues:
        what = f"{place}queues: none is named"
        faults.add(InvalidRequest(what, remedy="name the queues that sockets shall have, or say state: absent"))
    for number, queue in enumerate(queues):
        if queue < 0:
            faults.add(InvalidRequest(f"{place}queues[{number}]: {queue} is negative", remedy="queues count from 0 on"))
    values = {word: given[word] for word in NAPI if given[word] is not None}
    for word, value in values.items():
        if not 0 <= value <= MOST[word]:
            faults.add(InvalidRequest(f"{place}{word}: {value} is not between 0 and {MOST[word]}", remedy="give one"))
    if absent:
        return DesiredXsk(absent=True, napi_to_zero=values, place=place)
    named = tuple(sorted({queue for queue in queues if queue >= 0}))
    return DesiredXsk(named, given["group"], given["mode"], values, place=place)
