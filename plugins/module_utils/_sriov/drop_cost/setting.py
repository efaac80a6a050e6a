# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Has a PF drop what comes to a port, and brings it back to what it was."""

from __future__ import annotations

import typing as t

from ..errors import KernelRefused, NotReached, SriovError
from ..kept.drop_cost import DropCost
from ..kept.files import Files
from ..kernel.deadline import Deadline
from ..kernel.dropping import RAW_MODULE
from ..knowledge.queues import is_set_by_hand, may_be_set_by_hand
from ..model.drop_cost import AF_XDP, IPTABLES, XDP_PROGRAM, Before
from ..model.rss_table import default_table, equal_table

if t.TYPE_CHECKING:
    from ..kernel.kernel import Kernel
    from ..model.drop_cost import Request
    from ..model.host import Pf

LINK_COMES = 30.0  # seconds; a program that is attached resets the NIC


def before(kernel: Kernel, request: Request, pf: Pf, name: str, by: str) -> Before:
    """What is to be kept before the first change."""
    rss = pf.queues.rss
    table: tuple[int, ...] = ()
    sets = bool(rss and (request.queues is not None or by == XDP_PROGRAM))
    if rss and sets:
        by_hand = is_set_by_hand(pf) or may_be_set_by_hand(pf) or rss.table != default_table(len(rss.table), rss.rings)
        table = rss.table if by_hand else ()
    unloads = by == IPTABLES and not kernel.system.module_is_loaded(RAW_MODULE)
    threaded = kernel.napi.threaded(name) or 0
    return Before(name, pf.device.address, pf.label, by, request.port, threaded, table, sets, unloads)


def make(kernel: Kernel, was: Before, queues: int | None) -> None:
    """:raises SriovError: it could not be made so; a part of it may be."""
    if was.by == XDP_PROGRAM:
        carrier = kernel.interfaces.carrier(was.pf)
        kernel.dropping.start(was.by, was.pf, was.port)
        if carrier and not Deadline(LINK_COMES).reached(lambda: kernel.interfaces.carrier(was.pf)):
            raise NotReached(
                "contender: the link does not come back",
                device=was.label,
                why=f"the program was attached, and there is no carrier after {LINK_COMES:g} s",
                remedy="look at dmesg",
            )
    kernel.napi.set_threaded(was.pf, 1)
    rss = kernel.ethtool.rss(was.pf)
    if queues is not None and rss:
        table = equal_table(len(rss.table), queues)
        if rss.table != table:
            kernel.ethtool.set_rss(was.pf, table)
    if was.by not in (XDP_PROGRAM, AF_XDP):
        kernel.dropping.start(was.by, was.pf, was.port)


def back(kernel: Kernel, was: Before) -> list[str]:
    """Bring it back, each thing whatever becomes of the others, and forget it.

    :returns: what was done, in words.
    :raises NotReached: something could not be put back; it is kept, for the next run.
    """
    if not kernel.interfaces.exists(was.pf):
        DropCost(Files(kernel.root)).remove()
        return [f"forget {was.pf}, which is gone"]
    done: list[str] = []
    failed: list[SriovError] = []
    for words, act in _acts(kernel, was):
        try:
            if act():
                done.append(words)
        except SriovError as error:
            failed.append(error)
    if failed:
        raise NotReached(
            "the PF could not be brought back to what it was",
            device=was.label,
            why="; ".join(f"{error.what}: {error.why}" if error.why else str(error).rstrip(".") for error in failed),
            remedy="run it again, or any other contender: what is left is put back first",
        )
    DropCost(Files(kernel.root)).remove()
    return done


def _acts(kernel: Kernel, was: Before) -> list[tuple[str, t.Callable[[], bool]]]:
    """The table last: a driver may write its own when a program is detached."""

    def drop() -> bool:
        there = kernel.dropping.is_there(was.by, was.pf, was.port)
        kernel.dropping.stop(was.by, was.pf, was.port)
        if kernel.dropping.is_there(was.by, was.pf, was.port):
            raise KernelRefused(f"{was.by} drops what comes to UDP port {was.port} still")
        return there

    def unload() -> bool:
        if was.unloads and kernel.system.module_is_loaded(RAW_MODULE):
            kernel.dropping.unload()
        return False

    def threaded() -> bool:
        if kernel.napi.threaded(was.pf) in (was.threaded, None):
            return False
        kernel.napi.set_threaded(was.pf, was.threaded)
        return True

    def table() -> bool:
        rss = kernel.ethtool.rss(was.pf)
        wanted = was.table or (default_table(len(rss.table), rss.rings) if rss else ())
        if not was.sets_table or rss is None or rss.table == wanted:
            return False
        kernel.ethtool.set_rss(was.pf, was.table or None)
        return True

    return [
        (f"have {was.by} drop nothing on {was.pf} any more", drop),
        (f"unload {RAW_MODULE}", unload),
        (f"have the NAPI of {was.pf} as it was (threaded: {was.threaded})", threaded),
        (f"have the RSS table of {was.pf} as it was", table),
    ]
