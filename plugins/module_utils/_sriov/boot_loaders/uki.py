# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""A unified kernel image: its line is part of a file that is signed. Recognised, and not written for."""

from __future__ import annotations

import typing as t

from .entries import CMDLINE
from .loader import Line, Loader
from .only_told import no_steps, running, told

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen


def _is_there(seen: Seen) -> bool:
    """systemd's stub, which is the first part of such an image, says so to the firmware."""
    return bool(seen.stub_info)


def _refusals(_seen: Seen, line: Line) -> list[SriovError]:
    def remedy(more: Tokens, less: Tokens) -> str:
        change = " ".join([*more, *(f"(without {token})" for token in less)])
        return (
            f"write it into {CMDLINE}: {change}; then `kernel-install add-all`, or `ukify build --cmdline=@{CMDLINE}` "
            "and your own signature; boot, and run this again"
        )

    return told(line, "it is inside of a signed image (UKI), and under Secure Boot no other is taken", remedy)


UKI = Loader("uki", "", "a unified kernel image", _is_there, running, no_steps, refusals=_refusals)
