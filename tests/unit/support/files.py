# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's files as the code under test reads them, from plain data."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.kernel.sysfs import Sysfs

from ..simulation.tree import build


def sysfs(root, *parts):
    """Below this root; a file in a later part counts."""
    return Sysfs(build(root, {name: value for part in parts for name, value in part.items()}))
