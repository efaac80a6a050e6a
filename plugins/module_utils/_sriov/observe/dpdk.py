# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a host has of what programs with DPDK need: accounts, limits, drop-ins, and Debian's dpdk.service."""

from __future__ import annotations

import typing as t

from ..errors import NotKnown
from ..model.dpdk import (
    DEBIAN,
    DROP_IN,
    LIMITS,
    LIMITS_FILE,
    LIMITS_OF_ALL,
    QUEUE_DROP_IN,
    QUEUE_WRITTEN,
    SERVICE_LINK,
    SERVICE_SETTINGS,
    SERVICE_SHIPPED,
    WRITTEN,
    DpdkService,
    FoundDpdk,
    LeftOfDpdk,
    active_lines,
    drop_ins,
    gives_memlock,
)
from ..model.paths import BOOT_UNIT, NOTHING, UNIT_FILES

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.dpdk import DesiredDpdk

NO_SUCH_KEY = 2  # of getent(1)
NO_SUCH_USER = 1  # of id(1)


def observe_dpdk(kernel: Kernel, desired: DesiredDpdk) -> FoundDpdk:
    """:raises SriovError: something is there and cannot be read, or accounts cannot be asked for."""
    etc = kernel.etc
    groups = {user: _groups(kernel, user) for user in desired.users}
    return FoundDpdk(
        _has_group(kernel, desired.group),
        groups,
        _limits(kernel, desired.group) if desired.memlock else None,
        {path: etc.read(path) for path in drop_ins(desired)},
        _known(kernel, desired.every_unit),
        _service(kernel) if desired.masks else DpdkService(),
        etc.mode(f"{UNIT_FILES}/{BOOT_UNIT}") is not None,
        [user for user, found in groups.items() if found is None and _has_group(kernel, user)],
    )


def left_of_dpdk(kernel: Kernel) -> LeftOfDpdk:
    """Drop-ins of all services, also of those that nobody names any more, and the limits.

    :raises UnreadableFile: one of them is there, and cannot be read.
    """
    etc = kernel.etc
    folders = [name for name in etc.names(UNIT_FILES) if name.endswith(".d")]
    paths = [*(f"{UNIT_FILES}/{folder}/{name}" for folder in folders for name in (DROP_IN, QUEUE_DROP_IN)), LIMITS_FILE]
    found = {path: etc.read(path) for path in paths}
    files = {path: text for path, text in found.items() if text and text.startswith((WRITTEN, QUEUE_WRITTEN))}
    return LeftOfDpdk(files, etc.link(SERVICE_LINK) == NOTHING)


def _has_group(kernel: Kernel, group: str) -> bool:
    code, _out, error = kernel.run(["getent", "group", group])
    if code not in (0, NO_SUCH_KEY):
        raise NotKnown(f"cannot tell whether there is a group {group}", why=error.strip() or f"getent: status {code}")
    return code == 0


def _groups(kernel: Kernel, user: str) -> list[str] | None:
    code, out, error = kernel.run(["id", "-Gn", "--", user])
    if code not in (0, NO_SUCH_USER):
        raise NotKnown(f"cannot tell the groups of user {user}", why=error.strip() or f"id: status {code}")
    # One of the groups may have no name (LDAP is away): id prints its number, says so, and ends with 1.
    return out.split() if code == 0 or out.strip() else None


def _limits(kernel: Kernel, group: str) -> str | None:
    names = [name for name in kernel.etc.names(LIMITS) if name.endswith(".conf")]
    for path in [LIMITS_OF_ALL, *(f"{LIMITS}/{name}" for name in names)]:
        if gives_memlock(kernel.etc.read(path) or "", group):
            return path
    return None


def _known(kernel: Kernel, units: t.Iterable[str]) -> set[str]:
    """All of them where systemd does not run this host: nobody can be asked."""
    if not kernel.units.are_there():
        return set(units)
    return {unit for unit in units if kernel.units.about(unit).loaded}


def _service(kernel: Kernel) -> DpdkService:
    etc = kernel.etc
    link = etc.link(SERVICE_LINK)
    own = link is None and etc.read(SERVICE_LINK) is not None
    expected = any(etc.mode(path) is not None for path in (DEBIAN, *SERVICE_SHIPPED))
    lines = [line for path in SERVICE_SETTINGS for line in active_lines(path, etc.read(path) or "")]
    return DpdkService(expected, link, own, tuple(lines))
