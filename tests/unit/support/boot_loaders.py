# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module platform on hosts with one boot loader or another, and what it has run there."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.modules import platform

from .modules import run_module

WRITERS = ("grubby", "update-bootloader", "sdbootutil", "kernel-install", "update-grub")


def run(kernel, **options):
    return run_module(platform, kernel, modules=[], **options)


def done(kernel):
    """Commands that changed something, as they were run."""
    return [call for call in kernel.run.calls if call.startswith(WRITERS) and "--info" not in call]
