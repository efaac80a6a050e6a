# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Hugepages by size and NUMA node: now, and at each boot. Never more than a node has room for, never one in use."""

from __future__ import annotations

import typing as t

from ..errors import InUse, InvalidRequest, NotSupported, WouldDestroy
from ..model.kernel_arguments import size_text
from ..model.platform import GIGANTIC_KB, Pages, Setting, Stored
from ..steps.platform import SetPages

if t.TYPE_CHECKING:
    from ..faults import Faults
    from ..model.kernel_arguments import Tokens
    from ..model.platform import DesiredPlatform, NumaNode, ObservedPlatform, Pool, WantedPages

LEAST_KEPT_KB, KEPT_SHARE = 2 << 20, 10  # 2 GiB, and a tenth
NODE_FORM = (5, 16)  # Linux that takes hugepages=0:4,1:0
MAPPINGS = 65535  # of vfio's type1 for a container: dma_entry_limit


class PagesPlan(t.NamedTuple):
    """:param at_boot: those that a file sets at the boot; the others are arguments."""

    steps: list[SetPages]
    stored: Stored
    settings: list[Setting]
    at_boot: list[Pages]
    warnings: list[str]


def plan_pages(desired: DesiredPlatform, observed: ObservedPlatform, faults: Faults) -> PagesPlan:
    before = len(faults.found)
    wanted = [pages for each in desired.hugepages for pages in _spread(each, observed, faults)]
    for each in desired.hugepages:
        _check_owners(desired, observed, [pages for pages in wanted if pages.size_kb == each.size_kb], faults)
    settings = {each.size_kb: _setting(each.size_kb, wanted, observed) for each in desired.hugepages}
    by_argument = {size: found for size, found in settings.items() if found}
    warnings: list[str] = []
    steps = [step for pages in wanted for step in _steps(pages, observed, by_argument.get(pages.size_kb))]
    back = [] if len(faults.found) > before else _back(wanted, observed, warnings)
    steps += back
    for node in observed.nodes:
        steps = _with_room(node, wanted, steps, desired, observed, faults)
    for step in steps:
        _check_use(step, observed, faults)
    warnings += _mappings(wanted, observed)
    at_boot = [pages for pages in wanted if pages.size_kb not in by_argument]
    steps.sort(key=lambda step: step.number - step.before > 0)  # what is given back makes room
    return PagesPlan(steps, _stored(wanted, observed), list(by_argument.values()), at_boot, warnings)


def _spread(wanted: WantedPages, observed: ObservedPlatform, faults: Faults) -> list[Pages]:
    """By node; a number for the host is spread over the nodes that have memory, as the kernel does."""
    size = size_text(wanted.size_kb)
    has = sorted({each.size_kb for each in observed.pools})
    if wanted.size_kb not in has:
        told = ", ".join(map(size_text, has)) or "none"
        faults.add(
            NotSupported(
                f"hugepages: this host has no pages of {size}",
                why=f"its CPU and kernel have: {told}" + (" (1G needs pdpe1gb)" if size == "1G" else ""),
                remedy="give another size",
            )
        )
        return []
    numbers = [node.number for node in observed.nodes if node.total]
    if wanted.number is not None:
        each, rest = divmod(wanted.number, len(numbers) or 1)
        return [Pages(node, wanted.size_kb, each + (place < rest)) for place, node in enumerate(numbers)]
    known = {node.number for node in observed.nodes} if numbers != [-1] else {-1, 0}
    for node in sorted({*wanted.nodes} - known):
        faults.add(
            InvalidRequest(
                f"hugepages: {size}: there is no node {node}",
                why=f"the nodes are {', '.join(map(str, sorted(known - {-1})))}",
                remedy="name nodes that are there",
            )
        )
    there = {node: count for node, count in wanted.nodes.items() if node in known}
    return [Pages(-1 if numbers == [-1] else node, wanted.size_kb, count) for node, count in sorted(there.items())]


