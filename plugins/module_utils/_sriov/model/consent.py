# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a user allows to be lost: the words of option `allow`. Each is for one kind of act. Data only."""

from __future__ import annotations

DESTROY_VFS = "destroy_vfs"
IN_USE = "in_use"
LINK_RESET = "link_reset"
TAKE_PF = "take_pf"
BIFURCATED = "bifurcated"
GENERIC_XDP = "generic_xdp"

CONSENTS = (DESTROY_VFS, IN_USE, LINK_RESET, TAKE_PF, BIFURCATED, GENERIC_XDP)
