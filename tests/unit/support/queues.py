# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests for channels and RSS tables, and the sentences of their steps."""

from __future__ import annotations

from ansible_collections.kernel_bypass.sriov.plugins.module_utils._sriov.model.desired import DesiredRss

from .models import LABEL, desired_pf, ixgbe

DEFAULT = f"give {LABEL} its driver's default RSS table"


def channels(number, **options):
    return desired_pf(rss=DesiredRss(channels=number), **options)


def table(verb, *numbers, **options):
    return desired_pf(rss=DesiredRss(verb=verb, numbers=numbers), **options)


def set_table(*entries, verb="set"):
    words = ", ".join(f"queue {queue} has {number}" for queue, number in enumerate(entries) if number)
    return f"{verb} the RSS table of {LABEL}: of {sum(entries)} entries {words}"


def set_channels(before, after):
    return f"set the combined channels of {LABEL} from {before} to {after}"


def with_vfs(num_vfs=4, cpus=16, **changes):
    """An 82599 beside VFs, as so many CPUs make it."""
    most = 2 if num_vfs > 31 else 4
    return ixgbe(num_vfs, online_cpus=cpus, **{"combined_channels": min(most, cpus), **changes})
