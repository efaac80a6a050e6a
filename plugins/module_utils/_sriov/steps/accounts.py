# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Steps on accounts of a host, and what tells systemd of its files."""

from __future__ import annotations

import typing as t


class CreateGroup(t.NamedTuple):
    """A system group: `groupadd --system`."""

    group: str

    def __str__(self) -> str:
        return f"create group {self.group}"


class CreateUser(t.NamedTuple):
    """A system user with a group of its own name, whom nobody logs in as: `useradd --system`.

    :param group_is_there: useradd refuses to make it then.
    """

    user: str
    group_is_there: bool = False

    def __str__(self) -> str:
        return f"create user {self.user}"


class AddToGroup(t.NamedTuple):
    """A user beside those who are in it: `gpasswd --add`."""

    user: str
    group: str

    def __str__(self) -> str:
        return f"put user {self.user} into group {self.group}"


class ReloadUnits(t.NamedTuple):
    """`systemctl daemon-reload`: what runs goes on as it is."""

    def __str__(self) -> str:
        return "have systemd read its units again"


AccountStep = t.Union[CreateGroup, CreateUser, AddToGroup, ReloadUnits]