def _setting(size_kb: int, wanted: t.Sequence[Pages], observed: ObservedPlatform) -> Setting | None:
    """Arguments for pages that are had at the boot alone; None for those that are had later, or not for one node."""
    pages = [each for each in wanted if each.size_kb == size_kb]
    if size_kb < GIGANTIC_KB or not sum(each.number for each in pages):
        return None
    if len(observed.nodes) == 1:
        numbers = str(pages[0].number)
    elif observed.release >= NODE_FORM:
        numbers = ",".join(f"{each.node}:{each.number}" for each in pages if each.number)
    else:
        return None
    return Setting((f"hugepagesz={size_text(size_kb)}", f"hugepages={numbers}"), "pool")


def _steps(pages: Pages, observed: ObservedPlatform, setting: Setting | None) -> list[SetPages]:
    pool = observed.pool(pages.node, pages.size_kb)
    now = pool.nr if pool else 0
    if now == pages.number:
        return []
    if setting is not None and now < pages.number:
        # What the boot gives is tried once now, when it is written: there may be room in one piece.
        if _is_on(setting, observed.boot.line) and not _is_on(setting, observed.running):
            return []
        return [SetPages(pages.node, pages.size_kb, now, pages.number, not _is_on(setting, observed.running))]
    return [SetPages(pages.node, pages.size_kb, now, pages.number)]


def _is_on(setting: Setting, line: Tokens) -> bool:
    return any(line[place : place + len(setting.tokens)] == setting.tokens for place in range(len(line)))


def _back(wanted: t.Sequence[Pages], observed: ObservedPlatform, warnings: list[str]) -> list[SetPages]:
    """Pools that are not asked for any more, less what was added to them: never to less than is in use."""
    steps = []
    for before in _given_up(wanted, observed):
        pool = observed.pool(before.node, before.size_kb)
        if pool is None or pool.nr <= before.number:
            continue
        ours, left = _ours(pool, observed), _left(pool, before, observed)
        where = f"hugepages of {size_text(pool.size_kb)} of node {pool.node}"
        if pool.in_use > left:
            warnings.append(
                f"{pool.in_use} {where} are in use and stay, where there were {left}: run this again when they are free"
            )
        if pool.nr > ours:
            warnings.append(
                f"there are {pool.nr} {where}, and {ours} were set here: "
                f"somebody else has changed their number, and only the {max(0, ours - before.number)} that were added "
                "here are given back"
            )
        target = max(left, pool.in_use)
        if target != pool.nr:
            steps.append(SetPages(pool.node, pool.size_kb, pool.nr, target))
    return steps


def _ours(pool: Pool, observed: ObservedPlatform) -> int:
    """How many this collection has set, or left; all where that is not known."""
    known = (*observed.stored.pages, *observed.stored.left)
    return next((each.number for each in known if each.pool == (pool.node, pool.size_kb)), pool.nr)


def _left(pool: Pool, before: Pages, observed: ObservedPlatform) -> int:
    """How many stay of a pool when what was added to it is given back."""
    return max(before.number, pool.nr - max(0, _ours(pool, observed) - before.number))


def _given_up(wanted: t.Sequence[Pages], observed: ObservedPlatform) -> list[Pages]:
    return [each for each in observed.stored.before if each.pool not in {pages.pool for pages in wanted}]


def _stored(wanted: t.Sequence[Pages], observed: ObservedPlatform) -> Stored:
    known = {each.pool: each for each in observed.stored.before}
    before = []
    for pages in wanted:
        pool = observed.pool(pages.node, pages.size_kb)
        before.append(known.get(pages.pool) or Pages(pages.node, pages.size_kb, pool.nr if pool else 0))
    stay = [(each, more) for each in _given_up(wanted, observed) for more in [_stays(each, observed)] if more]
    left = [each._replace(number=each.number + more) for each, more in stay]
    return Stored(tuple(wanted), (*before, *(each for each, _more in stay)), tuple(left))


def _stays(before: Pages, observed: ObservedPlatform) -> int:
    """How many that were added are in use, and keep the pool from being given back whole."""
    pool = observed.pool(before.node, before.size_kb)
    return 0 if pool is None else max(0, pool.in_use - _left(pool, before, observed))


