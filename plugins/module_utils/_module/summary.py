# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What a run of module host has come to, in words for people. Pure."""

from __future__ import annotations

import typing as t
from collections import Counter

from .options import Params


def lines(result: Params, check: bool) -> list[str]:
    """The consents that were used, the steps, and at the end the host in one line: all where nothing changed.

    :param result: of a run that did not fail.
    """
    return [*(f"allowed: {each}" for each in result["allowed"]), *result["steps"], summary(result, check)]


def summary(result: Params, check: bool) -> str:
    """ "enp1s0: 4 VFs, vfio-pci 3, ixgbevf 1, 2 rules, RSS 4; changed 12"."""
    count = len(result["steps"])
    end = f"{'would change' if check else 'changed'} {count}" if count else "unchanged"
    return "; ".join([*map(_pf, result["pfs"]), end])


def _pf(pf: Params) -> str:
    vfs, rules = pf["vfs"], len(pf["rules"] or ())
    drivers = Counter(t.cast(str, vf["driver"] or "no driver") for vf in vfs)
    words = [_number(len(vfs), "VF"), *(f"{driver} {count}" for driver, count in drivers.most_common())]
    words += [_number(rules, "rule")] if rules else []
    words += [] if pf["rss_queues"] is None else [f"RSS {pf['rss_queues']}"]
    return f"{pf['name'] or pf['pci_address']}: {', '.join(words)}"


def _number(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"
