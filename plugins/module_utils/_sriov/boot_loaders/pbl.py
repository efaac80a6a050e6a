# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""SUSE's update-bootloader (perl-bootloader) before GRUB 2: one call an argument, and a last one that makes the menu.

A name that is given again takes the place of every value that was there (lib_add_option): two pairs of hugepagesz and
hugepages cannot be set by it.
"""

from __future__ import annotations

import re
import typing as t

from ..errors import NotSupported, SriovError
from ..model.kernel_arguments import plain
from ..model.paths import GRUB2_CONFIG
from .loader import Line, Loader, first_linux_line, parted, run

if t.TYPE_CHECKING:
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen
    from ..steps.platform import PlatformStep

UPDATE = "/usr/sbin/update-bootloader"
SETTINGS = "/etc/sysconfig/bootloader"
DEFAULTS = "/etc/default/grub"
TYPE = re.compile(r"^\s*LOADER_TYPE=[\"']?([\w-]*)", re.MULTILINE)
BLS = ("grub2-bls", "systemd-boot")


def loader_type(seen: Seen) -> str:
    """LOADER_TYPE of /etc/sysconfig/bootloader; "" where it has none."""
    found = TYPE.findall(seen.files.get(SETTINGS, ""))
    return found[-1] if found else ""


def read_only(seen: Seen) -> list[SriovError]:
    """A transactional system takes changes in a snapshot of its own."""
    if not seen.read_only:
        return []
    return [
        NotSupported(
            "the line of the next boot: the system is read-only here",
            why="a transactional system changes its next snapshot, and not what runs",
            remedy="run `transactional-update shell`, change the line there with update-bootloader, and boot",
        )
    ]


def _is_there(seen: Seen) -> bool:
    return UPDATE in seen.there and loader_type(seen) not in BLS


def _next_line(seen: Seen) -> Tokens:
    return first_linux_line(seen, GRUB2_CONFIG)


def _steps(_seen: Seen, line: Line) -> list[PlatformStep]:
    steps: list[PlatformStep] = []
    for word in line.changed_keys:
        tokens = line.values_of([word])
        if tokens:
            steps.append(run("update-bootloader", "--add-option", plain(tokens[-1])))
        else:
            steps += [run("update-bootloader", "--del-option", name) for name in line.spelled(word)]
    return [*steps, run("update-bootloader", "--config", why="the menu of GRUB is made anew")] if steps else []


def _refusals(seen: Seen, line: Line) -> list[SriovError]:
    found = [*read_only(seen), *parted(line, "update-bootloader")]
    for word in line.changed_keys:
        # Those that are there count as well: the way back would set the last of them alone.
        tokens = max(line.values_of([word]), line.values_before(word), key=len)
        if len(tokens) > 1:
            found.append(
                NotSupported(
                    f"{' '.join(tokens)}: update-bootloader cannot set them",
                    why=f"it keeps one value of {word} alone, and would lose the others",
                    remedy=f"write them into GRUB_CMDLINE_LINUX_DEFAULT of {DEFAULTS}, run update-bootloader --config, "
                    "and run this again",
                )
            )
    return found


PBL = Loader(
    name="pbl",
    option="update-bootloader",
    title="GRUB 2 of SUSE (update-bootloader)",
    is_there=_is_there,
    marks=(UPDATE, GRUB2_CONFIG),
    files=(SETTINGS, DEFAULTS, GRUB2_CONFIG),
    next_line=_next_line,
    steps=_steps,
    from_files=False,
    refusals=_refusals,
    settings=(DEFAULTS,),
)
