# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether the host should be booted: an effect is missing now, and what will boot has the argument for it."""

from __future__ import annotations

import typing as t

from ..model import kernel_arguments as arguments
from ..model.cpus import cpus_text
from ..model.kernel_arguments import key, line_pools, missing, size_text, value
from ..model.platform import GIGANTIC_KB, Reason

if t.TYPE_CHECKING:
    from ..model.platform import DesiredPlatform, ObservedPlatform


def reasons(desired: DesiredPlatform, before: ObservedPlatform, host: ObservedPlatform) -> list[Reason]:
    """:param before: as it was before the first step.
    :param host: as it is after all steps, with the line that will boot.
    """
    found = [*_iommu(desired, host), *_pages(host), *_isolation(desired, host), *_others(desired, host)]
    return [*found, *_passthrough(desired, host), *_taken_back(before, host)]


def _iommu(desired: DesiredPlatform, host: ObservedPlatform) -> list[Reason]:
    if not desired.iommu or not arguments.intel_iommu(host.boot.line):
        return []
    return [Reason(True, "intel_iommu=on", f"{each} is in no IOMMU group") for each in host.pfs if each.group is None]


def _passthrough(desired: DesiredPlatform, host: ObservedPlatform) -> list[Reason]:
    """It is never needed: it spares the host's own devices the translation."""
    wanted = desired.passthrough
    if wanted is None or arguments.passthrough(host.boot.line) is not wanted:
        return []
    token = next(each for each in reversed(host.boot.line) if arguments.passthrough([each]) is wanted)
    return [
        Reason(False, token, f"IOMMU group {each.group} of {each} is of type {each.kind}")
        for each in host.pfs
        if each.group is not None and (each.kind == "identity") is not wanted
    ]


def _pages(host: ObservedPlatform) -> list[Reason]:
    of_line = {pool.size_kb: pool for pool in line_pools(host.boot.line)}
    found = []
    for pages in host.stored.pages:
        pool = host.pool(pages.node, pages.size_kb)
        argument = of_line.get(pages.size_kb)
        if pages.size_kb < GIGANTIC_KB or argument is None or (pool.nr if pool else 0) >= pages.number:
            continue
        where = "the host" if pages.node < 0 else f"node {pages.node}"
        has = f"{where} has {pool.nr if pool else 0} of {pages.number} pages of {size_text(pages.size_kb)}"
        found.append(Reason(True, " ".join(argument.tokens), has))
    return found


def _isolation(desired: DesiredPlatform, host: ObservedPlatform) -> list[Reason]:
    return [
        Reason(True, token, effect)
        for token, effect in _not_isolated(desired, host)
        if not missing(host.boot.line, [token])
    ]


def _others(desired: DesiredPlatform, host: ObservedPlatform) -> list[Reason]:
    """Of arguments that the user gives, the line of this boot is all that can be looked at."""
    there = [token for token in desired.arguments if not missing(host.boot.line, [token])]
    return [Reason(True, token, "the line of this boot has it not") for token in missing(host.running, there)]


def _taken_back(before: ObservedPlatform, host: ObservedPlatform) -> list[Reason]:
    """What this run takes from the line and the running kernel still has; later runs cannot tell whose it was."""
    gone = missing([each.token for each in host.owned], [each.token for each in before.owned])
    there = [token for token in gone if not missing(host.running, [token])]
    return [Reason(False, token, "taken back, and this boot still has it") for token in there]


def _not_isolated(desired: DesiredPlatform, observed: ObservedPlatform) -> list[tuple[str, str]]:
    """Arguments whose effect is not there now, and what is missing."""
    wanted = {*desired.isolated_cpus}
    if not wanted:
        return []
    text, cpus = cpus_text(wanted), observed.cpus
    found = []
    if wanted - cpus.isolated:
        found.append((f"isolcpus=managed_irq,domain,{text}", f"isolated are {cpus_text(cpus.isolated) or 'none'}"))
    if wanted - (cpus.nohz_full or frozenset()):
        now = cpus_text(cpus.nohz_full or ()) or "none"
        found.append((f"nohz_full={text}", f"without the timer tick are {now}"))
    for word in ("rcu_nocbs", "irqaffinity"):
        said = [value(token) for token in observed.running if key(token) == word]
        whole = text if word == "rcu_nocbs" else cpus_text(cpus.online - wanted)
        if said[-1:] != [whole]:
            found.append((f"{word}={whole}", f"this boot has {f'{word}={said[-1]}' if said else 'none'}"))
    return found
