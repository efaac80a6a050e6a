# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""ostree (CoreOS, Silverblue, RHCOS): arguments belong to a deployment. Recognised, and not written for."""

from __future__ import annotations

import typing as t

from ..model.paths import OSTREE_BOOTED
from .loader import Line, Loader
from .only_told import no_steps, running, told

if t.TYPE_CHECKING:
    from ..errors import SriovError
    from ..model.kernel_arguments import Tokens
    from ..model.platform import Seen


def _is_there(seen: Seen) -> bool:
    return OSTREE_BOOTED in seen.there


def _refusals(_seen: Seen, line: Line) -> list[SriovError]:
    def remedy(more: Tokens, less: Tokens) -> str:
        words = [*(f"--append-if-missing={token}" for token in more), *(f"--delete-if-present={each}" for each in less)]
        return f"run `rpm-ostree kargs {' '.join(words)}`, boot, and run this again"

    return told(line, "ostree keeps it with a deployment, and images bring their own", remedy)


OSTREE = Loader(
    "ostree", "", "a deployment of ostree", _is_there, running, no_steps, marks=(OSTREE_BOOTED,), refusals=_refusals
)
