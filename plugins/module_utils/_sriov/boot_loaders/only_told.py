# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Boot loaders that are recognised and not written for: the command that a person types is told instead. Pure."""

from __future__ import annotations

import typing as t

from ..errors import NotSupported, SriovError
from ..model.kernel_arguments import missing

if t.TYPE_CHECKING:
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen
    from ..steps.platform import PlatformStep
    from .loader import Line


def running(seen: Seen) -> Tokens:
    """The line of this boot stands for the next one."""
    return seen.running


def no_steps(_seen: Seen, _line: Line) -> list[PlatformStep]:
    return []


def told(line: Line, why: str, remedy: t.Callable[[Tokens, Tokens], str]) -> list[SriovError]:
    """:param remedy: of arguments to add and to take away."""
    more, less = missing(line.before, line.after), missing(line.after, line.before)
    if not more and not less:
        return []
    words = [f"add {' '.join(more)}"] * bool(more) + [f"take away {' '.join(less)}"] * bool(less)
    return [NotSupported(f"the line of the next boot: {', '.join(words)}", why=why, remedy=remedy(more, less))]
