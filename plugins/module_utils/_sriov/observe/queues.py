# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""What is read of a PF's queues only where it is asked for: each costs a question of its own. Nothing here writes."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..kernel.sysfs import REFUSALS

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.desired import DesiredPf
    from ..model.host import Pf


def with_what_is_named(kernel: Kernel, pf: Pf, desired: DesiredPf) -> Pf:
    """The PF with the RSS contexts that the desired state names."""
    contexts = {rule.context for rule in desired.rules.present if rule.context} if desired.rules else set()
    netdev = pf.device.netdev
    if netdev is None or not contexts:
        return pf
    answers = {number: kernel.ethtool.context(netdev.name, number) for number in sorted(contexts)}
    told = {number: answer for number, answer in answers.items() if answer not in REFUSALS}
    return replace(pf, queues=pf.queues._replace(contexts=told))
