# Copyright (c) 2026 the kernel_bypass.sriov maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection: it can change at any time.
"""Whether a driver runs an XDP program, and what it refuses one for, as clauses. Pure."""

from __future__ import annotations

import typing as t

from . import index

if t.TYPE_CHECKING:
    from ..model.host import Pf
    from ..model.xsk import XdpFacts
    from .driver import Xdp

NATIVE = ("basic", "redirect")  # what a driver must have to run a program that redirects to a socket
ZERO_COPY = (*NATIVE, "xsk-zerocopy")


class Told(t.NamedTuple):
    """Whether something is so, and by what that is known."""

    holds: bool
    words: str


def in_driver(pf: Pf, facts: XdpFacts, needed: tuple[str, ...], name: str) -> Told:
    """Whether the driver has it, by the kernel's word where it has one, by the table of drivers where not.

    :param needed: NATIVE or ZERO_COPY.
    :param name: how the interface is called.
    """
    if facts.features is not None:
        return by_kernel(name, facts.features, needed)
    known = _known(pf)
    found = not_asked(facts.version, pf.device.driver, known, zero_copy=needed == ZERO_COPY)
    if known is None or not facts.out_of_tree:
        return found
    return Told(found.holds, f"{found.words}, but this one is not the kernel's own")


def by_kernel(interface: str, features: frozenset[str], needed: tuple[str, ...]) -> Told:
    """What the kernel lists for an interface."""
    missing = [name for name in needed if name not in features]
    listed = ", ".join(sorted(features)) or "no XDP feature"
    but = f", not {' and '.join(missing)}" if missing and features else ""
    return Told(not missing, f"the kernel lists {listed} for {interface}{but} (netlink family netdev)")


def by_table(version: tuple[int, int], driver: str | None, known: Xdp | None, zero_copy: bool) -> Told:
    """What is known of a driver, where the kernel cannot be asked. Why it cannot stands before that."""
    if known is None:
        return Told(False, f"the table of drivers does not know {driver}")
    since = known.zero_copy if zero_copy else known.native
    what = "AF_XDP zero-copy" if zero_copy else "native XDP"
    has = f"has {what} from kernel.org's {since[0]}.{since[1]} on" if since else f"has no {what}"
    return Told(since is not None and version >= since, f"by the table of drivers {driver} {has} ({known.source})")


def not_asked(version: tuple[int, int], driver: str | None, known: Xdp | None, zero_copy: bool) -> Told:
    """by_table(), of an interface whose features a kernel before 6.3 does not tell."""
    found = by_table(version, driver, known, zero_copy)
    joint = ", and" if known is None else ";"
    return Told(found.holds, f"kernel {'.'.join(map(str, version))} cannot tell{joint} {found.words}")


def refusals(pf: Pf, facts: XdpFacts) -> list[str]:
    """What the driver refuses a program for although it has XDP: no kernel tells, each is EINVAL."""
    known = _known(pf)
    if known is None:
        return []
    driver, netdev = pf.device.driver, pf.device.netdev
    num_tc, mtu = (netdev.num_tc, netdev.mtu) if netdev else (0, 0)
    excludes_vfs = index.driver(driver, pf.device.vendor, pf.device.device).xdp_excludes_vfs
    found = {
        f"while there are VFs, and there {'is 1' if pf.num_vfs == 1 else f'are {pf.num_vfs}'}": (
            pf.num_vfs and excludes_vfs
        ),
        f"with traffic classes, and there are {num_tc}": known.refuses_classes and num_tc > 1,
        "while large-receive-offload is on": known.refuses_lro and facts.lro,
        **dict.fromkeys(_too_many_cpus(pf, facts, known), True),
        f"with an MTU above {known.max_mtu}, and it is {mtu}": known.max_mtu and mtu > known.max_mtu,
    }
    return [f"{driver} refuses XDP {words} ({known.source})" for words, holds in found.items() if holds]


def _too_many_cpus(pf: Pf, facts: XdpFacts, known: Xdp) -> t.Iterator[str]:
    """A limit that later kernels do not have may be gone from this one, if it is a distribution's."""
    for kernels, most in known.max_cpus:
        if kernels.has(facts.version) and pf.online_cpus > most:
            release = f" {kernels} of kernel.org, if no backport has changed it" if kernels.before else ""
            yield f"with more than {most} CPUs{release}, and there are {pf.online_cpus}"


def _known(pf: Pf) -> Xdp | None:
    return index.driver(pf.device.driver, pf.device.vendor, pf.device.device).xdp
