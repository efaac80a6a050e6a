# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What netmap and PF_RING, which are not of the kernel, say of an interface and its driver. Pure."""

from __future__ import annotations

import typing as t

from ..model.paths import NETMAP_HOLDERS, pf_ring_interface
from .facts import Evidence

if t.TYPE_CHECKING:
    from ..knowledge.driver import Driver, VfDriver


def pf_ring_mode(interface: str, driver: str | None, mode: str | None) -> Evidence:
    """pf_ring.c ring_proc_dev_get_info prints "Polling Mode: NAPI/ZC" for an interface whose driver knows ZC.

    :param mode: what was read there; None: nothing.
    """
    file = pf_ring_interface(interface)
    if mode is None:
        return Evidence(False, f"{file}, which tells whether a driver does ZC, is not there")
    told = f"{file} says polling mode {mode}"
    return Evidence("ZC" in mode, told if "ZC" in mode else f"{told}: no ZC in {driver}")


def netmap_mode(driver: str | None, native: bool) -> Evidence:
    """Both do; which one it is decides about the price."""
    uses = f"driver {driver} {'uses it' if native else 'does not use it'} ({NETMAP_HOLDERS})"
    return Evidence(True, f"{uses}: {'native' if native else 'emulated'} mode")


def netmap_copy(known: Driver | VfDriver) -> str:
    """The price of the emulated mode, and whether it need be paid."""
    if known.name == "none":
        return "a copy per packet"
    patched = f"which netmap has for {known.name}" if known.netmap else f"and netmap has none for {known.name}"
    return f"a copy per packet: full speed needs a patched driver, {patched}"
