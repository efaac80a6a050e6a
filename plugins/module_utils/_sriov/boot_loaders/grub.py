# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""GRUB as Debian and Ubuntu have it: a file of our own that grub-mkconfig sources after all others.

Order of what is sourced: grub-mkconfig 2.12, /etc/default/grub and then /etc/default/grub.d/*.cfg. Arguments of
GRUB_CMDLINE_LINUX_DEFAULT are not in the recovery entries (10_linux), which stay the way out of too many hugepages.
"""

from __future__ import annotations

import re
import typing as t

from ..model.kernel_arguments import same
from ..model.paths import GRUB_CONFIG
from ..steps.files import RemoveFile, WriteFile
from .loader import Line, Loader, first_linux_line, run

if t.TYPE_CHECKING:
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen
    from ..steps.platform import PlatformStep

DROP_INS = "/etc/default/grub.d/"
DROP_IN = f"{DROP_INS}99-kernel-bypass-sriov.cfg"
LAST = (
    f"{DROP_INS}zz-kernel-bypass-sriov.cfg"  # where a later one sets the variable anew, as Hetzner's hetzner.cfg does
)
ANEW = re.compile(r"^\s*(?:export\s+)?GRUB_CMDLINE_LINUX_DEFAULT=(?!.*GRUB_CMDLINE_LINUX_DEFAULT)", re.MULTILINE)
UPDATE_GRUB = "/usr/sbin/update-grub"
DEFAULTS = "/etc/default/grub"
SPECIAL = re.compile(r'(["$`\\])')  # in double quotes of a shell
REMADE = run("update-grub", why="the menu of GRUB is made anew")


def _is_there(seen: Seen) -> bool:
    return {UPDATE_GRUB, GRUB_CONFIG} <= seen.there


def _next_line(seen: Seen) -> Tokens:
    return first_linux_line(seen, GRUB_CONFIG)


def drop_in(ours: Tokens) -> str:
    """The file's text."""
    tokens = SPECIAL.sub(r"\\\1", " ".join(ours))
    return (
        "# Written by kernel_bypass.sriov.platform, which also removes it. Run update-grub after a change.\n"
        f'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT {tokens}"\n'
    )


def _path(seen: Seen) -> str:
    later = [text for path, text in seen.files.items() if path.startswith(DROP_INS) and DROP_IN < path < LAST]
    return LAST if any(map(ANEW.search, later)) else DROP_IN


def _steps(seen: Seen, line: Line) -> list[PlatformStep]:
    steps: list[PlatformStep] = []
    for path in (DROP_IN, LAST):
        text = drop_in(line.ours) if line.ours and path == _path(seen) else None
        if text != seen.files.get(path):
            steps.append(WriteFile(path, text, "kernel arguments") if text else RemoveFile(path))
    if steps or not same(line.before, line.after):
        steps.append(REMADE)
    return steps


GRUB = Loader(
    name="grub",
    option="grub",
    title="GRUB (update-grub)",
    is_there=_is_there,
    marks=(UPDATE_GRUB, GRUB_CONFIG),
    files=(DEFAULTS, "/etc/default/grub.d/*.cfg", GRUB_CONFIG),
    next_line=_next_line,
    steps=_steps,
    takes_out=False,
    settings=(DEFAULTS, DROP_INS),
)
