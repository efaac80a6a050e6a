# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""SUSE with entries of the Boot Loader Specification (grub2-bls, systemd-boot): /etc/kernel/cmdline, and sdbootutil.

It also makes new predictions for disks that the TPM unlocks: an entry that is changed by hand would lock them.
"""

from __future__ import annotations

import typing as t

from ..errors import NotSupported, SriovError
from ..model.kernel_arguments import same
from ..model.paths import ENTRIES_OF_ESP, LOADER_SETTINGS
from ..steps.files import WriteFile
from .entries import CMDLINE, ENTRY_FILES, VENDORS, cmdline_text, default_line, settled_line
from .loader import Line, Loader, run
from .pbl import BLS, SETTINGS, UPDATE, loader_type, read_only

if t.TYPE_CHECKING:
    from ..model.platform import Seen
    from ..steps.platform import PlatformStep

SDBOOTUTIL = "/usr/bin/sdbootutil"


def _is_there(seen: Seen) -> bool:
    return UPDATE in seen.there and loader_type(seen) in BLS


def _steps(seen: Seen, line: Line) -> list[PlatformStep]:
    steps: list[PlatformStep] = []
    settled = settled_line(seen)
    if settled is None:  # refused where anything is to be changed
        return []
    wanted = line.applied_to(settled)
    if not same(wanted, settled):
        steps.append(WriteFile(CMDLINE, cmdline_text(seen, wanted), "kernel arguments"))
    if steps or line.changed_keys:
        steps.append(run("sdbootutil", "update-all-entries", why="the entries get the new line"))
    return steps


def _refusals(seen: Seen, line: Line) -> list[SriovError]:
    found = read_only(seen)
    if line.changed_keys and SDBOOTUTIL not in seen.there:
        found.append(
            NotSupported(
                "the line of the next boot: there is no sdbootutil",
                why="update-bootloader leaves entries that are there as they are",
                remedy="install sdbootutil",
            )
        )
    if line.changed_keys and settled_line(seen) is None:
        found.append(
            NotSupported(
                f"the line of the next boot: there is no {CMDLINE}",
                why="entries have their own snapshots on it, and cannot stand for it",
                remedy="write it: the line of this boot without BOOT_IMAGE, initrd and rootflags",
            )
        )
    return found


SDBOOTUTIL_BLS = Loader(
    name="sdbootutil",
    option="update-bootloader",
    title="entries of SUSE (sdbootutil)",
    is_there=_is_there,
    marks=(UPDATE, SDBOOTUTIL),
    files=(SETTINGS, CMDLINE, VENDORS, *ENTRY_FILES, *LOADER_SETTINGS),
    next_line=default_line,
    steps=_steps,
    refusals=_refusals,
    settings=(CMDLINE, *ENTRIES_OF_ESP),
)
