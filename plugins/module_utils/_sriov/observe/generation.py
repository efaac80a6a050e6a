# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Which generation is installed for the boot. By itself: a boot need not load what installs."""

from __future__ import annotations

import os
import typing as t

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel


def generation_name(kernel: Kernel, link: str) -> str | None:
    """The name of the one that a link leads to; None where there is none.

    :param link: CURRENT or PREVIOUS.
    :raises UnreadableFile: that cannot be looked at.
    """
    target = kernel.etc.link(link)
    return os.path.basename(target.rstrip("/")) if target else None
