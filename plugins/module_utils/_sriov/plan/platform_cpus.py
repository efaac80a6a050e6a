# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""CPUs that are left to the bypass application: arguments, and what keeps interrupts off them."""

from __future__ import annotations

import typing as t

from ..errors import InvalidRequest, NotSupported, WouldDestroy
from ..model.cpus import cpus_text
from ..model.platform import Setting

if t.TYPE_CHECKING:
    from ..faults import Faults
    from ..model.platform import DesiredPlatform, ObservedPlatform

PARTITIONING = ("cpu-partitioning", "cpu-partitioning-powersave", "realtime", "realtime-virtual-host")

BOOT_CPU = 0  # tick_nohz_full_setup() and tick_nohz_init() of the kernel take it out again


def cpu_settings(desired: DesiredPlatform, observed: ObservedPlatform, faults: Faults) -> list[Setting]:
    if not desired.isolated_cpus:
        return []
    before = len(faults.found)
    text = cpus_text(desired.isolated_cpus)
    _check_cpus(desired, observed, faults)
    if set(observed.tuned.split()) & {*PARTITIONING}:
        faults.add(
            WouldDestroy(
                f"isolated_cpus: {text}: tuned isolates CPUs on this host",
                why=f"its profile {observed.tuned} is active, and two owners undo each other",
                remedy="say the CPUs in tuned's isolated_cores, and leave isolated_cpus out",
            )
        )
    banned = [each for each in observed.owners if each.what.startswith("the CPUs that irqbalance")]
    if banned and observed.has_irqbalance:
        faults.add(
            WouldDestroy(
                f"isolated_cpus: {text}: irqbalance is told otherwise",
                why=f"{banned[0].place} has {banned[0].text}, and counts before what its unit says",
                remedy="take it out there",
            )
        )
    if len(faults.found) > before:
        return []
    rest = cpus_text(observed.cpus.online - {*desired.isolated_cpus})
    words = (f"isolcpus=managed_irq,domain,{text}", f"nohz_full={text}", f"rcu_nocbs={text}", f"irqaffinity={rest}")
    return [Setting((word,)) for word in words]


def _check_cpus(desired: DesiredPlatform, observed: ObservedPlatform, faults: Faults) -> None:
    wanted, online = {*desired.isolated_cpus}, observed.cpus.online
    text = cpus_text(wanted)
    if wanted - online:
        faults.add(
            InvalidRequest(
                f"isolated_cpus: {text}: CPU {cpus_text(wanted - online)} is not there",
                why=f"online are {cpus_text(online)}",
                remedy="name CPUs that are there",
            )
        )
    elif not online - wanted:
        faults.add(
            InvalidRequest(
                f"isolated_cpus: {text} are all CPUs of this host",
                why="the kernel and all other programs need at least one",
                remedy="leave some out",
            )
        )
    if BOOT_CPU in wanted and online - wanted:
        faults.add(
            InvalidRequest(
                f"isolated_cpus: {text}: CPU {BOOT_CPU} boots the host",
                why="the kernel keeps its timer tick and timekeeping there, and leaves it out of nohz_full",
                remedy=f"leave CPU {BOOT_CPU} out",
            )
        )
    if observed.cpus.nohz_full is None:
        faults.add(
            NotSupported(
                f"isolated_cpus: {text}: this kernel cannot do without the timer tick",
                why="it was built without CONFIG_NO_HZ_FULL",
                remedy="give isolcpus=managed_irq,domain,… as kernel_arguments, or use another kernel",
            )
        )
