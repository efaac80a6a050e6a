# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A boot loader that is not known here (extlinux, zipl, PXE, a cloud's own), or that a person looks after."""

from __future__ import annotations

import typing as t

from ..model.paths import KERNEL_LINE
from .loader import Line, Loader
from .only_told import no_steps, running, told

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen


def _refusals(_seen: Seen, line: Line) -> list[SriovError]:
    def remedy(_more: Tokens, _less: Tokens) -> str:
        return f"change it in the boot loader by hand, and boot; all is well once {KERNEL_LINE} has it"

    return told(line, "nothing is written for this boot loader", remedy)


MANUAL = Loader(
    "manual", "manual", "a boot loader that is set by hand", lambda _seen: False, running, no_steps, refusals=_refusals
)
