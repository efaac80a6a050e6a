# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Who has shown what is known of a driver to be so, beside those who read its source: Driver.judged."""

from __future__ import annotations

import typing as t

LAB = "lab"  # the kernel's own driver, on a card that the lab emulates
USER = "user"  # somebody who has the card, and reported


class Judge(t.NamedTuple):
    """One of them.

    :param how: LAB or USER.
    :param card: the one that it was shown on.
    :param kernels: releases of the kernel that it ran.
    :param where: address of the report; "" for the lab.
    """

    how: str
    card: str
    kernels: tuple[tuple[int, int], ...]
    where: str = ""
