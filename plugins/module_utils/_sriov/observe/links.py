# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Waits for a link that somebody has just taken away: a PF that was reset is up again before its link is."""

from __future__ import annotations

import typing as t

from ..kernel.deadline import Deadline
from ..knowledge.queues import driver_of
from ..model.vfs import desired_by_vf

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.desired import Desired, DesiredPf
    from ..model.host import Netdev, Pf, State

# A copper port negotiates for some seconds after a reset, which another number of VFs, or filters turned on, can bring.
SETTLES = 10.0


def links_came(kernel: Kernel, desired: Desired, state: State, timeout: float) -> bool:
    """Wait for the links without which rates of VFs would be refused.

    :param desired: located.
    :param timeout: seconds; SETTLES at most are used of it.
    :returns: whether one came: the host is another than the state says.
    """
    deadline = Deadline(min(SETTLES, timeout))
    waiting = [each.pf for each in desired.pfs if _waits(state.pfs[each.pf], each)]
    came = [_came(kernel, state.pfs[address], deadline) for address in waiting]
    return any(came)


def _waits(pf: Pf, desired: DesiredPf) -> bool:
    netdev = pf.device.netdev
    if netdev is None or not netdev.up or netdev.carrier or not _needs_link(pf):
        return False
    wishes = desired_by_vf(desired.vfs, pf.num_vfs if desired.num_vfs is None else desired.num_vfs)
    return any(_is_new(pf, index, each.attributes.max_tx_rate) for index, each in wishes.items())


def _needs_link(pf: Pf) -> bool:
    rates = driver_of(pf).vf_support.rates
    return bool(rates and rates.needs_link)


def _is_new(pf: Pf, index: int, rate: int | None) -> bool:
    """A VF that is not there yet has none."""
    had = pf.vfs[index].attributes if index < len(pf.vfs) else None
    return rate is not None and rate != (had.max_tx_rate if had else 0)


def _came(kernel: Kernel, pf: Pf, deadline: Deadline) -> bool:
    name = t.cast("Netdev", pf.device.netdev).name
    return deadline.reached(lambda: kernel.interfaces.carrier(name))
