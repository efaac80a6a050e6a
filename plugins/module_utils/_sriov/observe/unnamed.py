# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""VFs of the host that a desired state does not speak of."""

from __future__ import annotations

import typing as t

from ..model.vfs import desired_by_vf

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired
    from ..model.host import State


def unnamed_vfs(kernel: Kernel, state: State, desired: Desired) -> list[dict[str, t.Any]]:
    """Return values, one for each PF that has such VFs, by PCI address.

    :param state: the host as it is, or is predicted to be.
    :param desired: located.
    """
    spoken_of = {each.pf: {*desired_by_vf(each.vfs, state.pfs[each.pf].num_vfs)} for each in desired.pfs}
    found = []
    for address in kernel.pci.pfs():
        if address in state.pfs:
            pf = state.pfs[address]
            vfs, name = set(range(pf.num_vfs)), pf.device.netdev.name if pf.device.netdev else None
        else:
            vfs = {*kernel.pci.virtual_functions(address).values()}
            name = next(iter(kernel.pci.interfaces(address)), None) if vfs else None
        left = sorted(vfs - spoken_of.get(address, set()))
        if left:
            found.append({"pf": name, "pci_address": address, "vfs": left})
    return found
