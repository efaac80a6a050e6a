# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Functions at which the kernel still is for an earlier run: who asks it about them waits as well."""

from __future__ import annotations

import typing as t

from ..errors import InUse

LETS_GO = "find what it waits for (dmesg names a vfio user), and end that; nothing else lets the kernel go on"

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..errors import SriovError
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired


def without_blocked(kernel: Kernel, located: Desired, blocked: Mapping[str, str]) -> tuple[Desired, list[SriovError]]:
    """What can be looked at, and refusals of the rest.

    :param blocked: the reason by PCI address.
    """
    if not blocked:
        return located, []
    refused = {each.pf: blocked[each.pf] for each in located.pfs if each.pf in blocked}
    for each in located.devices:
        reason = blocked.get(each.device) or blocked.get(kernel.pci.physfn(each.device) or "")
        if reason:
            refused[each.device] = reason
    pfs = tuple(each for each in located.pfs if each.pf not in refused)
    devices = tuple(each for each in located.devices if each.device not in refused)
    return located._replace(pfs=pfs, devices=devices), [
        _refusal(address, reason) for address, reason in refused.items()
    ]


def _refusal(address: str, reason: str) -> InUse:
    return InUse(
        f"{address} cannot be changed now",
        why=reason,
        remedy=LETS_GO,
        holders=[reason],
    )
