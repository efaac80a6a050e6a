# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""All boot loaders that are known, and which of them a host has. Pure."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported
from ..model.platform import AUTO
from .grub import GRUB
from .grubby import GRUBBY_BLS
from .manual import MANUAL
from .ostree import OSTREE
from .pbl import PBL, SETTINGS
from .sdbootutil import SDBOOTUTIL_BLS
from .systemd_boot import SYSTEMD_BOOT
from .uki import UKI

if t.TYPE_CHECKING:
    from ..model.platform import Seen
    from .loader import Loader

# The first that is there: those that rule out others come first. GRUB is last, since its files stay behind where
# another boot loader has taken its place.
LOADERS = (OSTREE, UKI, SDBOOTUTIL_BLS, PBL, GRUBBY_BLS, SYSTEMD_BOOT, GRUB)
READ_FIRST = (SETTINGS,)  # it tells one boot loader of SUSE from another
ALL = {each.name: each for each in (*LOADERS, MANUAL)}
OPTIONS = (AUTO, *dict.fromkeys(each.option for each in (GRUB, GRUBBY_BLS, PBL, SYSTEMD_BOOT, MANUAL)))


def detect(seen: Seen, option: str) -> Loader:
    """The boot loader of a host.

    :param option: what the user says that it is.
    :raises InvalidRequest: it is not the one that the host has.
    :raises NotSupported: none is known here.
    """
    if option == MANUAL.option:
        return MANUAL
    found = [each for each in LOADERS if each.is_there(seen)]
    if option == AUTO:
        if not found:
            raise NotSupported(
                "boot_loader: none of those that are known is found",
                why="neither update-grub, grubby, update-bootloader nor kernel-install with what it needs is there",
                remedy="boot_loader: manual, and the arguments by hand",
            )
        return found[0]
    meant = [each for each in found if each.option == option]
    if not meant:
        has = f"it has {found[0].title}" if found else "none that is known is found"
        raise InvalidRequest(
            f"boot_loader: {option} is not what this host has", why=has, remedy="leave it out, or give manual"
        )
    return meant[0]