def _with_room(
    node: NumaNode,
    wanted: t.Sequence[Pages],
    steps: list[SetPages],
    desired: DesiredPlatform,
    observed: ObservedPlatform,
    faults: Faults,
) -> list[SetPages]:
    """The steps, without those that the boot does where there is no room now."""
    mine = [step for step in steps if step.node == node.number]
    keep = max(LEAST_KEPT_KB, node.total // KEPT_SHARE) if desired.keep_mib is None else desired.keep_mib << 10
    asked = {each.pool: each.number for each in wanted if each.node == node.number}
    lowered = {(step.node, step.size_kb): step.number for step in mine if step.number < step.before}
    pools = {(each.node, each.size_kb): each.nr for each in observed.pools if each.node == node.number}
    whole = sum(size * count for (_node, size), count in {**pools, **lowered, **asked}.items())
    grows = any(count > pools.get(pool, 0) for pool, count in asked.items())
    if grows and node.total - whole < keep:
        faults.add(_too_much(node, asked, node.total - whole, keep, "has", node.total))
        return steps
    now = sum((step.number - step.before) * step.size_kb for step in mine if not step.enough)
    if now > 0 and node.available - now < keep:
        faults.add(_too_much(node, asked, node.available - now, keep, "has available", node.available))
    at_once = now + sum((step.number - step.before) * step.size_kb for step in mine if step.enough)
    if node.available - at_once < keep:
        return [step for step in steps if step not in mine or not step.enough]
    return steps


def _too_much(
    node: NumaNode, asked: dict[tuple[int, int], int], left: int, keep: int, word: str, has: int
) -> InvalidRequest:
    pages = " and ".join(f"{count} of {size_text(size)}" for (_node, size), count in asked.items() if count)
    where = "this host" if node.number < 0 else f"node {node.number}"
    leaves = f"that leaves {left >> 10} MiB" if left >= 0 else f"that is {-left >> 10} MiB more than there is"
    return InvalidRequest(
        f"hugepages: {pages} are too many for {where}",
        why=f"it {word} {has >> 10} MiB, {leaves}, and {keep >> 10} MiB have to stay; the kernel would not refuse",
        remedy="ask for fewer, spread them over nodes, or lower hugepages_keep",
    )


def _check_use(step: SetPages, observed: ObservedPlatform, faults: Faults) -> None:
    pool = observed.pool(step.node, step.size_kb)
    if pool is not None and step.number < pool.in_use:
        faults.add(
            InUse(
                f"hugepages of {size_text(step.size_kb)} of node {step.node}: {step.number} are fewer than are in use",
                why=f"{pool.in_use} of {pool.nr} are in use",
                remedy="end the programs that use them, or ask for as many",
                holders=[f"{pool.in_use} pages of running programs"],
            )
        )


def _check_owners(
    desired: DesiredPlatform, observed: ObservedPlatform, wanted: t.Sequence[Pages], faults: Faults
) -> None:
    """Two who set one size undo each other. Arguments for pages of the boot are compared where the line is planned.

    What an earlier run has written was consented to then.
    """
    if desired.override or {*wanted} <= {*observed.stored.pages}:
        return
    size_kb = wanted[0].size_kb
    for each in observed.owners:
        if each.size_kb == size_kb and not (each.of_line and size_kb >= GIGANTIC_KB):
            faults.add(
                WouldDestroy(
                    f"hugepages of {size_text(size_kb)}: somebody else sets them",
                    why=f"{each.place} has {each.text}, and the two undo each other",
                    remedy="take it out there, leave the size to it, or override: true",
                )
            )


def _mappings(wanted: t.Sequence[Pages], observed: ObservedPlatform) -> list[str]:
    limit = observed.dma_entry_limit or MAPPINGS
    totals = {size: sum(each.number for each in wanted if each.size_kb == size) for size in {p.size_kb for p in wanted}}
    return [
        f"{count} hugepages of {size_text(size)} are more than the {limit} mappings that vfio keeps for a container "
        "(dma_entry_limit): DPDK maps pages one by one; use 1G, --legacy-mem, or raise that limit"
        for size, count in totals.items()
        if count > limit
    ]
