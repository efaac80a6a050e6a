# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Reads which MAC addresses VFs were given: asked only where VFs are created again, or were."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..model.mac import ZERO

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.desired import DesiredPf
    from ..model.host import Device, Netdev, Pf, State


def with_given_addresses(kernel: Kernel, pf: Pf, desired: DesiredPf) -> Pf:
    """The PF; where its VFs may be created again, the permanent address of each one's interfaces is the one that its
    driver found at the PF, or "" where it found none (`ip` does not tell a random one from it)."""
    return pf if desired.num_vfs in (None, 0, pf.num_vfs) else with_given(kernel, pf)


def with_owed_addresses(kernel: Kernel, state: State) -> State:
    """The same of PFs whose VFs an earlier run owes an address: one that somebody has given them since then stays."""
    for pf, taken in state.taken.items():
        if pf in state.pfs and any("mac" in kept.said for kept in taken.vfs):
            state = state.with_pf(with_given(kernel, state.pfs[pf]))
    return state


def with_addresses_to_record(kernel: Kernel, state: State) -> State:
    """The same of PFs that have no record yet: which address was given is part of it."""
    for address, pf in state.pfs.items():
        state = state if address in state.records else state.with_pf(with_given(kernel, pf))
    parents = {
        address: pf if address in state.records else with_given(kernel, pf) for address, pf in state.parents.items()
    }
    return state._replace(parents=parents)


def with_given(kernel: Kernel, pf: Pf) -> Pf:
    return replace(pf, vfs=tuple(_with_given_addresses(kernel, vf) for vf in pf.vfs))


def _with_given_addresses(kernel: Kernel, vf: Device) -> Device:
    return replace(vf, netdevs=tuple(_with_given_address(kernel, netdev) for netdev in vf.netdevs))


def _with_given_address(kernel: Kernel, netdev: Netdev) -> Netdev:
    given = kernel.ethtool.permanent_mac(netdev.name)
    return replace(netdev, perm_mac="" if given in (None, ZERO) else str(given))
