# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""The files of a prepared host that are ours, as they shall be. Pure."""

from __future__ import annotations

import typing as t

from .dpdk import LIMITS as FOLDER_OF_LIMITS
from .dpdk import memlock_line
from .paths import node_pages

if t.TYPE_CHECKING:
    from .platform import Pages

MODULES = "/etc/modules-load.d/kernel-bypass-sriov.conf"
LIMITS = f"{FOLDER_OF_LIMITS}/kernel-bypass-sriov.conf"
PAGES_AT_BOOT = "/etc/tmpfiles.d/kernel-bypass-sriov.conf"
IRQS = "/etc/systemd/system/irqbalance.service.d/kernel-bypass-sriov.conf"
OURS = (MODULES, LIMITS, PAGES_AT_BOOT, IRQS)
WRITTEN = "# Written by kernel_bypass.sriov.platform, which also removes it.\n"


def modules_text(names: t.Sequence[str]) -> str | None:
    """modules-load.d(5)."""
    return WRITTEN + "".join(f"{name}\n" for name in names) if names else None


def limits_text(group: str) -> str | None:
    """limits.d, of pam_limits: for log-ins. A unit of systemd has LimitMEMLOCK= instead."""
    if not group:
        return None
    return f"{WRITTEN}# For log-ins. Units of systemd need LimitMEMLOCK=infinity.\n{memlock_line(group)}"


def pages_text(pages: t.Sequence[Pages]) -> str | None:
    """tmpfiles.d(5): a line writes a number, by node. Nobody reads it back there."""
    lines = [f"w {node_pages(each.node, each.size_kb)} - - - - {each.number}\n" for each in pages]
    return WRITTEN + "".join(lines) if lines else None


def irqs_text(cpus: str) -> str | None:
    """systemd.exec(5): for irqbalance 1.8 and later."""
    return f"{WRITTEN}[Service]\nEnvironment=IRQBALANCE_BANNED_CPULIST={cpus}\n" if cpus else None
