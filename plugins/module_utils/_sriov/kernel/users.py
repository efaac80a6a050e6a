# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Names of users and groups to their numbers."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest

ROLE = "kernel_bypass.sriov.dpdk"  # creates the group that may open vfio's nodes
MOST = (1 << 32) - 2  # chown(2) takes the number after it for "leave it as it is"


def user_number(name: str | int | None) -> int | None:
    """`id -u NAME`; a number stays one.

    :raises InvalidRequest: there is no such user on this host.
    """
    return _number("owner", "user", name, _uid, "create it first, or name another")


def group_number(name: str | int | None, option: str = "group") -> int | None:
    """`getent group NAME`; a number stays one.

    :param option: how the option is called.

    :raises InvalidRequest: there is no such group on this host.
    """
    return _number(option, "group", name, _gid, f"create it first (role {ROLE} does), or name another")


def user_label(number: int) -> str:
    """ "1000 (alice)"; the number alone where it has no name."""
    import pwd

    try:
        return f"{number} ({pwd.getpwuid(number).pw_name})"
    except KeyError:
        return str(number)


def _uid(name: str) -> int:
    import pwd

    return pwd.getpwnam(name).pw_uid


def _gid(name: str) -> int:
    import grp

    return grp.getgrnam(name).gr_gid


def _number(option: str, kind: str, name: str | int | None, look_up: t.Callable[[str], int], remedy: str) -> int | None:
    if name is None or isinstance(name, int):
        return name
    if name.isascii() and name.isdigit():
        number = int(name)
        if number > MOST:
            raise InvalidRequest(f"{option}: {name} is no number of a {kind}", remedy=f"give 0 to {MOST}, or a name")
        return number
    try:
        return look_up(name)
    except (KeyError, ValueError):  # the latter for characters that no name has
        raise InvalidRequest(f"{option}: there is no {kind} {name!r} on this host", remedy=remedy) from None
