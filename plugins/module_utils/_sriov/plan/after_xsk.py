# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What steps for queues of AF_XDP lead to: a part of after.py. Pure: no I/O, no clock."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..knowledge.queues import queues_after_reopening
from ..model.xsk import GENERIC, OUR_PROGRAM, Attached, Pins, Xsk

if t.TYPE_CHECKING:
    from ..model.host import Pf, State
    from ..steps import xsk


def pin_program(state: State, step: xsk.PinProgram) -> State:
    return _with_xsk(state, step.address, pins=Pins(True, step.group))


def unpin(state: State, step: xsk.Unpin) -> State:
    return _with_xsk(state, step.address, pins=None)


def set_map_group(state: State, step: xsk.SetMapGroup) -> State:
    return _with_xsk(state, step.address, pins=Pins(True, step.group))


def attach(state: State, step: xsk.AttachXdp) -> State:
    attached = Attached(0, OUR_PROGRAM, step.mode, ours=True, pinned=True)
    return _with_program(_with_xsk(state, step.address, attached=attached), step.address, step.mode, OUR_PROGRAM)


def detach(state: State, step: xsk.DetachXdp) -> State:
    return _with_program(_with_xsk(state, step.address, attached=None), step.address, step.mode, "")


def set_napi(state: State, step: xsk.SetNapi) -> State:
    return _with_xsk(state, step.address, napi={**_xsk(state.pfs[step.address]).napi, step.word: step.value})


def _with_program(state: State, address: str, mode: str, name: str) -> State:
    """In the driver it is as another number of channels is (ixgbe_main.c ixgbe_xdp_setup, ixgbe_setup_tc): one that
    closes and opens for it drops rules and table, and others keep them."""
    pf, native = state.pfs[address], mode != GENERIC
    netdev = pf.device.netdev
    if netdev is None:
        return state
    queues = queues_after_reopening(pf, pf.num_vfs, pf.combined) if native else pf.queues
    there = replace(netdev, xdp=native and bool(name), xdp_generic=not native and bool(name), xdp_number=0)
    device = pf.device.with_netdev(replace(there, xdp_name=name))
    return state.with_pf(replace(pf, device=device, queues=queues))


def _with_xsk(state: State, address: str, **changes: t.Any) -> State:
    pf = state.pfs[address]
    return state.with_pf(replace(pf, xsk=_xsk(pf)._replace(**changes)))


def _xsk(pf: Pf) -> Xsk:
    return pf.xsk or Xsk()
