# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Where an argument of somebody else is written. Pure."""

from __future__ import annotations

import re
import typing as t

from ..model.kernel_arguments import plain
from .index import ALL

if t.TYPE_CHECKING:
    from ..model.platform import Boot

BY_HAND = "take it out there by hand: nothing that comes later on the line undoes it"


def place_of(boot: Boot, token: str) -> tuple[str, int]:
    """File and line in which somebody wrote an argument; ("the kernel's line", 0) where it stands in none."""
    settings = ALL[boot.name].settings if boot.name else ()
    for path, text in boot.seen.files.items():
        if not path.startswith(settings or ("\0",)) or path.endswith("kernel-bypass-sriov.cfg"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if not line.lstrip().startswith("#") and plain(token) in _words(line):
                return path, number
    return "the kernel's line", 0


def _words(line: str) -> list[str]:
    """What may be an argument in a line of settings, or of an entry."""
    name, sign, rest = line.partition("=")
    inside = [rest] if sign and re.fullmatch(r"\s*(export\s+)?\w+\+?", name) else []
    return [re.sub("[\"']", "", word) for text in (line, *inside) for word in text.split()]
