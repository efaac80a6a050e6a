# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Performs steps on accounts, by the distribution's own programs."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused
from ..steps.accounts import AddToGroup, CreateGroup, CreateUser

if t.TYPE_CHECKING:
    from ..kernel.link import Run
    from ..steps.accounts import AccountStep

NO_SHELL = "/usr/sbin/nologin"


def change_account(step: AccountStep, run: Run) -> None:
    """:raises KernelRefused: the program says no."""
    argv = _argv(step)
    code, _out, error = run(argv)
    if code:
        why = error.strip() or f"{argv[0]} ended with status {code}"
        raise KernelRefused(f"cannot {step}", why=why, remedy=f"try `{' '.join(argv)}` by hand")


def _argv(step: AccountStep) -> list[str]:
    if isinstance(step, CreateGroup):
        return ["groupadd", "--system", step.group]
    if isinstance(step, CreateUser):
        group = ["--gid", step.user] if step.group_is_there else ["--user-group"]
        return ["useradd", "--system", *group, "--no-create-home", "--shell", NO_SHELL, step.user]
    if isinstance(step, AddToGroup):
        return ["gpasswd", "--add", step.user, step.group]  # usermod knows no users of LDAP
    return ["systemctl", "daemon-reload"]
