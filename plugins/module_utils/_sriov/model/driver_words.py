# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Words that people write for a driver, and what it is called. Pure."""

from __future__ import annotations

from .desired import DEFAULT, NONE

VFIO, UIO, IGB_UIO = "vfio-pci", "uio_pci_generic", "igb_uio"
# In lower case, with _ for -: a module and its driver often differ by that alone.
WORDS = {
    "vfio": VFIO,
    "vfio_pci": VFIO,
    "dpdk": VFIO,
    "uio": UIO,
    "uio_pci_generic": UIO,
    "igb_uio": IGB_UIO,
    "kernel": DEFAULT,
    "default": DEFAULT,
    "unbound": NONE,
    "none": NONE,
    "off": NONE,
    "no": NONE,
    "false": NONE,  # what YAML makes of off and no without quotes
}


def right_word(name: str) -> str | None:
    """What a driver is called that is written so; None where that is not known, or it is called so."""
    word = WORDS.get(name.strip().lower().replace("-", "_"))
    return None if word == name else word
